#pragma once

#include "libs/base/clock.h"
#include "libs/model/order.h"

namespace pbfs {

/// The hybrid logical clock of one client process: where orders come from (format, section 2; I3).
/// Every order is greater than everything the process has seen and at least its estimate of the catalog's clock; no order
/// is given twice. The counter starts at the clock's fraction of the millisecond, so that independent writers seldom
/// choose the same.
/// Threads: any.
class HlcClock {
 public:
  /// `clock` is used until the first reply of a catalog, and must outlive this.
  explicit HlcClock(const Clock& clock) : clock_(clock) {}

  /// A fresh order. Never fails and never waits; it runs ahead of the clock where more is asked than 65,536 a millisecond.
  Hlc Next();
  /// Everything that a reply or a record shows: later orders exceed it.
  void Observe(Hlc seen);
  /// The greatest hlc seen or given, for `observed_hlc` of a record and min_hlc of a List.
  Hlc Seen() const;
  /// `now_ms` of a catalog's reply: from here on time is the catalog's, carried forward by the monotonic clock, so that a
  /// jump of the local clock changes nothing. A reply was on its way for a while: the estimate is a little late, never early.
  void ObserveCatalogTime(int64_t now_ms);
  /// The catalog's clock as far as is known, milliseconds since 1970: births of encodings and ids of ops are minted by it.
  int64_t NowMillis() const;

 private:
  int64_t NowMicros() const PBFS_REQUIRES(mutex_);

  const Clock& clock_;
  mutable Mutex mutex_;
  Hlc last_ PBFS_GUARDED_BY(mutex_) = 0;
  bool synced_ PBFS_GUARDED_BY(mutex_) = false;
  int64_t catalog_micros_ PBFS_GUARDED_BY(mutex_) = 0;
  MonotonicTime at_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
