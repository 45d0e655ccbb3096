#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "libs/base/ids.h"
#include "libs/base/scheduler.h"
#include "libs/base/sync.h"

namespace pbfs {

/// How long each store has lately taken to answer a read, so that a reader knows when a call is late. Threads: any.
class StoreLatency {
 public:
  /// A call for so many bytes took so long, or was given up after that time.
  void Record(StoreId store, int64_t bytes, Duration took);
  /// After how long a call for so many bytes counts as late: the 95th percentile of the store's last answers of about that
  /// size, at least 10 ms and at most 1 s; 100 ms for a store of which little is known.
  Duration LateAfter(StoreId store, int64_t bytes) const;

 private:
  static constexpr size_t kKept = 64;
  /// The last kKept, in a ring.
  struct Samples {
    std::array<Duration, kKept> took{};
    size_t count = 0;
  };
  /// A call of 4 KiB and one of 4 MiB have little in common.
  struct Key {
    StoreId store;
    bool large = false;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  static Key KeyOf(StoreId store, int64_t bytes) { return {store, bytes > (256 << 10)}; }

  mutable Mutex mutex_;
  std::map<Key, Samples> samples_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
