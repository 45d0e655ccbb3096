#include <fmt/format.h>

#include "tools/pbfs/objects.h"
#include "tools/pbfs/streams.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string file, address;
  bool if_absent = false;
};

Status Put(Session& session, const Arguments& arguments) {
  PBFS_RETURN_IF_ERROR(ParseAddress(arguments.address).status());
  PBFS_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(arguments.file));
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  Progress progress("put", file.size(), session.progress_wanted());
  ProgressSource source(file, progress);
  PBFS_ASSIGN_OR_RETURN(const Written written,
                        target.bucket.Put(session.context(), target.name, source,
                                          {.metadata = {}, .if_none_match = arguments.if_absent}));
  session.Note(fmt::format("put {} as {} ({})", FormatSize(source.bytes()), arguments.address,
                           FormatRate(source.bytes(), progress.elapsed())));
  session.Report(WrittenJson(arguments.address, written));
  return OkStatus();
}

}  // namespace

void AddPut(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add("put", "Store a file or stdin as a new object; it appears when all of it is there",
                               "  pbfs put cat.jpg photos/2026/cat.jpg\n  tar -c dir | pbfs put - backups/dir.tar\n"
                               "  pbfs put --if-absent lock.txt jobs/lock");
  command->add_option("file", arguments->file, "A file, or - for stdin")->required();
  command->add_option("object", arguments->address, "BUCKET/NAME")->required();
  command->add_flag("--if-absent", arguments->if_absent, "Only if the name is free");
  line.Run(command, [arguments](Session& session) { return Put(session, *arguments); });
}

}  // namespace pbfs::cli
