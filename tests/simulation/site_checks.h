#pragma once

#include "tests/simulation/site.h"

namespace pbfs::simulation {

/// The catalog says that every shard stands at its place: each is there, sound, and fits the others of its body.
void CheckEverythingIsWhole(Site& site);

/// The catalog has let this store go: no body has fewer shards without it than the catalog counts.
void CheckMayBeRemoved(Site& site, const SimulatedStore& store);

/// Nobody is at work, time enough has passed, and `object` is the only one left: each body is named by an extent of it, and each fragment
/// in a store is of such a body.
void CheckNothingIsLeftOver(Site& site, BucketId bucket, ObjectId object);

}  // namespace pbfs::simulation
