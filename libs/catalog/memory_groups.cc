#include <algorithm>

#include "libs/catalog/memory_catalog.h"

namespace pbfs {
namespace {

bool IsEligible(const StoreInfo& store) {
  return store.state == StoreState::kUp || store.state == StoreState::kSuspect || store.state == StoreState::kJoining;
}

/// What placement depends on.
bool PlacesAlike(const StoreInfo& a, const StoreInfo& b) {
  return IsEligible(a) == IsEligible(b) && a.weight == b.weight && a.domain == b.domain;
}

/// Members that were not there before are BACKFILL, unless the group was empty.
std::vector<MemberState> MembersOf(const std::vector<StoreId>& stores, const PlacementGroup& before) {
  std::vector<MemberState> members;
  for (const StoreId& store : stores) {
    const auto place = std::find(before.stores.begin(), before.stores.end(), store);
    const bool backfill =
        !before.stores.empty() &&
        (place == before.stores.end() || before.members[place - before.stores.begin()] == MemberState::kBackfill);
    members.push_back(backfill ? MemberState::kBackfill : MemberState::kActive);
  }
  return members;
}

}  // namespace

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
  if (store.id.value == 0 || !(store.weight > 0))
    return InvalidArgumentError("a store needs an id and a positive weight");
  MutexLock lock(mutex_);
  auto found = std::lower_bound(map_.stores.begin(), map_.stores.end(), store,
                                [](const StoreInfo& a, const StoreInfo& b) { return a.id < b.id; });
  const bool known = found != map_.stores.end() && found->id == store.id;
  if (known && *found == store) return OkStatus();
  const bool place = known ? !PlacesAlike(*found, store) : IsEligible(store);
  if (known) {
    *found = store;
  } else {
    map_.stores.insert(found, store);
  }
  ++map_.version;
  if (place) PlaceGroups();
  map_changed_.NotifyAll();
  return OkStatus();
}

void MemoryCatalog::PlaceGroups() {
  std::vector<PlacementStore> eligible;
  tables_.stores.clear();
  for (const StoreInfo& store : map_.stores) {
    tables_.stores.push_back({store.id, store.domain, store.weight, true});
    if (IsEligible(store)) eligible.push_back(tables_.stores.back());
  }
  map_.groups.resize(kPlacementGroups);
  for (int number = 0; number < kPlacementGroups; ++number) {
    const auto g = static_cast<uint16_t>(number);
    PlacementGroup& group = map_.groups[g];
    std::vector<StoreId> ranked = RankStores(g, eligible);
    if (ranked == group.stores && group.version > 0) continue;
    std::vector<MemberState> members = MembersOf(ranked, group);
    group = {g, group.version + 1, std::move(ranked), std::move(members), group.stores};
    tables_.groups[g] = group;
  }
}

}  // namespace pbfs
