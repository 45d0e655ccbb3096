#include "libs/runtime/coordinator.h"
#include "libs/runtime/program.h"
#include "services/garbage-collector/collector_parts.h"

namespace pbfs::collector {
namespace {

Status Run(const ProgramArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const GarbageCollectorSettings settings, LoadGarbageCollectorSettings(arguments.config));
  PBFS_ASSIGN_OR_RETURN(const TransportSecurity security, TransportSecurity::MutualTls(settings.tls));
  return arguments.check_config ? Coordinator::Open(settings.leases).status() : Collect(settings, security);
}

}  // namespace
}  // namespace pbfs::collector

int main(int argc, char** argv) {
  return pbfs::RunProgram(argc, argv, "pbfs-garbage-collector", {}, pbfs::collector::Run);
}
