// pbfs-bench-server: the servers that only a benchmark runs. `do-nothing` is a store of the references R2; the product's own
// store and catalog serve here without TLS, which no configuration of theirs allows. Configurations are those of the product.
#include "bench/do_nothing_store.h"
#include "libs/adapters/grpc/fragment_servant.h"
#include "libs/runtime/program.h"
#include "services/catalog/catalog_parts.h"
#include "services/fragment-store/store_parts.h"

namespace pbfs::bench {
namespace {

Status ServeDoNothing(const FragmentStoreSettings& settings, const TransportSecurity& security) {
  Metrics metrics;  // counted like the product's calls
  DoNothingStore store(settings.data_directory);
  FragmentServant servant(store, {static_cast<size_t>(settings.threads), settings.request_memory_bytes, &metrics});
  PBFS_ASSIGN_OR_RETURN(const auto server, GrpcServer::Start(settings.listen, security, {&servant}));
  return ServeUntilSignal(*server, settings.listen, settings.drain);
}

Status RunCatalogInClear(const std::string& config) {
  PBFS_ASSIGN_OR_RETURN(const CatalogSettings settings, LoadCatalogSettings(config));
  PBFS_ASSIGN_OR_RETURN(const PostgresOptions postgres, catalog::PostgresOptionsOf(settings));
  PBFS_ASSIGN_OR_RETURN(const auto key, catalog::SiteKey::Open(settings));
  return catalog::Serve(settings, postgres, *key, TransportSecurity::Insecure());
}

Status Run(const ProgramArguments& arguments) {
  if (arguments.command == "catalog-in-clear") return RunCatalogInClear(arguments.config);
  PBFS_ASSIGN_OR_RETURN(const FragmentStoreSettings settings, LoadFragmentStoreSettings(arguments.config));
  if (arguments.command == "do-nothing-in-clear") return ServeDoNothing(settings, TransportSecurity::Insecure());
  if (arguments.command == "do-nothing") {
    PBFS_ASSIGN_OR_RETURN(const TransportSecurity security, TransportSecurity::MutualTls(settings.tls));
    return ServeDoNothing(settings, security);
  }
  return fragment_store::Serve(settings, TransportSecurity::Insecure());
}

}  // namespace
}  // namespace pbfs::bench

int main(int argc, char** argv) {
  return pbfs::RunProgram(argc, argv, "pbfs-bench-server",
                          {"do-nothing", "do-nothing-in-clear", "store-in-clear", "catalog-in-clear"},
                          pbfs::bench::Run);
}
