#include "libs/catalog/place_groups.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

bool IsEligible(const StoreInfo& store) {
  return store.state == StoreState::kUp || store.state == StoreState::kSuspect;
}

std::vector<StoreInfo>::const_iterator Find(const std::vector<StoreInfo>& stores, StoreId id) {
  return std::find_if(stores.begin(), stores.end(), [&](const StoreInfo& store) { return store.id == id; });
}

bool Contains(const std::vector<StoreId>& stores, StoreId id) {
  return std::find(stores.begin(), stores.end(), id) != stores.end();
}

// A store is there if it had this very place, and all that belongs there.
std::vector<MemberState> MembersOf(const std::vector<StoreId>& stores, const PlacementGroup& before, size_t widest) {
  std::vector<MemberState> members(stores.size(), MemberState::kActive);
  for (size_t i = 0; i < stores.size() && i < widest; ++i) {
    const bool had_it = i < before.stores.size() && before.stores[i] == stores[i];
    if (!had_it || before.members[i] == MemberState::kBackfill) members[i] = MemberState::kBackfill;
  }
  return members;
}

// While a group is not whole, shards may stand where an older version wanted them.
std::vector<StoreId> PreviousOf(const PlacementGroup& before) {
  if (IsMutant(Mutant::kPreviousForgotten)) return {};
  std::vector<StoreId> previous = before.stores;
  for (const StoreId id : before.previous) {
    if (!Contains(previous, id)) previous.push_back(id);
  }
  previous.resize(std::min<size_t>(previous.size(), 2 * kMaxShards));
  return previous;
}

}  // namespace

Status CheckStore(const StoreInfo& store) {
  constexpr size_t kLongestName = 64;
  if (store.start.size() > kLongestName || store.start_before.size() > kLongestName)
    return InvalidArgumentError("the name of a start has at most 64 bytes");
  if (store.id.value != 0 && std::isfinite(store.weight) && store.weight > 0) return OkStatus();
  return InvalidArgumentError("a store needs an id and a positive weight");
}

Status CheckMembership(const std::vector<StoreInfo>& stores, const std::vector<PlacementGroup>& groups,
                       const PlacementFacts& facts, const StoreInfo& store) {
  const auto before = Find(stores, store.id);
  if (!facts.holds_data || before == stores.end() || before->state == store.state) return OkStatus();
  const uint32_t id = store.id.value;
  if (before->state == StoreState::kGone)
    return FailedPreconditionError(
        fmt::format("store {} was removed: start it under a number that was never used", id));
  if (store.state == StoreState::kDraining) {
    if (before->state == StoreState::kDown)
      return FailedPreconditionError(fmt::format("store {} is down, so nothing can be brought from it: remove it", id));
    const auto others = std::count_if(stores.begin(), stores.end(), [&](const StoreInfo& other) {
      return other.id != store.id && IsEligible(other);
    });
    if (others < facts.widest.n)
      return FailedPreconditionError(
          fmt::format("without store {} there are {} stores for encodings of {} shards: add {} before", id, others,
                      facts.widest.n, facts.widest.n - others));
  }
  if (store.state == StoreState::kGone && before->state != StoreState::kDown) {
    if (before->state != StoreState::kDraining)
      return FailedPreconditionError(fmt::format("store {} is in use: drain it, and remove it then", id));
    const auto count_on_it = std::count_if(groups.begin(), groups.end(), [&](const PlacementGroup& group) {
      if (IsMutant(Mutant::kRemovedBeforeEmpty)) return Contains(group.stores, store.id);
      return Contains(group.stores, store.id) || Contains(group.previous, store.id);
    });
    if (count_on_it > 0)
      return FailedPreconditionError(
          fmt::format("{} placement groups still count on store {}: wait until it is drained", count_on_it, id));
  }
  return OkStatus();
}

