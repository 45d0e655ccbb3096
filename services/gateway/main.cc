#include "libs/runtime/program.h"
#include "services/gateway/gateway_parts.h"

namespace pbfs::gateway {
namespace {

Status Run(const ProgramArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const GatewaySettings settings, LoadGatewaySettings(arguments.config));
  return arguments.check_config ? OkStatus() : ServeS3(settings, arguments.config);
}

}  // namespace
}  // namespace pbfs::gateway

int main(int argc, char** argv) { return pbfs::RunProgram(argc, argv, "pbfs-gateway", {}, pbfs::gateway::Run); }
