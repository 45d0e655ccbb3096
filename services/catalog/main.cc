#include "libs/runtime/program.h"
#include "services/catalog/catalog_parts.h"

namespace pbfs::catalog {
namespace {

Status Run(const ProgramArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const CatalogSettings settings, LoadCatalogSettings(arguments.config));
  PBFS_ASSIGN_OR_RETURN(const PostgresOptions postgres, PostgresOptionsOf(settings));
  PBFS_ASSIGN_OR_RETURN(const auto key, SiteKey::Open(settings));
  PBFS_ASSIGN_OR_RETURN(const TransportSecurity security, TransportSecurity::MutualTls(settings.tls));
  if (arguments.check_config) return Coordinator::Open(settings.leases).status();
  if (arguments.command == "migrate") return MigrateSchema(settings);
  if (arguments.command == "thaw") return ThawTimeline(postgres);
  if (arguments.command == "restored") return FenceRestoredCatalog(settings);
  return Serve(settings, postgres, *key, security);
}

}  // namespace
}  // namespace pbfs::catalog

int main(int argc, char** argv) {
  return pbfs::RunProgram(argc, argv, "pbfs-catalog", {"serve", "migrate", "thaw", "restored"}, pbfs::catalog::Run);
}
