#include <fmt/format.h>

#include "tools/pbfs/objects.h"
#include "tools/pbfs/progress.h"
#include "tools/pbfs/streams.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string from, to, as_of;
};

/// An object as the source of another: front to back, a range a call.
class ObjectSource final : public ByteSource {
 public:
  ObjectSource(Bucket bucket, ObjectId object, ReadOptions options)
      : bucket_(std::move(bucket)), object_(object), options_(options) {}
  Result<size_t> Read(const Context& context, MutableByteSpan out) override {
    PBFS_ASSIGN_OR_RETURN(const int64_t count, bucket_.Read(context, object_, offset_, out, options_));
    offset_ += count;
    return static_cast<size_t>(count);
  }

 private:
  Bucket bucket_;
  const ObjectId object_;
  const ReadOptions options_;
  int64_t offset_ = 0;
};

/// Another bucket has other keys: the bytes are read, and encrypted again.
Result<Written> CopyBytes(Session& session, const Target& from, Target& to, const ObjectStat& object,
                          ReadOptions options) {
  Progress progress("cp", object.size, session.progress_wanted());
  ObjectSource object_source(from.bucket, object.object, options);
  ProgressSource source(object_source, progress);
  return to.bucket.Put(session.context(), to.name, source, {.metadata = object.metadata});
}

Status Copy(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const std::optional<Hlc> as_of, AsOf(arguments.as_of));
  PBFS_RETURN_IF_ERROR(ParseAddress(arguments.to).status());
  PBFS_ASSIGN_OR_RETURN(Target from, OpenTarget(session, arguments.from));
  PBFS_ASSIGN_OR_RETURN(Target to, OpenTarget(session, arguments.to));
  PBFS_ASSIGN_OR_RETURN(const ObjectStat object, FindObject(session, from, as_of));
  const bool by_reference = from.bucket.info().id == to.bucket.info().id;
  PBFS_ASSIGN_OR_RETURN(const Written written,
                        by_reference ? from.bucket.Clone(session.context(), from.name, to.name, {.as_of = as_of})
                                     : CopyBytes(session, from, to, object, {as_of}));
  session.Note(fmt::format("copied {} to {}{}", arguments.from, arguments.to, by_reference ? ": no data moved" : ""));
  session.Report(WrittenJson(arguments.to, written));
  return OkStatus();
}

}  // namespace

void AddCp(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add("cp", "Copy an object; within a bucket no data move",
                               "  pbfs cp disks/vm.img disks/vm-clone.img\n  pbfs cp photos/cat.jpg backups/cat.jpg\n"
                               "  pbfs cp --as-of 1h docs/a docs/a-before");
  command->add_option("from", arguments->from, "BUCKET/NAME")->required();
  command->add_option("to", arguments->to, "BUCKET/NAME")->required();
  command->add_option("--as-of", arguments->as_of, "As it was then (buckets with history)");
  line.Run(command, [arguments](Session& session) { return Copy(session, *arguments); });
}

}  // namespace pbfs::cli
