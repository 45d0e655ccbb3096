#pragma once

#include <cstdint>

#include "libs/catalog/types.h"

namespace pbfs {

/// "joining", "up", "suspect", "down", "draining", "gone": what people and metrics are told of a store's state.
const char* NameOf(StoreState state);

/// Bodies with missing shards, whatever their margin.
int64_t DegradedBodies(const Redundancy& redundancy);
/// Bodies of which fewer than k shards are left.
int64_t UnreadableBodies(const Redundancy& redundancy);
/// Placement groups that still count on the store: 0 of one that is drained.
int64_t GroupsThatNeed(const ClusterMap& map, StoreId store);

}  // namespace pbfs
