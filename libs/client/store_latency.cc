#include "libs/client/store_latency.h"

#include <algorithm>

namespace pbfs {
namespace {

constexpr Duration kUnknown = std::chrono::milliseconds(100);
constexpr Duration kLeast = std::chrono::milliseconds(10);
constexpr Duration kMost = std::chrono::seconds(1);
constexpr size_t kEnough = 20;  // fewer have no 95th percentile

}  // namespace

void StoreLatency::Record(StoreId store, int64_t bytes, Duration took) {
  MutexLock lock(mutex_);
  Samples& samples = samples_[KeyOf(store, bytes)];
  samples.took[samples.count++ % kKept] = took;
}

Duration StoreLatency::LateAfter(StoreId store, int64_t bytes) const {
  std::array<Duration, kKept> took;
  size_t count = 0;
  {
    MutexLock lock(mutex_);
    const auto found = samples_.find(KeyOf(store, bytes));
    if (found == samples_.end() || found->second.count < kEnough) return kUnknown;
    took = found->second.took;
    count = std::min(found->second.count, kKept);
  }
  const auto p95 = took.begin() + static_cast<ptrdiff_t>(count * 95 / 100);
  std::nth_element(took.begin(), p95, took.begin() + static_cast<ptrdiff_t>(count));
  return std::clamp(*p95, kLeast, kMost);
}

}  // namespace pbfs
