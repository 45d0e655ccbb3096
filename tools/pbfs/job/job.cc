#include "tools/pbfs/job/job.h"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

#include "libs/base/sync.h"
#include "libs/model/limits.h"
#include "libs/model/op_kind.h"
#include "tools/pbfs/object_map.h"
#include "tools/pbfs/units.h"

namespace pbfs::cli {
namespace {

constexpr int kTries = 20;
constexpr Duration kRetryPause = std::chrono::milliseconds(250);
constexpr int kMapWidth = 64, kMapLines = 16;

/// Passes the source on and keeps a copy in the reference file.
class Tee final : public ByteSource {
 public:
  Tee(ByteSource& source, ReferenceFile& copy, const JobHooks& hooks, int64_t total)
      : source_(source), copy_(copy), hooks_(hooks), total_(total) {}
  Result<size_t> Read(const Context& context, MutableByteSpan out) override {
    PBFS_ASSIGN_OR_RETURN(const size_t count, source_.Read(context, out));
    PBFS_RETURN_IF_ERROR(copy_.Append(out.first(count)));
    if (hooks_.progress) hooks_.progress("put", copy_.size(), total_);
    return count;
  }

 private:
  ByteSource& source_;
  ReferenceFile& copy_;
  const JobHooks& hooks_;
  const int64_t total_;
};

/// Compares what is read with the reference file, and makes the SHA-256 of both.
class Comparison final : public ByteSink {
 public:
  Comparison(const ReferenceFile& reference, const JobHooks& hooks) : reference_(reference), hooks_(hooks) {}
  Status Write(const Context&, ByteSpan bytes) override {
    object_sha_.Add(bytes);
    const int64_t known = std::clamp<int64_t>(reference_.size() - at_, 0, static_cast<int64_t>(bytes.size()));
    expected_.resize(static_cast<size_t>(known));
    PBFS_RETURN_IF_ERROR(reference_.Read(at_, expected_));
    reference_sha_.Add(expected_);
    const auto differs = std::mismatch(expected_.begin(), expected_.end(), bytes.begin()).first - expected_.begin();
    if (first_difference_ < 0 && differs < static_cast<int64_t>(bytes.size())) first_difference_ = at_ + differs;
    at_ += static_cast<int64_t>(bytes.size());
    if (hooks_.progress) hooks_.progress("read", at_, reference_.size());
    return OkStatus();
  }
  void Finish(JobReport& report) {
    if (first_difference_ < 0 && at_ != reference_.size()) first_difference_ = at_;  // it is short
    report.first_difference = first_difference_;
    report.sha256_object = object_sha_.Finish();
    report.sha256_reference = reference_sha_.Finish();
  }

 private:
  const ReferenceFile& reference_;
  const JobHooks& hooks_;
  Sha256 object_sha_, reference_sha_;
  Bytes expected_;
  int64_t at_ = 0, first_difference_ = -1;
};

}  // namespace

/// The writers' common state, and the thread that kills servers as the patches go on.
struct MainJob::Writers {
  Mutex mutex;
  CondVar changed;
  int done PBFS_GUARDED_BY(mutex) = 0;
  bool ended PBFS_GUARDED_BY(mutex) = false;
  Status error PBFS_GUARDED_BY(mutex);
  int64_t retried PBFS_GUARDED_BY(mutex) = 0;
  std::atomic<size_t> next{0};

