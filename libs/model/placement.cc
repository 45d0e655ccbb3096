#include "libs/model/placement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "libs/base/mutants.h"
#include "libs/crypto/primitives.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

constexpr double kTwo64 = 18446744073709551616.0;

/// ln((hash + 1) / (2^64 + 1)), to full precision at both ends: 1 - u = (2^64 - hash) / (2^64 + 1).
double LogOfFraction(uint64_t hash) {
  if (hash < uint64_t{1} << 63) return std::log((static_cast<double>(hash) + 1) / kTwo64);
  return std::log1p(-static_cast<double>(uint64_t{0} - hash) / kTwo64);
}

const PlacementStore* Find(std::span<const PlacementStore> stores, StoreId id) {
  const auto found =
      std::find_if(stores.begin(), stores.end(), [&](const PlacementStore& store) { return store.id == id; });
  return found == stores.end() ? nullptr : &*found;
}

std::string DomainOf(const PlacementStore& store) {
  // A name of one byte 0 and the id cannot be the name of a real domain.
  return store.domain.empty() ? std::string(1, '\0') + std::to_string(store.id.value) : store.domain;
}

}  // namespace

double RendezvousScore(uint16_t group, StoreId store, double weight) {
  Bytes message;
  ByteWriter writer(message);
  writer.U16(group);
  writer.U32(store.value);
  const Digest32 digest = B2({}, Salt{}, "PBFS1.place", message);
  return -weight / LogOfFraction(LoadLe<uint64_t>(digest.data()));
}

std::vector<StoreId> RankStores(uint16_t group, std::span<const PlacementStore> stores) {
  std::vector<std::pair<double, StoreId>> scored;
  for (const PlacementStore& store : stores) {
    if (store.weight > 0) scored.emplace_back(-RendezvousScore(group, store.id, store.weight), store.id);
  }
  std::sort(scored.begin(), scored.end());
  std::vector<StoreId> ranked;
  for (const auto& [score, id] : scored) {
    if (ranked.size() == kMaxShards) break;
    ranked.push_back(id);
  }
  return ranked;
}

namespace {

bool Contains(std::span<const StoreId> stores, StoreId id) {
  return std::find(stores.begin(), stores.end(), id) != stores.end();
}

// By a hash that has nothing to do with the rank: else the last place would be that of the store most likely to be replaced.
void Shuffle(uint16_t group, std::vector<StoreId>& stores) {
  const auto other = static_cast<uint16_t>(group | kPlacementGroups);
  std::sort(stores.begin(), stores.end(), [&](StoreId a, StoreId b) {
    return std::pair(RendezvousScore(other, a, 1), a) < std::pair(RendezvousScore(other, b, 1), b);
  });
}

}  // namespace

std::vector<StoreId> ArrangeGroup(uint16_t group, std::span<const StoreId> before,
                                  std::span<const PlacementStore> stores, PlacementWidth widest) {
  const std::vector<StoreId> ranked = RankStores(group, stores);
  std::vector<PlacementStore> all(stores.begin(), stores.end());
  for (PlacementStore& store : all) store.up = true;
  const std::vector<StoreId> chosen = SelectStores(ranked, all, widest.n, widest.m).stores;
  std::vector<std::optional<StoreId>> places(chosen.size());
  for (size_t i = 0; i < places.size() && i < before.size(); ++i) {
    if (Contains(chosen, before[i])) places[i] = before[i];
  }
  std::vector<StoreId> newcomers;
  for (const StoreId id : chosen) {
    if (std::find(places.begin(), places.end(), id) == places.end()) newcomers.push_back(id);
  }
  Shuffle(group, newcomers);
  std::vector<StoreId> arranged;
  for (auto newcomer = newcomers.begin(); const std::optional<StoreId>& place : places)
    arranged.push_back(place ? *place : *newcomer++);
  for (const StoreId id : ranked) {
    if (!Contains(chosen, id)) arranged.push_back(id);
  }
  return arranged;
}

StoreSelection SelectStores(std::span<const StoreId> group, std::span<const PlacementStore> stores, int n, int m) {
  StoreSelection selection;
  std::vector<StoreId> skipped;
  std::map<std::string, int> held;
  for (const StoreId id : group) {
    if (selection.stores.size() == static_cast<size_t>(n)) return selection;
    const PlacementStore* store = Find(stores, id);
    if (store == nullptr || !store->up) continue;
    int& shards = held[DomainOf(*store)];
    if (shards < std::max(1, m) || IsMutant(Mutant::kDomainsIgnored)) {
      ++shards;
      selection.stores.push_back(id);
    } else {
      skipped.push_back(id);
    }
  }
  for (const StoreId id : skipped) {
    if (selection.stores.size() == static_cast<size_t>(n)) break;
    selection.stores.push_back(id);
    selection.domains_kept = false;
  }
  return selection;
}

}  // namespace pbfs
