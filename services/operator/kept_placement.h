#pragma once

#include <vector>

#include "services/operator/live_objects.h"
#include "services/operator/render.h"

namespace pbfs::operators {

/// Render(intent), but a StatefulSet whose pods would be the same if there were more nodes, or fewer, keeps how strictly it spreads them. So
/// nodes that come, go, or are cordoned restart no pod; with the next change of the pods it follows what there is then.
std::vector<Json> RenderKeepingPlacement(const ClusterIntent& intent, const LiveObjects& live);

}  // namespace pbfs::operators
