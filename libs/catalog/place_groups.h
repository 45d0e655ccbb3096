#pragma once

#include <vector>

#include "libs/base/status.h"
#include "libs/catalog/types.h"
#include "libs/model/placement.h"

/// How the stores of a site make its placement groups: what PutStore of every catalog does. Pure.
namespace pbfs {

/// Errors: INVALID_ARGUMENT no id, a weight that is no positive number.
Status CheckStore(const StoreInfo& store);

/// Would putting `store` among `stores` change any placement group? True if it becomes or stops being eligible, or an
/// eligible one changes its weight or failure domain.
bool PlacementDependsOn(const std::vector<StoreInfo>& stores, const StoreInfo& store);

/// Inserts or replaces `store`; `stores` are in the order of their ids. False if it was there just so.
bool PutInto(std::vector<StoreInfo>& stores, const StoreInfo& store);

/// The groups that change when `stores` are the site's: with a new version, members that were not there before as BACKFILL
/// (unless the group is new), the old list as `previous`. `groups`: all so far, by number; empty before the first placement.
std::vector<PlacementGroup> PlaceAnew(const std::vector<StoreInfo>& stores, const std::vector<PlacementGroup>& groups);

/// The stores as the placement of shards asks for them: all as `up`, for it asks where shards belong, not where they can go now.
std::vector<PlacementStore> PlacementStoresOf(const std::vector<StoreInfo>& stores);

}  // namespace pbfs
