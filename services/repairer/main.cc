#include "libs/runtime/coordinator.h"
#include "libs/runtime/program.h"
#include "services/repairer/repairer_parts.h"

namespace pbfs::repairer {
namespace {

Status Run(const ProgramArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const RepairerSettings settings, LoadRepairerSettings(arguments.config));
  PBFS_ASSIGN_OR_RETURN(const TransportSecurity security, TransportSecurity::MutualTls(settings.tls));
  return arguments.check_config ? Coordinator::Open(settings.leases).status() : RunRepairs(settings, security);
}

}  // namespace
}  // namespace pbfs::repairer

int main(int argc, char** argv) { return pbfs::RunProgram(argc, argv, "pbfs-repairer", {}, pbfs::repairer::Run); }
