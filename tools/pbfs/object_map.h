#pragma once

#include <vector>

#include "libs/client/bucket.h"
#include "tools/pbfs/text_map.h"

namespace pbfs::cli {

/// The visible extents of an object, disjoint and by lo, as runs for the text map: patches are numbered by their order.
std::vector<MapRun> MapRunsOf(const std::vector<VisibleExtent>& extents, int64_t size);

}  // namespace pbfs::cli
