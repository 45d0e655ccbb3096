#include "libs/model/hlc_clock.h"

#include <algorithm>

namespace pbfs {
namespace {

Hlc HlcFromMicros(int64_t micros) { return HlcFromMillis(micros / 1000) + (micros % 1000) * 65536 / 1000; }

}  // namespace

Hlc HlcClock::Next() {
  MutexLock lock(mutex_);
  last_ = std::max(last_ + 1, HlcFromMicros(NowMicros()));
  return last_;
}

void HlcClock::Observe(Hlc seen) {
  MutexLock lock(mutex_);
  last_ = std::max(last_, seen);
}

Hlc HlcClock::Seen() const {
  MutexLock lock(mutex_);
  return last_;
}

void HlcClock::ObserveCatalogTime(int64_t now_ms) {
  MutexLock lock(mutex_);
  const MonotonicTime now = MonotonicNow();
  const int64_t micros = now_ms * 1000;
  // A reply that was slower than an earlier one says less than we know; but the catalog's clock may have been set back,
  // or another catalog answers: beyond a tenth of a second believe the newest.
  if (synced_ && micros < NowMicros() && micros > NowMicros() - 100'000) return;
  catalog_micros_ = micros;
  at_ = now;
  synced_ = true;
}

int64_t HlcClock::NowMillis() const {
  MutexLock lock(mutex_);
  return NowMicros() / 1000;
}

int64_t HlcClock::NowMicros() const {
  if (!synced_) return clock_.NowMicros();
  return catalog_micros_ + std::chrono::duration_cast<std::chrono::microseconds>(MonotonicNow() - at_).count();
}

}  // namespace pbfs