Status CheckRoom(const std::vector<StoreInfo>& stores, PlacementWidth before, PlacementWidth after) {
  std::map<std::string, int> domains;
  int usable = 0;
  for (const StoreInfo& store : stores) {
    if (!IsEligible(store)) continue;
    ++usable;
    ++domains[store.domain.empty() ? fmt::format("store {}", store.id.value) : store.domain];
  }
  if (usable < after.n)
    return FailedPreconditionError(
        fmt::format("{} stores are missing: encodings of {} shards need as many, and {} can be used", after.n - usable,
                    after.n, usable));
  // How many shards there is room for without more than max(1, m) of them in one domain.
  const auto room = [&](PlacementWidth width) {
    int shards = 0;
    for (const auto& [domain, count] : domains) shards += std::min(count, std::max(1, width.m));
    return shards;
  };
  if (room(before) < before.n || room(after) >= after.n) return OkStatus();
  const int most = std::max(1, after.m), missing = (after.n - room(after) + most - 1) / most;
  return FailedPreconditionError(fmt::format(
      "{} failure domains are missing: at most {} of {} shards may be in one, and {} domains have room for {}", missing,
      most, after.n, domains.size(), room(after)));
}

bool PlacementDependsOn(const std::vector<StoreInfo>& stores, const StoreInfo& store) {
  const auto before = Find(stores, store.id);
  if (before == stores.end()) return IsEligible(store);
  if (IsEligible(*before) != IsEligible(store)) return true;
  return IsEligible(store) && (before->weight != store.weight || before->domain != store.domain);
}

bool MayHaveAnotherDisk(const StoreInfo& known, const StoreInfo& store) {
  return !known.start.empty() && !store.start.empty() && store.start != known.start &&
         store.start_before != known.start;
}

StoreInfo Remembered(const std::vector<StoreInfo>& stores, StoreInfo store) {
  const auto known = std::find_if(stores.begin(), stores.end(), [&](const StoreInfo& s) { return s.id == store.id; });
  if (store.start.empty() && known != stores.end()) store.start = known->start;
  store.start_before.clear();
  return store;
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

std::vector<PlacementGroup> PlaceAnew(const std::vector<StoreInfo>& stores, const std::vector<PlacementGroup>& groups,
                                      const PlacementFacts& facts) {
  std::vector<StoreInfo> eligible_stores;
  std::copy_if(stores.begin(), stores.end(), std::back_inserter(eligible_stores), IsEligible);
  const std::vector<PlacementStore> eligible = PlacementStoresOf(eligible_stores);
  std::vector<PlacementGroup> changed;
  for (int number = 0; number < kPlacementGroups; ++number) {
    const auto group = static_cast<uint16_t>(number);
    const PlacementGroup before = groups.empty() ? PlacementGroup{} : groups[number];
    const bool fresh = before.version == 0 || !facts.holds_data;
    PlacementGroup after;
    after.group = group;
    after.version = before.version + 1;
    after.stores = ArrangeGroup(group, fresh ? std::vector<StoreId>() : before.stores, eligible, facts.widest);
    if (after.stores == before.stores && before.version > 0) continue;
    after.members.assign(after.stores.size(), MemberState::kActive);
    if (!fresh) {
      after.members = MembersOf(after.stores, before, static_cast<size_t>(facts.widest.n));
      after.previous = PreviousOf(before);
    }
    changed.push_back(std::move(after));
  }
  return changed;
}

std::vector<PlacementStore> PlacementStoresOf(const std::vector<StoreInfo>& stores) {
  std::vector<PlacementStore> placement;
  placement.reserve(stores.size());
  for (const StoreInfo& store : stores) {
    placement.push_back({store.id, store.domain, store.weight, store.state != StoreState::kGone});
  }
  return placement;
}

EncodingStores SelectShardStores(const ClusterMap& map, uint16_t group, int n, int m) {
  EncodingStores chosen;
  if (group >= map.groups.size()) return chosen;
  const PlacementGroup& members = map.groups[group];
  // Position decides, not whether a store is up: else every shard behind a dead store would be looked for elsewhere.
  std::vector<PlacementStore> stores;
  for (const StoreInfo& store : map.stores) stores.push_back({store.id, store.domain, 1, true});
  chosen.stores = SelectStores(members.stores, stores, n, m).stores;
  for (const auto& list : {members.stores, members.previous}) {
    for (const StoreId id : list) {
      if (!Contains(chosen.stores, id) && !Contains(chosen.others, id)) chosen.others.push_back(id);
    }
  }
  return chosen;
}

}  // namespace pbfs
