#pragma once

#include <algorithm>
#include <map>
#include <utility>

#include "libs/base/ids.h"
#include "libs/base/sync.h"
#include "libs/model/limits.h"
#include "libs/model/order.h"

namespace pbfs {

/// The newest order that this client knows to be committed, per region of an object (I29): a List that shows less comes from
/// the past. Bounded: it forgets the oldest ids first. Threads: any.
class Acknowledged {
 public:
  /// An op that touched [lo, hi) was acknowledged.
  void Note(const ObjectId& object, int64_t lo, int64_t hi, Hlc hlc) {
    MutexLock lock(mutex_);
    const bool span = hi - lo > kRegionSize;
    Hlc& newest = newest_[{object, span ? kSpan : RegionOf(lo)}];
    newest = std::max(newest, hlc);
    while (newest_.size() > kMaxEntries) newest_.erase(newest_.begin());
  }
  /// The greatest of what [lo, hi) touches; 0 if nothing is known.
  Hlc Newest(const ObjectId& object, int64_t lo, int64_t hi) const {
    MutexLock lock(mutex_);
    Hlc newest = 0;
    if (const auto span = newest_.find({object, kSpan}); span != newest_.end()) newest = span->second;
    auto at = newest_.lower_bound({object, RegionOf(lo)});
    for (; at != newest_.end() && at->first.first == object && at->first.second <= RegionOf(hi - 1); ++at) {
      newest = std::max(newest, at->second);
    }
    return newest;
  }

 private:
  static constexpr int64_t kSpan = -1;
  static constexpr size_t kMaxEntries = 100'000;
  mutable Mutex mutex_;
  std::map<std::pair<ObjectId, int64_t>, Hlc> newest_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
