#include "tools/pbfs/plugin/kubectl.h"

#include <array>
#include <utility>

#include "tools/local/files.h"
#include "tools/local/process.h"

namespace pbfs::plugin {
namespace {

std::string ResourceOf(const kube::Kind& kind) {
  return std::string(kind.plural) + (kind.group.empty() ? "" : "." + std::string(kind.group));
}

}  // namespace

Status StatusOfKubectl(const std::string& error) {
  static const std::array<std::pair<std::string_view, StatusCode>, 10> known{{
      {"(NotFound)", StatusCode::kNotFound},
      {"(Forbidden)", StatusCode::kPermissionDenied},
      {"(Unauthorized)", StatusCode::kUnauthenticated},
      {"must be logged in", StatusCode::kUnauthenticated},
      {"(Conflict)", StatusCode::kAborted},
      {"(Invalid)", StatusCode::kInvalidArgument},
      {"is invalid:", StatusCode::kInvalidArgument},
      {"the server doesn't have a resource type", StatusCode::kUnimplemented},
      {"Unable to connect", StatusCode::kUnavailable},
      {"connection to the server", StatusCode::kUnavailable},
  }};
  const std::string message = error.substr(0, error.find_last_not_of('\n') + 1);
  for (const auto& [text, code] : known)
    if (message.find(text) != std::string::npos) return Status(code, message);
  return InternalError(message);
}

Result<std::string> Kubectl::Run(const Context& context, std::vector<std::string> arguments) {
  std::string program = options_.program;
  if (program.find('/') == std::string::npos) {
    PBFS_ASSIGN_OR_RETURN(program, local::FindProgram(program));
  }
  std::vector<std::string> argv = {program};
  if (!options_.kubeconfig.empty()) argv.push_back("--kubeconfig=" + options_.kubeconfig);
  if (!options_.context.empty()) argv.push_back("--context=" + options_.context);
  if (!options_.space.empty()) argv.push_back("--namespace=" + options_.space);
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  PBFS_ASSIGN_OR_RETURN(local::ProgramOutcome outcome, local::RunToEnd(context, {.argv = std::move(argv)}));
  if (outcome.exit_code != 0) return StatusOfKubectl(outcome.error);
  return std::move(outcome.output);
}

Result<Json> Kubectl::Get(const Context& context, const kube::Kind& kind, const std::string& name) {
  PBFS_ASSIGN_OR_RETURN(const std::string text, Run(context, {"get", ResourceOf(kind), "--output=json", "--", name}));
  return kube::ParseJson(text);
}

Result<std::vector<Json>> Kubectl::List(const Context& context, const kube::Kind& kind, const std::string& labels) {
  std::vector<std::string> arguments = {"get", ResourceOf(kind), "--output=json"};
  if (!labels.empty()) arguments.push_back("--selector=" + labels);
  if (options_.all_spaces) arguments.push_back("--all-namespaces");
  PBFS_ASSIGN_OR_RETURN(const std::string text, Run(context, std::move(arguments)));
  PBFS_ASSIGN_OR_RETURN(const Json list, kube::ParseJson(text));
  const Json& items = kube::Member(list, "items");
  return items.is_array() ? items.get<std::vector<Json>>() : std::vector<Json>();
}

Status Kubectl::Patch(const Context& context, const kube::Kind& kind, const std::string& name, const Json& patch) {
  PBFS_ASSIGN_OR_RETURN(const std::string text, kube::DumpJson(patch));
  return Run(context, {"patch", ResourceOf(kind), "--type=merge", "--patch=" + text, "--", name}).status();
}

}  // namespace pbfs::plugin
