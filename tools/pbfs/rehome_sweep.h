#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/base/sync.h"
#include "libs/client/client.h"

namespace pbfs::cli {

/// What a sweep did. Objects that were removed meanwhile count nowhere.
struct SweepReport {
  int64_t objects = 0;  // names that were looked at
  RehomeReport done;
  std::vector<std::string> damaged;  // "name: error" of objects that cannot be read whole, once each
};

/// Rehomes objects region by region, several regions at a time, of one object or of many. What it has merged stays
/// merged, so after an error or an interruption it is just run again; where nothing is left to do it only lists. One
/// per run.
/// Threads: those that it makes call `progress`, one at a time.
class RehomeSweep {
 public:
  /// Told how many bytes of objects were looked at so far, in all.
  using ProgressCall = std::function<void(int64_t bytes)>;

  RehomeSweep(Bucket bucket, const RehomePolicy& policy, int parallel, ProgressCall progress)
      : bucket_(std::move(bucket)), policy_(policy), parallel_(parallel), progress_(std::move(progress)) {}

  /// Bytes of all objects whose names begin with `prefix`: what progress will come to. Errors: those of ListNames() and
  /// Stat().
  Result<int64_t> SizeOf(const Context& context, const std::string& prefix);
  /// All objects whose names begin with `prefix`, in the order of their names. Goes around damaged ones; any other
  /// error ends it.
  Result<SweepReport> RunPrefix(const Context& context, const std::string& prefix);
  Result<SweepReport> RunObject(const Context& context, const std::string& name, const ObjectStat& object);

 private:
  class Tasks;
  Status ForEachObject(const Context& context, const std::string& prefix,
                       const std::function<Status(const NamedObject&, const ObjectStat&)>& visit);
  Status AddObject(const Context& context, const std::string& name, const ObjectStat& object, Tasks& tasks);
  Status RehomeOne(const Context& context, const std::string& name, ObjectId object, int64_t region, int64_t bytes);
  SweepReport report();

  Bucket bucket_;
  const RehomePolicy policy_;
  const int parallel_;
  const ProgressCall progress_;
  Mutex mutex_;
  SweepReport report_ PBFS_GUARDED_BY(mutex_);
  int64_t bytes_ PBFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pbfs::cli
