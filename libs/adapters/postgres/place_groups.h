#pragma once

#include <vector>

#include "libs/catalog/types.h"

namespace pbfs {

/// Would putting `store` among `stores` change any placement group? True if it becomes or stops being eligible, or an
/// eligible one changes its weight or failure domain.
bool PlacementDependsOn(const std::vector<StoreInfo>& stores, const StoreInfo& store);

/// Inserts or replaces `store`; `stores` are in the order of their ids. False if it was there just so.
bool PutInto(std::vector<StoreInfo>& stores, const StoreInfo& store);

/// The groups that change when `stores` are the site's: with a new version, members that were not there before as BACKFILL
/// (unless the group is new), the old list as `previous`. `groups`: all so far, by number; empty before the first placement.
std::vector<PlacementGroup> PlaceAnew(const std::vector<StoreInfo>& stores, const std::vector<PlacementGroup>& groups);

}  // namespace pbfs
