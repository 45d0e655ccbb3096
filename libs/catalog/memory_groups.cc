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
  const bool place = PlacementDependsOn(map_.stores, store);
  if (!PutInto(map_.stores, store)) return OkStatus();
  ++map_.version;
  tables_.stores = PlacementStoresOf(map_.stores);
  if (place) {
    map_.groups.resize(kPlacementGroups);
    for (PlacementGroup& group : PlaceAnew(map_.stores, map_.groups)) {
      tables_.groups[group.group] = group;
      map_.groups[group.group] = std::move(group);
    }
  }
  map_changed_.NotifyAll();
  return OkStatus();
}

}  // namespace pbfs
