#pragma once

#include <map>
#include <string>

#include "libs/base/random.h"
#include "services/operator/render.h"

/// Clusters for tests.
namespace pbfs::operators {

/// One pool of three stores, and every default.
Json SmallestSpec();
/// 4+2 over three zones, two pools.
Json ProductionSpec();
/// Everything that can be switched, switched.
Json EverythingSpec();
/// A valid spec that this release supports. The same for the same state of `random`.
Json RandomSpec(Random& random);

/// What the operator would know of such a cluster on three nodes in three zones.
ClusterIntent IntentOf(const Json& spec);

}  // namespace pbfs::operators
