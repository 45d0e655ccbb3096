#include "libs/catalog/place_groups.h"

#include <algorithm>
#include <cmath>

namespace pbfs {
namespace {

bool IsEligible(const StoreInfo& store) {
  return store.state == StoreState::kUp || store.state == StoreState::kSuspect || store.state == StoreState::kJoining;
}

std::vector<StoreInfo>::const_iterator Find(const std::vector<StoreInfo>& stores, StoreId id) {
  return std::find_if(stores.begin(), stores.end(), [&](const StoreInfo& store) { return store.id == id; });
}

std::vector<MemberState> MembersOf(const std::vector<StoreId>& stores, const PlacementGroup& before) {
  std::vector<MemberState> members;
  for (const StoreId& store : stores) {
    const auto place = std::find(before.stores.begin(), before.stores.end(), store);
    const bool known = place != before.stores.end();
    const bool backfill =
        !before.stores.empty() && (!known || before.members[place - before.stores.begin()] == MemberState::kBackfill);
    members.push_back(backfill ? MemberState::kBackfill : MemberState::kActive);
  }
  return members;
}

}  // namespace

Status CheckStore(const StoreInfo& store) {
  if (store.id.value != 0 && std::isfinite(store.weight) && store.weight > 0) return OkStatus();
  return InvalidArgumentError("a store needs an id and a positive weight");
}

bool PlacementDependsOn(const std::vector<StoreInfo>& stores, const StoreInfo& store) {
  const auto before = Find(stores, store.id);
  if (before == stores.end()) return IsEligible(store);
  if (IsEligible(*before) != IsEligible(store)) return true;
  return IsEligible(store) && (before->weight != store.weight || before->domain != store.domain);
}

bool PutInto(std::vector<StoreInfo>& stores, const StoreInfo& store) {
  const auto place = std::lower_bound(stores.begin(), stores.end(), store,
                                      [](const StoreInfo& a, const StoreInfo& b) { return a.id < b.id; });
  if (place == stores.end() || place->id != store.id) {
    stores.insert(place, store);
    return true;
  }
  if (*place == store) return false;
  *place = store;
  return true;
}

std::vector<PlacementGroup> PlaceAnew(const std::vector<StoreInfo>& stores, const std::vector<PlacementGroup>& groups) {
  std::vector<StoreInfo> eligible_stores;
  std::copy_if(stores.begin(), stores.end(), std::back_inserter(eligible_stores), IsEligible);
  const std::vector<PlacementStore> eligible = PlacementStoresOf(eligible_stores);
  std::vector<PlacementGroup> changed;
  for (int number = 0; number < kPlacementGroups; ++number) {
    const auto group = static_cast<uint16_t>(number);
    const PlacementGroup before = groups.empty() ? PlacementGroup{} : groups[number];
    const std::vector<StoreId> ranked = RankStores(group, eligible);
    if (ranked == before.stores && before.version > 0) continue;
    changed.push_back({group, before.version + 1, ranked, MembersOf(ranked, before), before.stores});
  }
  return changed;
}

std::vector<PlacementStore> PlacementStoresOf(const std::vector<StoreInfo>& stores) {
  std::vector<PlacementStore> placement;
  placement.reserve(stores.size());
  for (const StoreInfo& store : stores) placement.push_back({store.id, store.domain, store.weight, true});
  return placement;
}

}  // namespace pbfs
