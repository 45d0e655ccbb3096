#pragma once

#include <algorithm>

#include "libs/base/context.h"
#include "libs/base/sync.h"

namespace pbfs {

/// Keeps work that nobody waits for from taking the machine, the network and the disks: pieces of it, none sooner than the
/// rate allows for those before. Threads: one.
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
    due_ += std::chrono::duration_cast<Duration>(cost);
    // Cancellation wakes nobody, so look at it now and then.
    while (MonotonicNow() < due_ && context.Check().ok())
      SleepUntil(std::min({due_, context.deadline(), MonotonicNow() + std::chrono::milliseconds(50)}));
    due_ = std::max(due_, MonotonicNow());
  }

 private:
  const int64_t bytes_per_second_;
  MonotonicTime due_;
};

}  // namespace pbfs
