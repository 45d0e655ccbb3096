#pragma once

#include <memory>
#include <unordered_set>
#include <vector>

#include "libs/adapters/postgres/bucket_cache.h"
#include "libs/base/sync.h"
#include "libs/catalog/decide.h"

namespace pbfs::postgres {

/// Stores and placement groups as of one version of the cluster map.
struct Placement {
  int64_t version = -1;
  std::vector<PlacementStore> stores;
  std::vector<PlacementGroup> groups;  // by number; empty before the first placement
};

/// The placement that was read last. Whatever changes it raises the map's version in the same transaction, so a batch that
/// reads the version, one row, knows whether this is what it would read. Threads: any.
class PlacementCache {
 public:
  /// Null if that version is not the one kept.
  std::shared_ptr<const Placement> At(int64_t version) const {
    MutexLock lock(mutex_);
    return newest_ != nullptr && newest_->version == version ? newest_ : nullptr;
  }
  void Keep(std::shared_ptr<const Placement> placement) {
    MutexLock lock(mutex_);
    newest_ = std::move(placement);
  }

 private:
  mutable Mutex mutex_;
  std::shared_ptr<const Placement> newest_ PBFS_GUARDED_BY(mutex_);
};

/// Region heads that have been seen committed: a batch that tries its locks need not ask whether to insert them first. Only
/// a hint: a Commit whose head is not there after all has missed its lock and goes to the lane that waits, which inserts
/// whatever is missing. Threads: any.
class KnownHeads {
 public:
  bool Contains(const ObjectRegion& head) const {
    MutexLock lock(mutex_);
    return heads_.contains(head);
  }
  void Add(const ObjectRegion& head) {
    MutexLock lock(mutex_);
    if (heads_.size() >= kMost) heads_.clear();
    heads_.insert(head);
  }

 private:
  static constexpr size_t kMost = 1 << 16;  // some 5 MB
  mutable Mutex mutex_;
  std::unordered_set<ObjectRegion, KeyHash> heads_ PBFS_GUARDED_BY(mutex_);
};

/// What batches need not ask the database again. Threads: any.
struct BatchCaches {
  explicit BatchCaches(BucketCache& bucket_cache) : buckets(bucket_cache) {}
  BucketCache& buckets;
  PlacementCache placement;
  KnownHeads heads;
};

}  // namespace pbfs::postgres
