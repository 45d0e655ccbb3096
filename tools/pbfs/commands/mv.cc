#include <fmt/format.h>

#include "tools/pbfs/objects.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string from, to;
};

Status Move(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const Address from, ParseAddress(arguments.from));
  PBFS_ASSIGN_OR_RETURN(const Address to, ParseAddress(arguments.to));
  if (from.bucket != to.bucket)
    return InvalidArgumentError(
        fmt::format("mv stays within a bucket; use pbfs cp {0} {1} && pbfs rm {0}", arguments.from, arguments.to));
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.from));
  PBFS_RETURN_IF_ERROR(FindObject(session, target).status());
  PBFS_ASSIGN_OR_RETURN(const Order order, target.bucket.Rename(session.context(), from.name, to.name));
  session.Note(fmt::format("moved {} to {}", arguments.from, arguments.to));
  session.Report({{"from", arguments.from}, {"to", arguments.to}, {"order", OrderJson(order)}});
  return OkStatus();
}

}  // namespace

void AddMv(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      line.Add("mv", "Rename an object within its bucket, in one step", "  pbfs mv photos/cat.jpg photos/2026/cat.jpg");
  command->add_option("from", arguments->from, "BUCKET/NAME")->required();
  command->add_option("to", arguments->to, "BUCKET/NAME")->required();
  line.Run(command, [arguments](Session& session) { return Move(session, *arguments); });
}

}  // namespace pbfs::cli
