#pragma once

#include "libs/base/sync.h"

namespace pbfs {

/// How an owner ends the loop of its Thread, which pauses between rounds. Threads: any.
///
///   ~Owner() { stop_.Stop(); thread_.Join(); }
///   void Run() { while (stop_.Pause(period_)) Round(); }
class StopSignal {
 public:
  void Stop() {
    MutexLock lock(mutex_);
    stopped_ = true;
    wake_.NotifyAll();
  }
  bool stopped() const {
    MutexLock lock(mutex_);
    return stopped_;
  }
  /// True after `duration`; false at once when stopped, before or meanwhile.
  bool Pause(Duration duration) {
    const MonotonicTime until = MonotonicNow() + duration;
    MutexLock lock(mutex_);
    while (!stopped_ && MonotonicNow() < until) wake_.WaitUntil(mutex_, until);
    return !stopped_;
  }

 private:
  mutable Mutex mutex_;
  CondVar wake_;
  bool stopped_ PBFS_GUARDED_BY(mutex_) = false;
};

}  // namespace pbfs
