#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "libs/base/sync.h"
#include "tools/pbfs/job/edits.h"
#include "tools/pbfs/objects.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

struct Arguments {
  std::string bucket, size = "16MiB", patch_size = "64KiB";
  int count = 16, patches = 200, parallel = 4;
};

/// Latencies of one kind of operation.
struct Row {
  std::string name;
  int64_t bytes = 0;
  Duration time{};
  std::vector<Duration> latencies;  // sorted

  Duration At(double share) const {
    if (latencies.empty()) return {};
    return latencies[std::min(latencies.size() - 1,
                              static_cast<size_t>(share * static_cast<double>(latencies.size())))];
  }
};

/// Runs `operation(0)` ... `operation(count - 1)` on `parallel` threads and times each. The first error ends it.
Result<Row> Measure(const std::string& name, int count, int parallel, int64_t bytes_each,
                    const std::function<Status(int)>& operation) {
  Mutex mutex;
  Status first_error;
  Row row{name, bytes_each * count, {}, {}};
  std::atomic<int> next{0};
  const MonotonicTime begin = MonotonicNow();
  const auto work = [&] {
    for (int i = next++; i < count; i = next++) {
      const MonotonicTime start = MonotonicNow();
      const Status status = operation(i);
      MutexLock lock(mutex);
      row.latencies.push_back(MonotonicNow() - start);
      if (!status.ok() && first_error.ok()) first_error = status;
      if (!first_error.ok()) return;
    }
  };
  {
    std::vector<Thread> threads;
    for (int i = 0; i < parallel; ++i) threads.emplace_back("bench", work);
  }
  row.time = MonotonicNow() - begin;
  if (!first_error.ok()) return first_error.Annotate(name);
  std::sort(row.latencies.begin(), row.latencies.end());
  return row;
}

Json RowJson(const Row& row) {
  const double seconds = std::max(Seconds(row.time), 1e-9);
  return {{"operations", row.latencies.size()},
          {"bytes", row.bytes},
          {"seconds", seconds},
          {"operations_per_second", static_cast<double>(row.latencies.size()) / seconds},
          {"bytes_per_second", static_cast<double>(row.bytes) / seconds},
          {"p50_ms", Seconds(row.At(0.5)) * 1e3},
          {"p99_ms", Seconds(row.At(0.99)) * 1e3}};
}

void SayRow(const Session& session, const Row& row) {
  session.Say(fmt::format("{:<6} {:>6} ops  {:>9.1f}/s  {:>12}  p50 {:>9}  p99 {:>9}", row.name, row.latencies.size(),
                          static_cast<double>(row.latencies.size()) / std::max(Seconds(row.time), 1e-9),
                          FormatRate(row.bytes, row.time), FormatLatency(row.At(0.5)), FormatLatency(row.At(0.99))));
}

class DiscardSink final : public ByteSink {
 public:
  Status Write(const Context&, ByteSpan) override { return OkStatus(); }
};

/// The three loads, on objects of their own.
class Bench {
 public:
  Bench(Session& session, const Arguments& arguments, Bucket bucket, int64_t size, int64_t patch_size)
      : session_(session),
        arguments_(arguments),
        bucket_(std::move(bucket)),
        patch_size_(patch_size),
        content_(static_cast<size_t>(size)) {
    FillContent(1, content_);
    prefix_ = fmt::format("pbfs-bench-{}/", MonotonicNow().time_since_epoch().count());
  }

  Result<std::vector<Row>> Run() {
    std::vector<Row> rows;
    objects_.resize(static_cast<size_t>(arguments_.count));
    const int64_t size = static_cast<int64_t>(content_.size());
    PBFS_ASSIGN_OR_RETURN(
        Row put, Measure("put", arguments_.count, arguments_.parallel, size, [this](int i) { return Put(i); }));
    rows.push_back(std::move(put));
    PBFS_ASSIGN_OR_RETURN(
        Row get, Measure("get", arguments_.count, arguments_.parallel, size, [this](int i) { return Get(i); }));
    rows.push_back(std::move(get));
    PBFS_ASSIGN_OR_RETURN(Row patch, Measure("patch", arguments_.patches, arguments_.parallel, patch_size_,
                                             [this](int i) { return Patch(i); }));
    rows.push_back(std::move(patch));
    return rows;
  }

