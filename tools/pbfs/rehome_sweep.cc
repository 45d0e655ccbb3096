#include "tools/pbfs/rehome_sweep.h"

#include <algorithm>

#include "libs/base/executor.h"
#include "libs/client/stream_upload.h"

namespace pbfs::cli {
namespace {

constexpr size_t kMostDamaged = 1000;  // names that are told

}  // namespace

/// Threads, and at most `parallel` regions that are under way or wait for one.
class RehomeSweep::Tasks {
 public:
  explicit Tasks(int parallel)
      : executor_("rehome", static_cast<size_t>(parallel), static_cast<size_t>(parallel)),
        tasks_(executor_, parallel) {}
  Status Start(std::function<Status()> task) { return tasks_.Start(std::move(task)); }
  Status Finish() { return tasks_.Finish(); }

 private:
  Executor executor_;
  BoundedTasks tasks_;
};

Result<int64_t> RehomeSweep::SizeOf(const Context& context, const std::string& prefix) {
  int64_t bytes = 0;
  PBFS_RETURN_IF_ERROR(ForEachObject(context, prefix, [&](const NamedObject&, const ObjectStat& object) {
    bytes += object.size;
    return OkStatus();
  }));
  return bytes;
}

Result<SweepReport> RehomeSweep::RunPrefix(const Context& context, const std::string& prefix) {
  Tasks tasks(parallel_);
  PBFS_RETURN_IF_ERROR(ForEachObject(context, prefix, [&](const NamedObject& name, const ObjectStat& object) {
    return AddObject(context, name.name, object, tasks);
  }));
  PBFS_RETURN_IF_ERROR(tasks.Finish());
  return report();
}

Result<SweepReport> RehomeSweep::RunObject(const Context& context, const std::string& name, const ObjectStat& object) {
  Tasks tasks(parallel_);
  PBFS_RETURN_IF_ERROR(AddObject(context, name, object, tasks));
  PBFS_RETURN_IF_ERROR(tasks.Finish());
  return report();
}

Status RehomeSweep::ForEachObject(const Context& context, const std::string& prefix,
                                  const std::function<Status(const NamedObject&, const ObjectStat&)>& visit) {
  std::string after;
  for (bool more = true; more;) {
    PBFS_ASSIGN_OR_RETURN(const NamePage page, bucket_.ListNames(context, prefix, {.after = after}));
    for (const NamedObject& name : page.names) {
      PBFS_RETURN_IF_ERROR(context.Check());
      const Result<ObjectStat> object = bucket_.Stat(context, name.object);
      if (object.status().code() == StatusCode::kNotFound) continue;  // removed since the page was made
      PBFS_RETURN_IF_ERROR(object.status());
      PBFS_RETURN_IF_ERROR(visit(name, *object));
    }
    more = page.more;
    after = page.last;
  }
  return OkStatus();
}

Status RehomeSweep::AddObject(const Context& context, const std::string& name, const ObjectStat& object, Tasks& tasks) {
  {
    MutexLock lock(mutex_);
    ++report_.objects;
  }
  for (int64_t lo = 0; lo < object.size; lo += kRegionSize) {
    const int64_t bytes = std::min(kRegionSize, object.size - lo);
    PBFS_RETURN_IF_ERROR(tasks.Start([this, &context, name, id = object.object, lo, bytes] {
      return RehomeOne(context, name, id, RegionOf(lo), bytes);
    }));
  }
  return OkStatus();
}

Status RehomeSweep::RehomeOne(const Context& context, const std::string& name, ObjectId object, int64_t region,
                              int64_t bytes) {
  const Result<RehomeReport> done = bucket_.RehomeRegion(context, object, region, policy_);
  const StatusCode code = done.status().code();
  if (!done.ok() && code != StatusCode::kNotFound && code != StatusCode::kDataLoss) return done.status().Annotate(name);
  MutexLock lock(mutex_);
  if (done.ok()) report_.done += *done;
  const bool told = std::any_of(report_.damaged.begin(), report_.damaged.end(),
                                [&](const std::string& line) { return line.starts_with(name + ": "); });
  if (code == StatusCode::kDataLoss && !told && report_.damaged.size() < kMostDamaged)
    report_.damaged.push_back(name + ": " + done.status().message());
  bytes_ += bytes;
  if (progress_) progress_(bytes_);
  return OkStatus();
}

SweepReport RehomeSweep::report() {
  MutexLock lock(mutex_);
  return report_;
}

}  // namespace pbfs::cli
