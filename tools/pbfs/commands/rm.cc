#include "tools/pbfs/objects.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::vector<std::string> addresses;
};

Status RemoveOne(Session& session, const std::string& address) {
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, address));
  PBFS_RETURN_IF_ERROR(FindObject(session, target).status());
  PBFS_RETURN_IF_ERROR(target.bucket.Unbind(session.context(), target.name).status());
  session.Note("removed " + address);
  return OkStatus();
}

Status Remove(Session& session, const Arguments& arguments) {
  for (const std::string& address : arguments.addresses) PBFS_RETURN_IF_ERROR(ParseAddress(address).status());
  for (const std::string& address : arguments.addresses) PBFS_RETURN_IF_ERROR(RemoveOne(session, address));
  session.Report({{"removed", arguments.addresses}});
  return OkStatus();
}

}  // namespace

void AddRm(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add("rm", "Remove objects' names; an object goes when nothing names it any more",
                               "  pbfs rm photos/cat.jpg\n  pbfs rm logs/a logs/b");
  command->add_option("object", arguments->addresses, "BUCKET/NAME")->required();
  line.Run(command, [arguments](Session& session) { return Remove(session, *arguments); });
}

}  // namespace pbfs::cli
