#include "tools/pbfs/objects.h"
#include "tools/pbfs/streams.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string address, range = "0-", as_of;
};

Status Cat(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const std::optional<Hlc> as_of, AsOf(arguments.as_of));
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target, as_of));
  PBFS_ASSIGN_OR_RETURN(const auto range, ParseRange(arguments.range, object.size));
  PBFS_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Open("-"));
  PBFS_ASSIGN_OR_RETURN(const int64_t bytes, target.bucket.Read(session.context(), object.object, range.first,
                                                                range.second - range.first, file, {as_of}));
  session.Report({{"object", arguments.address},
                  {"begin", range.first},
                  {"end", range.second},
                  {"bytes", bytes},
                  {"damage", ReportDamage(session, arguments.address)}},
                 true);
  return OkStatus();
}

}  // namespace

void AddCat(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add("cat", "Write a range of an object to stdout",
                               "  pbfs cat --range 0-99 logs/today          the first 100 bytes\n"
                               "  pbfs cat --range -1Ki logs/today          the last KiB\n"
                               "  pbfs cat --range 1Gi+4096 disks/vm.img | xxd");
  command->add_option("object", arguments->address, "BUCKET/NAME")->required();
  command->add_option("--range", arguments->range, "FIRST-LAST (both included), FIRST-, -COUNT or START+LENGTH")
      ->capture_default_str();
  command->add_option("--as-of", arguments->as_of, "As it was then (buckets with history)");
  line.Run(command, [arguments](Session& session) { return Cat(session, *arguments); });
}

}  // namespace pbfs::cli
