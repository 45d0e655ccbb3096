#pragma once

#include <map>
#include <memory>
#include <set>

#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// What the client knows of the cluster: the catalog's map, fetched when it is first needed and again when stores do not
/// behave as it says, and its own memory of stores that failed it, which fades. Threads: any.
class ClusterView {
 public:
  ClusterView(Groups& groups, Random& random, Duration avoid) : groups_(groups), random_(random), avoid_(avoid) {}

  Result<std::shared_ptr<const ClusterMap>> Map(const Context& context);
  /// The next Map() asks the catalog again (at most once a second).
  void Doubt();
  /// This store failed: avoid it for a while.
  void Suspect(StoreId store);
  bool IsSuspect(StoreId store) const;

  /// A placement group for an encoding of n shards, not one of `tried`, all of whose stores are believed to be up; the best
  /// one if there is none. Errors: UNAVAILABLE where fewer than `needed` stores of any are.
  Result<uint16_t> PickGroup(const Context& context, int n, int needed, const std::set<uint16_t>& tried);

 private:
  int GoodStores(const ClusterMap& map, const std::map<StoreId, bool>& up, const PlacementGroup& group, int n) const;

  Groups& groups_;
  Random& random_;
  const Duration avoid_;
  mutable Mutex mutex_;
  std::shared_ptr<const ClusterMap> map_ PBFS_GUARDED_BY(mutex_);
  MonotonicTime fetched_ PBFS_GUARDED_BY(mutex_);
  bool doubted_ PBFS_GUARDED_BY(mutex_) = false;
  std::map<StoreId, MonotonicTime> suspects_ PBFS_GUARDED_BY(mutex_);  // until when
};

/// The store of shard `shard`, if the group has one.
inline std::optional<StoreId> StoreOf(const ClusterMap& map, const EncodingId& encoding, uint8_t shard) {
  const uint16_t group = PlacementGroupOf(encoding);
  if (group >= map.groups.size() || shard >= map.groups[group].stores.size()) return std::nullopt;
  return map.groups[group].stores[shard];
}

}  // namespace pbfs
