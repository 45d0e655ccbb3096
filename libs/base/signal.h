#pragma once

#include "libs/base/sync.h"

namespace pbfs {

/// Lets one thread wait for the next of many events that other threads report. Threads: any.
class Signal {
 public:
  void Notify() {
    MutexLock lock(mutex_);
    ++count_;
    changed_.NotifyAll();
  }
  uint64_t count() {
    MutexLock lock(mutex_);
    return count_;
  }
  /// Waits until more than `seen` events were reported or `deadline` has come; returns the count.
  uint64_t Await(uint64_t seen, MonotonicTime deadline) {
    MutexLock lock(mutex_);
    while (count_ <= seen && MonotonicNow() < deadline) changed_.WaitUntil(mutex_, deadline);
    return count_;
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  uint64_t count_ PBFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pbfs
