#include <fmt/format.h>

#include "tools/pbfs/objects.h"
#include "tools/pbfs/progress.h"
#include "tools/pbfs/rehome_sweep.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string address;
  bool all = false;
  bool prefix = false;
  int parallel = 2;
};

Json ReportOf(const SweepReport& report) {
  return {{"objects", report.objects},  {"regions", report.done.regions}, {"merged", report.done.merged},
          {"bytes", report.done.bytes}, {"removed", report.done.removed}, {"kept", report.done.kept},
          {"damaged", report.damaged}};
}

Status Tell(Session& session, const SweepReport& report, Json json) {
  session.Say(
      fmt::format("{} regions of {} objects looked at, {} merges, {} written; {} extents went, {} stayed because they "
                  "were not covered",
                  report.done.regions, report.objects, report.done.merged, FormatSize(report.done.bytes),
                  report.done.removed, report.done.kept));
  for (const std::string& damaged : report.damaged) session.Say("damaged  " + damaged);
  json.update(ReportOf(report));
  session.Report(json);
  if (report.damaged.empty()) return OkStatus();
  return DataLossError(fmt::format("{} objects cannot be read whole; the others are done", report.damaged.size()));
}

RehomePolicy PolicyOf(const Arguments& arguments) {
  RehomePolicy policy;
  policy.always_rewrite = arguments.all;
  return policy;
}

Status RehomeObject(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target));
  Progress progress("rehome", object.size, session.progress_wanted());
  RehomeSweep sweep(target.bucket, PolicyOf(arguments), arguments.parallel,
                    [&](int64_t bytes) { progress.Update(bytes); });
  PBFS_ASSIGN_OR_RETURN(const SweepReport report, sweep.RunObject(session.context(), target.name, object));
  return Tell(session, report, {{"object", arguments.address}});
}

Status RehomePrefix(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(Target target, OpenPrefix(session, arguments.address));
  int64_t size = -1;
  if (session.progress_wanted() && Progress::IsTerminal()) {
    RehomeSweep counting(target.bucket, {}, 1, {});
    PBFS_ASSIGN_OR_RETURN(size, counting.SizeOf(session.context(), target.name));
  }
  Progress progress("rehome", size, session.progress_wanted());
  RehomeSweep sweep(target.bucket, PolicyOf(arguments), arguments.parallel,
                    [&](int64_t bytes) { progress.Update(bytes); });
  PBFS_ASSIGN_OR_RETURN(const SweepReport report, sweep.RunPrefix(session.context(), target.name));
  return Tell(session, report, {{"bucket", target.bucket.info().settings.name}, {"prefix", target.name}});
}

Status Rehome(Session& session, const Arguments& arguments) {
  const size_t slash = arguments.address.find('/');
  const bool whole_bucket = slash == std::string::npos || slash + 1 == arguments.address.size();
  return arguments.prefix || whole_bucket ? RehomePrefix(session, arguments) : RehomeObject(session, arguments);
}

}  // namespace

void AddRehome(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add(
      "rehome",
      "Merge the patches of an object, or of all objects of a bucket, into larger bodies where it pays; writers go on "
      "meanwhile. After an interruption just run it again",
      "  pbfs rehome disks/vm.img\n  pbfs rehome disks\n  pbfs rehome --prefix disks/2026/ --parallel 4 --json\n  pbfs "
      "rehome --all disks/vm.img");
  command->add_option("what", arguments->address, "BUCKET/NAME, or BUCKET for all of it")->required();
  command->add_flag("--prefix", arguments->prefix, "BUCKET/PREFIX: every object whose name begins so");
  command->add_flag("--all", arguments->all,
                    "Rewrite every region that has more than one patch, even where it hardly pays");
  command
      ->add_option("--parallel", arguments->parallel, "Regions (64 MiB) at a time; each needs up to 96 MiB of memory")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  line.Run(command, [arguments](Session& session) { return Rehome(session, *arguments); });
}

}  // namespace pbfs::cli
