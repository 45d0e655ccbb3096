#pragma once

#include <cstdint>

#include "libs/base/sync.h"

namespace pbfs {

/// The wall clock of one process. It may jump, and differs from that of other processes; what must not depend on that
/// uses MonotonicNow(). Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Microseconds since 1970-01-01 UTC.
  virtual int64_t NowMicros() const = 0;
  int64_t NowMillis() const { return NowMicros() / 1000; }
};

class SystemClock final : public Clock {
 public:
  int64_t NowMicros() const override;
};

/// A clock that a test sets.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t now_micros) : now_micros_(now_micros) {}
  int64_t NowMicros() const override;
  void Advance(int64_t micros);

 private:
  mutable Mutex mutex_;
  int64_t now_micros_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
