#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "libs/base/random.h"
#include "libs/base/sync.h"

namespace pbfs::operators {

/// What is to be looked at, and when. A key is there once however often it was added, and is in one pair of hands at a time: added
/// meanwhile, it comes again. Threads: any.
class WorkQueue {
 public:
  struct Options {
    Duration back_off_min = std::chrono::milliseconds(200), back_off_max = std::chrono::seconds(60);
    /// Changes come in bunches: a key that was just looked at waits this long.
    Duration rest = std::chrono::milliseconds(500);
  };
  WorkQueue(Random& random, const Options& options) : random_(random), options_(options) {}
  explicit WorkQueue(Random& random) : WorkQueue(random, Options()) {}

  /// As soon as may be.
  void Add(const std::string& key);
  /// Waits for one that is due. None: the queue was stopped.
  std::optional<std::string> Take();
  /// Its look is over: next time in `again`, or when it is added.
  void Done(const std::string& key, std::optional<Duration> again);
  /// Its look failed: again after a random pause that doubles with each failure.
  void Failed(const std::string& key);
  void Stop();

  /// Keys that are due.
  int64_t depth() const;

 private:
  struct Entry {
    MonotonicTime due = MonotonicTime::max();
    MonotonicTime not_before{};
    bool taken = false;
    int failures = 0;  // in a row
  };
  MonotonicTime FirstDue() const PBFS_REQUIRES(mutex_);
  std::optional<std::string> FindDue(MonotonicTime now) PBFS_REQUIRES(mutex_);

  Random& random_;
  const Options options_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::map<std::string, Entry> entries_ PBFS_GUARDED_BY(mutex_);
  bool stopped_ PBFS_GUARDED_BY(mutex_) = false;
};

}  // namespace pbfs::operators
