#include <fmt/format.h>

#include "libs/model/limits.h"
#include "tools/pbfs/objects.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string size, address;
};

Status Truncate(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const int64_t size, ParseSize(arguments.size));
  if (size > kMaxObjectSize) return InvalidArgumentError(fmt::format("the size {} is beyond the limit of 8 TiB", size));
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target));
  PBFS_ASSIGN_OR_RETURN(const Written written, target.bucket.Truncate(session.context(), object.object, size));
  session.Note(fmt::format("{} now has {} bytes", arguments.address, size));
  session.Report(WrittenJson(arguments.address, written));
  return OkStatus();
}

}  // namespace

void AddTruncate(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add("truncate", "Cut an object, or extend it with zeros",
                               "  pbfs truncate --size 0 logs/today\n  pbfs truncate --size 10Gi disks/vm.img");
  command->add_option("--size", arguments->size, "Its size afterwards")->required();
  command->add_option("object", arguments->address, "BUCKET/NAME")->required();
  line.Run(command, [arguments](Session& session) { return Truncate(session, *arguments); });
}

}  // namespace pbfs::cli
