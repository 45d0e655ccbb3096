#include "libs/base/clock.h"

#include <chrono>

namespace pbfs {

int64_t SystemClock::NowMicros() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t ManualClock::NowMicros() const {
  MutexLock lock(mutex_);
  return now_micros_;
}

void ManualClock::Advance(int64_t micros) {
  MutexLock lock(mutex_);
  now_micros_ += micros;
}

}  // namespace pbfs
