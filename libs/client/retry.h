#pragma once

#include <algorithm>
#include <cstdlib>

#include "libs/base/context.h"
#include "libs/base/random.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs {

/// Pauses between repeats, doubling from 10 ms to 1 s, each anywhere between half and the whole of it. Threads: one.
class Backoff {
 public:
  explicit Backoff(Random& random) : random_(random) {}
  /// Sleeps, in steps that notice cancellation; a server's hint (detail retry-after-ms) wins. Errors: those of the context.
  Status Pause(const Context& context, const Status& because = OkStatus()) {
    int64_t ms = next_ms_ / 2 + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(next_ms_ / 2 + 1)));
    if (const auto hint = because.Detail("retry-after-ms")) ms = std::clamp<int64_t>(std::atoll(hint->c_str()), 1, 10'000);
    next_ms_ = std::min<int64_t>(next_ms_ * 2, 1000);
    const MonotonicTime end = std::min(MonotonicNow() + std::chrono::milliseconds(ms), context.deadline());
    while (MonotonicNow() < end && !context.cancelled()) {
      SleepUntil(std::min(end, MonotonicNow() + std::chrono::milliseconds(100)));
    }
    return context.Check();
  }

 private:
  Random& random_;
  int64_t next_ms_ = 10;
};

inline bool MayPass(const Status& status) { return IsRetryable(status) || status.code() == StatusCode::kResourceExhausted; }

/// Makes a call that is idempotent until it gives anything but a passing failure, or the context ends. `call` takes the
/// context of one attempt, which gets at most `attempt`.
template <typename Call>
auto RetryCall(const Context& context, Random& random, Duration attempt, Call call) -> decltype(call(context)) {
  Backoff backoff(random);
  for (;;) {
    auto result = call(context.Within(attempt));
    const Status status = [&] {
      if constexpr (std::is_same_v<decltype(result), Status>) return result;
      else return result.status();
    }();
    if (!MayPass(status)) return result;
    if (!backoff.Pause(context, status).ok()) return result;
  }
}

}  // namespace pbfs
