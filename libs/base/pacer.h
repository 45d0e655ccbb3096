#pragma once

#include <algorithm>

#include "libs/base/context.h"
#include "libs/base/sync.h"

namespace pbfs {

/// Keeps work that nobody waits for from taking the machine, the network and the disks: pieces of it, none sooner than the
/// rate allows for those before. Threads: any; all together keep to the rate.
class Pacer {
 public:
  /// 0: as fast as it goes.
  explicit Pacer(int64_t bytes_per_second) : bytes_per_second_(bytes_per_second), due_(MonotonicNow()) {}
  /// A piece of `bytes` is done: waits until the next may begin, or the context's end. Time that was not used is not
  /// saved up, so there are no bursts.
  void EndPiece(const Context& context, int64_t bytes) {
    if (bytes_per_second_ <= 0) return;
    const auto cost =
        std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
    MonotonicTime due;
    {
      MutexLock lock(mutex_);
      due_ = std::max(due_, MonotonicNow()) + std::chrono::duration_cast<Duration>(cost);
      due = due_;
    }
    // Cancellation wakes nobody, so look at it now and then.
    while (MonotonicNow() < due && context.Check().ok())
      SleepUntil(std::min({due, context.deadline(), MonotonicNow() + std::chrono::milliseconds(50)}));
  }

 private:
  const int64_t bytes_per_second_;
  Mutex mutex_;
  MonotonicTime due_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
