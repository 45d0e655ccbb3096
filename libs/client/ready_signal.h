#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "libs/base/context.h"
#include "libs/base/sync.h"

namespace pbfs {

/// Lets one thread wait for the first of several operations of stores. Callbacks own it (shared_ptr). Threads: any.
class ReadySignal {
 public:
  void Notify() {
    {
      MutexLock lock(mutex_);
      ++events_;
    }
    changed_.NotifyAll();
  }
  uint64_t Events() const {
    MutexLock lock(mutex_);
    return events_;
  }
  /// Waits until something happened after `seen` was taken, or until `until`. Wakes now and then to look for cancellation.
  void WaitAfter(uint64_t seen, const Context& context, MonotonicTime until) {
    MutexLock lock(mutex_);
    const MonotonicTime end = std::min({until, context.deadline(), MonotonicNow() + std::chrono::milliseconds(200)});
    while (events_ == seen && changed_.WaitUntil(mutex_, end)) {
    }
  }

 private:
  mutable Mutex mutex_;
  CondVar changed_;
  uint64_t events_ PBFS_GUARDED_BY(mutex_) = 0;
};

inline std::function<void()> NotifyOn(std::shared_ptr<ReadySignal> signal) {
  return [signal = std::move(signal)] { signal->Notify(); };
}

}  // namespace pbfs
