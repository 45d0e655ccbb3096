#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "libs/base/ids.h"

/// Where the shards of an encoding go (format, section 16). Pure.
namespace pbfs {

/// What placement knows of a store.
struct PlacementStore {
  StoreId id;
  std::string domain;  // failure domain, for instance a host; empty: the store is a domain of its own
  double weight = 1;   // its share; 0 or less: not eligible for new groups
  bool up = true;      // may take new fragments
};

/// Rendezvous score of a store for a group: -weight / ln(u), u = (first 8 bytes, little-endian, of
/// B2(zero salt, "PBFS1.place", LE16 group ‖ LE32 store) + 1) / (2^64 + 1). Positive; the greatest comes first.
double RendezvousScore(uint16_t group, StoreId store, double weight);

/// The stores that may be in a placement group: all eligible ones (weight > 0, up or not) by descending score, equal ones by id, at
/// most kMaxShards. Depends on nothing else, so adding or removing one of N stores changes about 1/N of all sets of first stores,
/// and any two processes agree.
std::vector<StoreId> RankStores(uint16_t group, std::span<const PlacementStore> stores);

/// How wide the encodings of a site are: the most shards of one, and the fewest that one can lose.
struct PlacementWidth {
  int n = 1;
  int m = 0;
};

/// The list of a placement group, made anew from the one before: the same places for as many stores as possible, because a shard
/// stands at the place of its number (SelectStores). The first `widest.n` places hold the stores that rendezvous chooses, at most
/// max(1, m) of a failure domain where there are enough; who stays keeps its place, who comes takes the place of one who goes. So a
/// store that comes or goes moves its own share and nothing else (ADR 0011). The rest of RankStores' list follows in its order.
/// Without a list before, the first places are shuffled by hash, so that each store has its share of every place.
std::vector<StoreId> ArrangeGroup(uint16_t group, std::span<const StoreId> before,
                                  std::span<const PlacementStore> stores, PlacementWidth widest);

/// Which stores take the n shards of an encoding: shard j goes to stores[j].
struct StoreSelection {
  std::vector<StoreId>
      stores;                // n of them, or fewer if fewer are up: then write to another group, or with shards missing
  bool domains_kept = true;  // no failure domain holds more than max(1, m) of them
};

/// Walks down the group's list, skips stores that are not up or not in `stores`, and a domain that already holds max(1, m)
/// shards (m = n - k: so the loss of a domain is survived). If that gives fewer than n, because there are too few domains,
/// the skipped stores fill up in the order of the list, and domains_kept is false: redundancy against single stores
/// is worth more than a refused write; say it to the administrator.
StoreSelection SelectStores(std::span<const StoreId> group, std::span<const PlacementStore> stores, int n, int m);

}  // namespace pbfs