  void Fail(const Status& status) {
    MutexLock lock(mutex);
    if (error.ok()) error = status;
    ended = true;
    changed.NotifyAll();
  }
  /// False if the writers ended before.
  bool AwaitDone(int count) {
    MutexLock lock(mutex);
    while (done < count && !ended) changed.Wait(mutex);
    return done >= count;
  }
};

MainJob::MainJob(Client& client, JobOptions options, JobHooks hooks)
    : client_(client), options_(std::move(options)), hooks_(std::move(hooks)) {}

Result<JobReport> MainJob::Run(const Context& context, ByteSource& source) {
  PBFS_ASSIGN_OR_RETURN(ReferenceFile reference, ReferenceFile::Create(options_.scratch));
  reference_ = std::make_unique<ReferenceFile>(std::move(reference));
  report_.object = options_.bucket + "/" + options_.name;
  report_.seed = options_.seed;
  report_.k = options_.k;
  report_.m = options_.m;
  PBFS_RETURN_IF_ERROR(Put(context, source));
  if (hooks_.disk_bytes) report_.disk_before = hooks_.disk_bytes();
  PBFS_RETURN_IF_ERROR(PatchAll(context));
  if (hooks_.disk_bytes) report_.disk_after = hooks_.disk_bytes();
  PBFS_RETURN_IF_ERROR(ApplyHistory(context));
  PBFS_RETURN_IF_ERROR(Compare(context));
  PBFS_RETURN_IF_ERROR(DrawMap(context));
  return report_;
}

Status MainJob::Put(const Context& context, ByteSource& source) {
  BucketSettings settings{.name = options_.bucket};
  settings.k = options_.k;
  settings.m = options_.m;
  PBFS_ASSIGN_OR_RETURN(bucket_, client_.CreateBucket(context, settings));
  const MonotonicTime begin = MonotonicNow();
  Tee tee(source, *reference_, hooks_, options_.size);
  PBFS_ASSIGN_OR_RETURN(put_, bucket_->Put(context, options_.name, tee));
  report_.put_time = MonotonicNow() - begin;
  report_.object_size = reference_->size();
  report_.put_sent = client_.Stats().fragment_bytes_sent;
  if (hooks_.say)
    hooks_.say(fmt::format("Put {} as {} in {:.1f} s ({})", FormatSize(report_.object_size), report_.object,
                           Seconds(report_.put_time), FormatRate(report_.object_size, report_.put_time)));
  return OkStatus();
}

Status MainJob::WriteOne(const Context& context, size_t index, MutableByteSpan buffer) {
  const Edit& edit = edits_[index];
  const MutableByteSpan content = buffer.first(static_cast<size_t>(edit.size));
  FillContent(edit.content_seed, content);
  Status status;
  for (int i = 0; i < kTries; ++i) {
    auto result = bucket_->Write(context, put_.object, edit.offset, ByteSpan(content));
    status = result.status();
    if (status.ok()) acknowledged_[index] = result->order;
    if (status.ok() || context.cancelled()) return status;
    // The same bytes at the same place again: harmless, even if the first try did happen.
    if (hooks_.say) hooks_.say(fmt::format("  patch {} again: {}", index, status.ToString()));
    SleepFor(kRetryPause);
  }
  return status.Annotate(fmt::format("patch {} of {} bytes at {}", index, edit.size, edit.offset));
}

Status MainJob::PatchAll(const Context& context) {
  edits_ = MakeEdits({.seed = options_.seed, .object_size = report_.object_size, .count = options_.patches});
  acknowledged_.resize(edits_.size());
  const ClientStats before = client_.Stats();
  const MonotonicTime begin = MonotonicNow();
  Writers writers;
  const auto write = [&] {
    Bytes buffer(static_cast<size_t>(EditPlan{}.most));
    for (size_t i = writers.next++; i < edits_.size(); i = writers.next++) {
      const Status status = WriteOne(context, i, buffer);
      if (!status.ok()) return writers.Fail(status);
      MutexLock lock(writers.mutex);
      if (writers.ended) return;
      ++writers.done;
      writers.changed.NotifyAll();
      if (hooks_.progress) hooks_.progress("patch", writers.done, static_cast<int64_t>(edits_.size()));
    }
  };
  const auto kill = [&] {
    for (const JobHooks::Kill& one : hooks_.kills) {
      if (!writers.AwaitDone(static_cast<int>(one.after * static_cast<double>(edits_.size())))) return;
      const Status status = hooks_.kill(one.name);
      if (!status.ok()) return writers.Fail(status.Annotate("cannot kill " + one.name));
      if (hooks_.say) hooks_.say(fmt::format("Killed {} after {:.0f} % of the patches", one.name, one.after * 100));
      report_.killed.push_back(one.name);
    }
  };
  {
    std::vector<Thread> threads;
    if (hooks_.kill) threads.emplace_back("killer", kill);
    for (int i = 0; i < options_.writers; ++i) threads.emplace_back("writer", write);
  }
  report_.patch_time = MonotonicNow() - begin;
  report_.patches = static_cast<int64_t>(edits_.size());
  report_.patches_sent = client_.Stats().fragment_bytes_sent - before.fragment_bytes_sent;
  for (const Edit& edit : edits_) report_.patch_bytes += edit.size;
  report_.covered_bytes = CoveredBytes(edits_);
  MutexLock lock(writers.mutex);
  return writers.error;
}

Status MainJob::ApplyOp(const HistoryEntry& entry) {
  if (!entry.authentic) return DataLossError(fmt::format("op {} of the history does not verify", entry.op.ToString()));
  if (entry.kind != OpKind::kWrite || entry.order <= put_.order) return OkStatus();  // the put itself, the bind
  const auto found = std::find_if(edits_.begin(), edits_.end(),
                                  [&](const Edit& e) { return e.offset == entry.lo && e.offset + e.size == entry.hi; });
  if (found == edits_.end())
    return DataLossError(fmt::format("the history has a write of [{}, {}) that nobody made", entry.lo, entry.hi));
  const size_t index = static_cast<size_t>(found - edits_.begin());
  ++times_in_history_[index];
  if (acknowledged_[index] == entry.order) confirmed_[index] = 1;
  return reference_->Apply(*found);
}

Status MainJob::ApplyHistory(const Context& context) {
  // One page: a patch that was tried again may be there more than once.
  const int32_t limit = options_.patches * 4 + static_cast<int32_t>(report_.object_size / kRegionSize) + 1000;
  PBFS_ASSIGN_OR_RETURN(auto entries, bucket_->History(context, put_.object, INT64_MAX, limit));
  std::sort(entries.begin(), entries.end(),
            [](const HistoryEntry& a, const HistoryEntry& b) { return a.order < b.order; });
  times_in_history_.assign(edits_.size(), 0);
  confirmed_.assign(edits_.size(), 0);
  for (const HistoryEntry& entry : entries) PBFS_RETURN_IF_ERROR(ApplyOp(entry));
  const auto lost = std::find(confirmed_.begin(), confirmed_.end(), 0);
  if (lost != confirmed_.end())
    return DataLossError(fmt::format("the history does not have patch {} at the order that was acknowledged",
                                     lost - confirmed_.begin()));
  for (const int times : times_in_history_) report_.retried += times > 1;
  return OkStatus();
}

Status MainJob::Compare(const Context& context) {
  const MonotonicTime begin = MonotonicNow();
  Comparison comparison(*reference_, hooks_);
  PBFS_RETURN_IF_ERROR(
      bucket_->Read(context, put_.object, 0, kMaxObjectSize, comparison).status().Annotate("reading the object back"));
  report_.read_time = MonotonicNow() - begin;
  comparison.Finish(report_);
  return OkStatus();
}

Status MainJob::DrawMap(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const auto extents, bucket_->Extents(context, put_.object, 0, report_.object_size));
  report_.map = DrawTextMap(MapRunsOf(extents, report_.object_size), report_.object_size, kMapWidth, kMapLines);
  return OkStatus();
}

}  // namespace pbfs::cli
