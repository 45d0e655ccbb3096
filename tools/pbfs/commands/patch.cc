#include <fmt/format.h>

#include "libs/model/limits.h"
#include "tools/pbfs/objects.h"
#include "tools/pbfs/streams.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string file, address, offset, if_version;
};

Result<WriteOptions> OptionsOf(const Arguments& arguments) {
  WriteOptions options;
  if (arguments.if_version.empty()) return options;
  const Result<Bytes> version = FromHex(arguments.if_version);
  if (!version.ok() || version->size() != 16)
    return InvalidArgumentError("--if-version takes the 32 digits that pbfs stat prints");
  options.if_opset.emplace();
  std::copy(version->begin(), version->end(), options.if_opset->begin());
  return options;
}

/// The library refuses an empty write only after all is set up; a stream does not know that it is empty.
class NotEmpty final : public ByteSource {
 public:
  explicit NotEmpty(ByteSource& inner) : inner_(inner) {}
  Result<size_t> Read(const Context& context, MutableByteSpan out) override {
    PBFS_ASSIGN_OR_RETURN(const size_t count, inner_.Read(context, out));
    if (count == 0 && !out.empty() && !any_)
      return InvalidArgumentError("there is nothing to write: the input is empty");
    any_ = any_ || count > 0;
    return count;
  }

 private:
  ByteSource& inner_;
  bool any_ = false;
};

Status Patch(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const int64_t offset, ParseSize(arguments.offset));
  if (offset >= kMaxObjectSize)
    return InvalidArgumentError(fmt::format("the offset {} is beyond the limit of 8 TiB", offset));
  PBFS_ASSIGN_OR_RETURN(const WriteOptions options, OptionsOf(arguments));
  PBFS_RETURN_IF_ERROR(ParseAddress(arguments.address).status());
  PBFS_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(arguments.file));
  PBFS_ASSIGN_OR_RETURN(Target target, OpenTarget(session, arguments.address));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, target));
  Progress progress("patch", file.size(), session.progress_wanted());
  ProgressSource counted(file, progress);
  NotEmpty source(counted);
  PBFS_ASSIGN_OR_RETURN(const Written written,
                        target.bucket.Write(session.context(), object.object, offset, source, options));
  session.Note(fmt::format("patched {} at {} of {}", FormatSize(written.hi - written.lo), offset, arguments.address));
  session.Report(WrittenJson(arguments.address, written));
  return OkStatus();
}

}  // namespace

void AddPatch(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add("patch", "Write a file or stdin over the bytes at any offset of an object",
                               "  printf new | pbfs patch --offset 1000 - photos/cat.jpg\n"
                               "  pbfs patch --offset 4Gi block.bin disks/vm.img\n"
                               "  pbfs patch --offset 0 --if-version $(pbfs stat --json a/b | jq -r .version) f a/b");
  command->add_option("--offset", arguments->offset, "Where the first byte goes; beyond the end leaves zeros between")
      ->required();
  command->add_option("file", arguments->file, "A file, or - for stdin; not empty")->required();
  command->add_option("object", arguments->address, "BUCKET/NAME, which exists")->required();
  command->add_option("--if-version", arguments->if_version, "Only if the object is still this version (pbfs stat)");
  line.Run(command, [arguments](Session& session) { return Patch(session, *arguments); });
}

}  // namespace pbfs::cli
