#pragma once

#include <map>
#include <memory>

#include <fmt/format.h>

#include "libs/base/sync.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

/// Stores from a table: for tests, the simulation and single-process clusters. Threads: any.
class MapFragmentStores final : public FragmentStores {
 public:
  /// Adds the store, or replaces it.
  void Set(StoreId id, std::shared_ptr<FragmentStore> store) {
    MutexLock lock(mutex_);
    stores_[id] = std::move(store);
  }
  /// Find() then answers UNAVAILABLE; pointers that were handed out stay good.
  void Remove(StoreId id) {
    MutexLock lock(mutex_);
    stores_.erase(id);
  }
  Result<std::shared_ptr<FragmentStore>> Find(StoreId id) override {
    MutexLock lock(mutex_);
    const auto found = stores_.find(id);
    if (found == stores_.end()) return UnavailableError(fmt::format("no address of store {} is known", id.value));
    return found->second;
  }

 private:
  Mutex mutex_;
  std::map<StoreId, std::shared_ptr<FragmentStore>> stores_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
