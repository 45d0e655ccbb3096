#include "libs/adapters/grpc/catalog_servant.h"
#include "libs/runtime/program.h"
#include "services/catalog/catalog_parts.h"
#include "services/catalog/floors.h"

namespace pbfs::catalog {
namespace {

Status Run(const ProgramArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const CatalogSettings settings, LoadCatalogSettings(arguments.config));
  PBFS_ASSIGN_OR_RETURN(const PostgresOptions postgres, PostgresOptionsOf(settings));
  PBFS_ASSIGN_OR_RETURN(const auto key, SiteKey::Open(settings));
  PBFS_ASSIGN_OR_RETURN(const TransportSecurity security, TransportSecurity::MutualTls(settings.tls));
  if (arguments.check_config) return OkStatus();
  if (arguments.command == "migrate") return MigrateSchema(settings);
  Metrics metrics;
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-catalog", settings, metrics));
  SystemClock clock;
  SystemRandom random;
  PostgresCatalog catalog(postgres);
  TokenIssuer tokens(catalog, clock, random, key->IssuerOptions(settings));
  CatalogServant servant(
      catalog.ports(), tokens,
      {static_cast<size_t>(settings.commit_threads), static_cast<size_t>(settings.read_threads), 4096, &metrics});
  PBFS_ASSIGN_OR_RETURN(const auto server, GrpcServer::Start(settings.listen, security, {&servant}));
  PBFS_ASSIGN_OR_RETURN(const auto membership, EtcdMembership::Begin(settings, catalog));
  Floors floors(catalog);
  return ServeUntilSignal(*server, settings.listen, settings.drain);
}

}  // namespace
}  // namespace pbfs::catalog

int main(int argc, char** argv) {
  return pbfs::RunProgram(argc, argv, "pbfs-catalog", {"serve", "migrate"}, pbfs::catalog::Run);
}
