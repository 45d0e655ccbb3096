#include "libs/runtime/program.h"
#include "services/fragment-store/store_parts.h"

namespace pbfs::fragment_store {
namespace {

Status Run(const ProgramArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const FragmentStoreSettings settings, LoadFragmentStoreSettings(arguments.config));
  PBFS_RETURN_IF_ERROR(CheckKeys(settings));
  PBFS_ASSIGN_OR_RETURN(const TransportSecurity security, TransportSecurity::MutualTls(settings.tls));
  return arguments.check_config ? Coordinator::Open(settings.leases).status() : Serve(settings, security);
}

}  // namespace
}  // namespace pbfs::fragment_store

int main(int argc, char** argv) {
  return pbfs::RunProgram(argc, argv, "pbfs-fragment-store", {}, pbfs::fragment_store::Run);
}
