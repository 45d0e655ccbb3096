#pragma once

#include <vector>

#include "libs/base/status.h"
#include "libs/catalog/types.h"
#include "libs/model/placement.h"

/// How the stores of a site make its placement groups: what PutStore of every catalog does. Pure.
namespace pbfs {

/// Errors: INVALID_ARGUMENT no id, a weight that is no positive number, names of starts that are too long.
Status CheckStore(const StoreInfo& store);

/// What else the placement of a site depends on.
struct PlacementFacts {
  PlacementWidth widest;    // of the site's own scheme, those of its buckets, and those that bodies have from before
  bool holds_data = false;  // any body has an encoding; if not, nothing has to stay where it is
};

/// Which change of membership would cost redundancy (docs/design/repair.md): a drain that leaves fewer stores than the widest encoding
/// has shards; the removal of a store that is up, or that groups still count on after a drain; the return
/// of one that was removed.
/// Errors: FAILED_PRECONDITION, saying what is missing; none while the site holds no data.
Status CheckMembership(const std::vector<StoreInfo>& stores, const std::vector<PlacementGroup>& groups,
                       const PlacementFacts& facts, const StoreInfo& store);

/// Is there room for encodings `after`, where they have been `before` until now? The same count as for a drain. Failure domains too: if
/// the loss of one is survived now, it must be then.
/// Errors: FAILED_PRECONDITION, saying how many stores or failure domains are missing.
Status CheckRoom(const std::vector<StoreInfo>& stores, PlacementWidth before, PlacementWidth after);

/// Would putting `store` among `stores` change any placement group? True if it becomes or stops being eligible, or an
/// eligible one changes its weight or failure domain.
bool PlacementDependsOn(const std::vector<StoreInfo>& stores, const StoreInfo& store);

/// Is it uncertain that this store, known as `known`, still has what it had? Then its groups are to be checked anew.
bool MayHaveAnotherDisk(const StoreInfo& known, const StoreInfo& store);

/// What is remembered of `store`, which is put: without the start before its last one; the last one as it was, if it names none.
StoreInfo Remembered(const std::vector<StoreInfo>& stores, StoreInfo store);

/// Inserts or replaces `store`; `stores` are in the order of their ids. False if it was there just so.
bool PutInto(std::vector<StoreInfo>& stores, const StoreInfo& store);

/// The groups that change when `stores` are the site's (ArrangeGroup), with a new version. Where a store has a place that it had
/// not, it is BACKFILL, and the old list is remembered in `previous`, unless the site holds no data. `groups`: all so far, by number;
/// empty before the first placement.
std::vector<PlacementGroup> PlaceAnew(const std::vector<StoreInfo>& stores, const std::vector<PlacementGroup>& groups,
                                      const PlacementFacts& facts);

/// The stores as the placement of shards asks for them: all as `up`, for it asks where shards belong, not where they can go now.
std::vector<PlacementStore> PlacementStoresOf(const std::vector<StoreInfo>& stores);

/// The stores of one encoding: shard j belongs to stores[j]; `others` are the rest of the group, where a shard may have been
/// put under an older version of the group.
struct EncodingStores {
  std::vector<StoreId> stores;
  std::vector<StoreId> others;
};

/// The first n stores of a group with at most m of one failure domain; when there are too few domains for that, the rest is
/// filled up in order. The remaining stores of the group and its previous members go to `others`. Pure.
EncodingStores SelectShardStores(const ClusterMap& map, uint16_t group, int n, int m);

}  // namespace pbfs