  Status CleanUp() {
    for (int i = 0; i < arguments_.count; ++i)
      PBFS_RETURN_IF_ERROR(bucket_.Unbind(session_.context(), Name(i)).status());
    return OkStatus();
  }

 private:
  std::string Name(int i) const { return prefix_ + std::to_string(i); }

  Status Put(int i) {
    PBFS_ASSIGN_OR_RETURN(const Written written, bucket_.Put(session_.context(), Name(i), ByteSpan(content_)));
    objects_[static_cast<size_t>(i)] = written.object;
    return OkStatus();
  }
  Status Get(int i) {
    DiscardSink sink;
    return bucket_
        .Read(session_.context(), objects_[static_cast<size_t>(i)], 0, static_cast<int64_t>(content_.size()), sink)
        .status();
  }
  Status Patch(int i) {
    uint64_t seed = static_cast<uint64_t>(i) + 1;
    Bytes patch(static_cast<size_t>(patch_size_));
    FillContent(seed, patch);
    SeededRandom random(seed);
    const auto room = static_cast<uint64_t>(static_cast<int64_t>(content_.size()) - patch_size_ + 1);
    const ObjectId object = objects_[static_cast<size_t>(i) % objects_.size()];
    return bucket_.Write(session_.context(), object, static_cast<int64_t>(random.Below(room)), ByteSpan(patch))
        .status();
  }

  Session& session_;
  const Arguments& arguments_;
  Bucket bucket_;
  const int64_t patch_size_;
  Bytes content_;
  std::string prefix_;
  std::vector<ObjectId> objects_;
};

Status Run(Session& session, const Arguments& arguments) {
  PBFS_ASSIGN_OR_RETURN(const int64_t size, ParseSize(arguments.size));
  PBFS_ASSIGN_OR_RETURN(const int64_t patch_size, ParseSize(arguments.patch_size));
  if (size < 1 || size > (int64_t{1} << 30)) return InvalidArgumentError("--size must be 1 B to 1 GiB");
  if (patch_size < 1 || patch_size > std::min<int64_t>(size, int64_t{64} << 20))
    return InvalidArgumentError("--patch-size must be 1 B to 64 MiB, and at most --size");
  PBFS_ASSIGN_OR_RETURN(Target target, OpenPrefix(session, arguments.bucket));
  Bench bench(session, arguments, std::move(target.bucket), size, patch_size);
  PBFS_ASSIGN_OR_RETURN(const std::vector<Row> rows, bench.Run());
  Json json;
  for (const Row& row : rows) {
    SayRow(session, row);
    json[row.name] = RowJson(row);
  }
  session.Report(json);
  return bench.CleanUp();
}

}  // namespace

void AddBench(CommandLine& line) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = line.Add(
      "bench", "A simple load on a bucket: puts, gets and patches, with rates and latencies",
      "  pbfs bench demo\n  pbfs bench demo --size 64MiB --count 8 --patch-size 4KiB --patches 1000 --parallel 16");
  command->add_option("bucket", arguments->bucket, "BUCKET; the objects are removed at the end")->required();
  command->add_option("--size", arguments->size, "Of each object")->capture_default_str();
  command->add_option("--count", arguments->count, "Objects")->check(CLI::Range(1, 100000))->capture_default_str();
  command->add_option("--patch-size", arguments->patch_size, "Of each patch")->capture_default_str();
  command->add_option("--patches", arguments->patches, "Patches")
      ->check(CLI::Range(1, 10000000))
      ->capture_default_str();
  command->add_option("--parallel", arguments->parallel, "Operations at a time")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  line.Run(command, [arguments](Session& session) { return Run(session, *arguments); });
}

}  // namespace pbfs::cli
