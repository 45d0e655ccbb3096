#include <fmt/format.h>

#include "libs/model/limits.h"
#include "tools/pbfs/objects.h"
#include "tools/pbfs/streams.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string address, file = "-", as_of;
};

Status Get(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const std::optional<Hlc> as_of, AsOf(arguments.as_of));
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target, as_of));
  PBFS_ASSIGN_OR_RETURN(OutputFile file, OutputFile::Open(arguments.file));
  Progress progress("get", object.size, session.progress_wanted());
  ProgressSink sink(file, progress);
  PBFS_RETURN_IF_ERROR(target.bucket.Read(session.context(), object.object, 0, kMaxObjectSize, sink, {as_of}).status());
  PBFS_RETURN_IF_ERROR(file.Finish());
  session.Note(fmt::format("got {} ({})", FormatSize(sink.bytes()), FormatRate(sink.bytes(), progress.elapsed())));
  session.Report({{"object", arguments.address},
                  {"object_id", object.object.ToString()},
                  {"bytes", sink.bytes()},
                  {"seconds", Seconds(progress.elapsed())},
                  {"damage", ReportDamage(session, arguments.address)}},
                 arguments.file == "-");
  return OkStatus();
}

}  // namespace

void AddGet(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      line.Add("get", "Read an object whole into a file or stdout; the file appears when all of it is there",
               "  pbfs get photos/cat.jpg cat.jpg\n  pbfs get backups/dir.tar - | tar -x\n"
               "  pbfs get --as-of 2h logs/today yesterday.log");
  command->add_option("object", arguments->address, "BUCKET/NAME")->required();
  command->add_option("file", arguments->file, "A file, or - for stdout")->capture_default_str();
  command->add_option("--as-of", arguments->as_of,
                      "As it was then (buckets with history): 2026-01-31T12:00:00Z, @SECONDS, or 2h ago");
  line.Run(command, [arguments](Session& session) { return Get(session, *arguments); });
}

}  // namespace pbfs::cli
