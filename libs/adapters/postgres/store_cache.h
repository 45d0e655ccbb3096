#pragma once

#include <memory>
#include <vector>

#include "libs/base/sync.h"
#include "libs/model/placement.h"

namespace pbfs::postgres {

/// The site's stores, as Decide asks for them, by the version of the cluster map: read again when that has risen, which is
/// seldom, instead of with every batch. Threads: any.
class StoreCache {
 public:
  using Stores = std::shared_ptr<const std::vector<PlacementStore>>;

  /// The stores of that map or a newer one; null if they have to be read.
  Stores Find(int64_t map_version) {
    MutexLock lock(mutex_);
    return map_version_ >= map_version ? stores_ : nullptr;
  }
  void Put(int64_t map_version, Stores stores) {
    MutexLock lock(mutex_);
    if (map_version <= map_version_) return;
    map_version_ = map_version;
    stores_ = std::move(stores);
  }

 private:
  Mutex mutex_;
  int64_t map_version_ PBFS_GUARDED_BY(mutex_) = -1;
  Stores stores_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::postgres
