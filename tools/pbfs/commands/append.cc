#include <fmt/format.h>

#include "tools/pbfs/objects.h"
#include "tools/pbfs/streams.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string file, address;
};

Status Append(Session& session, const Arguments& arguments) {
  PBFS_RETURN_IF_ERROR(ParseAddress(arguments.address).status());
  PBFS_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(arguments.file));
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target));
  Progress progress("append", file.size(), session.progress_wanted());
  ProgressSource source(file, progress);
  PBFS_ASSIGN_OR_RETURN(const Written written, target.bucket.Append(session.context(), object.object, source));
  session.Note(fmt::format("appended {} to {} at {}", FormatSize(source.bytes()), arguments.address, written.lo));
  session.Report(WrittenJson(arguments.address, written));
  return OkStatus();
}

}  // namespace

void AddAppend(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      line.Add("append", "Add a file or stdin at the end of an object; what exceeds 64 MiB in several steps",
               "  date | pbfs append - logs/today\n  pbfs append more.log logs/today");
  command->add_option("file", arguments->file, "A file, or - for stdin; not empty")->required();
  command->add_option("object", arguments->address, "BUCKET/NAME, which exists")->required();
  line.Run(command, [arguments](Session& session) { return Append(session, *arguments); });
}

}  // namespace pbfs::cli
