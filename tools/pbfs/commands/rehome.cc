#include <fmt/format.h>

#include "tools/pbfs/objects.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string address;
  bool all = false;
};

Status Rehome(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target));
  RehomePolicy policy;
  policy.always_rewrite = arguments.all;
  PBFS_ASSIGN_OR_RETURN(const RehomeReport report, target.bucket.Rehome(session.context(), object.object, policy));
  session.Say(
      fmt::format("{} of {} regions merged, {} written; {} extents went, {} stayed because they were not covered",
                  report.merged, report.regions, FormatSize(report.bytes), report.removed, report.kept));
  session.Report({{"object", arguments.address},
                  {"regions", report.regions},
                  {"merged", report.merged},
                  {"bytes", report.bytes},
                  {"removed", report.removed},
                  {"kept", report.kept}});
  return OkStatus();
}

}  // namespace

void AddRehome(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      line.Add("rehome", "Merge the patches of an object into larger bodies, region by region; writers go on meanwhile",
               "  pbfs rehome disks/vm.img\n  pbfs rehome --all disks/vm.img");
  command->add_option("object", arguments->address, "BUCKET/NAME")->required();
  command->add_flag("--all", arguments->all,
                    "Rewrite every region that has more than one patch, even where it hardly pays");
  line.Run(command, [arguments](Session& session) { return Rehome(session, *arguments); });
}

}  // namespace pbfs::cli
