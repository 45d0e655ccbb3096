#include "tools/pbfs/object_map.h"

#include <algorithm>
#include <map>

namespace pbfs::cli {

std::vector<MapRun> MapRunsOf(const std::vector<VisibleExtent>& extents, int64_t size) {
  std::map<Order, int64_t> rank;
  for (const VisibleExtent& extent : extents)
    if (extent.source.kind != SourceKind::kZeros) rank.emplace(extent.order, 0);
  int64_t next = 0;
  for (auto& [order, number] : rank) number = next++;
  std::vector<MapRun> runs;
  for (const VisibleExtent& extent : extents) {
    const bool zeros = extent.source.kind == SourceKind::kZeros;
    const MapRun run{extent.lo, std::min(extent.hi, size), zeros ? 0 : rank[extent.order], zeros};
    if (run.lo < run.hi) runs.push_back(run);
  }
  return runs;
}

}  // namespace pbfs::cli
