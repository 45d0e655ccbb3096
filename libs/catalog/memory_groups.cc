#include <algorithm>

#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/place_groups.h"

namespace pbfs {

Result<ClusterMap> MemoryCatalog::WatchMap(const Context& context, int64_t newer_than) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  while (map_.version <= newer_than) {
    PBFS_RETURN_IF_ERROR(context.Check());
    map_changed_.WaitUntil(mutex_, context.deadline());
  }
  return map_;
}

Status MemoryCatalog::PutStore(const Context& context, const StoreInfo& store) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckStore(store));
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(CheckMembership(map_.stores, map_.groups, FactsOfPlacement(), store));
  const bool place = PlacementDependsOn(map_.stores, store);
  const StoreInfo* known = map_.FindStore(store.id);
  const bool suspect = known != nullptr && MayHaveAnotherDisk(*known, store);
  if (!PutInto(map_.stores, Remembered(map_.stores, store))) return OkStatus();
  if (suspect) RecheckGroupsOf(store.id);
  ++map_.version;
  tables_.stores = PlacementStoresOf(map_.stores);
  if (place) {
    map_.groups.resize(kPlacementGroups);
    for (PlacementGroup& group : PlaceAnew(map_.stores, map_.groups, FactsOfPlacement())) {
      tables_.groups[group.group] = group;
      tables_.checked_ms.erase(group.group);
      map_.groups[group.group] = std::move(group);
    }
  }
  map_changed_.NotifyAll();
  return OkStatus();
}

Result<StoreId> MemoryCatalog::NewStoreId(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  do ++last_store_.value;
  while (map_.FindStore(last_store_) != nullptr);
  return last_store_;
}

void MemoryCatalog::RecheckGroupsOf(StoreId store) {
  const auto names = [&](const std::vector<StoreId>& list) {
    return std::find(list.begin(), list.end(), store) != list.end();
  };
  for (const PlacementGroup& group : map_.groups) {
    if (names(group.stores) || names(group.previous)) tables_.checked_ms.erase(group.group);
  }
}

PlacementFacts MemoryCatalog::FactsOfPlacement() const {
  PlacementFacts facts{WidthOf({}), !tables_.encodings.empty()};
  const auto widen = [&](PlacementWidth width) {
    facts.widest = {std::max(facts.widest.n, width.n), std::min(facts.widest.m, width.m)};
  };
  for (const auto& [id, bucket] : tables_.buckets) widen(WidthOf(SchemeOf(bucket.settings)));
  for (const auto& [id, recode] : tables_.recodes) widen(recode.widest);
  return facts;
}

PlacementWidth MemoryCatalog::WidthOf(const BucketScheme& scheme) const {
  const int k = scheme.k.value_or(options_.default_k), m = scheme.m.value_or(options_.default_m);
  return {k + m, m};
}

}  // namespace pbfs
