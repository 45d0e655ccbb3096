#include "libs/adapters/disk/posix_file_system.h"
#include "libs/adapters/grpc/fragment_servant.h"
#include "libs/runtime/program.h"
#include "services/fragment-store/store_parts.h"

namespace pbfs::fragment_store {
namespace {

Status Run(const ProgramArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const FragmentStoreSettings settings, LoadFragmentStoreSettings(arguments.config));
  PBFS_ASSIGN_OR_RETURN(const StoreIdentity identity, IdentityOf(settings));
  PBFS_ASSIGN_OR_RETURN(const TransportSecurity security, TransportSecurity::MutualTls(settings.tls));
  if (arguments.check_config) return OkStatus();
  Metrics metrics;
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-fragment-store", settings, metrics));
  SystemClock clock;
  SystemRandom random;
  PBFS_ASSIGN_OR_RETURN(std::shared_ptr<disk::FileSystem> files, disk::OpenPosixFileSystem(settings.data_directory));
  PBFS_ASSIGN_OR_RETURN(const auto volumes, disk::DiskVolumes::Open(files, DiskOptionsOf(settings), clock, random));
  FragmentService service(identity, *volumes, clock, LimitsOf(settings));
  FragmentServant servant(service, {static_cast<size_t>(settings.threads), settings.request_memory_bytes, &metrics});
  PBFS_ASSIGN_OR_RETURN(const auto server, GrpcServer::Start(settings.listen, security, {&servant}));
  PBFS_ASSIGN_OR_RETURN(const auto presence, Presence::Begin(settings, server->port(), random));
  return ServeUntilSignal(*server, settings.listen, settings.drain);
}

}  // namespace
}  // namespace pbfs::fragment_store

int main(int argc, char** argv) {
  return pbfs::RunProgram(argc, argv, "pbfs-fragment-store", {}, pbfs::fragment_store::Run);
}
