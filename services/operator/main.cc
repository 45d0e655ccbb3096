#include "libs/runtime/program.h"
#include "services/operator/operator_parts.h"

namespace pbfs::operators {
namespace {

Status Run(const ProgramArguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const OperatorSettings settings, LoadOperatorSettings(arguments.config));
  return arguments.check_config ? OkStatus() : Operate(settings);
}

}  // namespace
}  // namespace pbfs::operators

int main(int argc, char** argv) { return pbfs::RunProgram(argc, argv, "pbfs-operator", {}, pbfs::operators::Run); }
