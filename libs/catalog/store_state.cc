#include "libs/catalog/store_state.h"

#include <algorithm>
#include <vector>

namespace pbfs {

const char* NameOf(StoreState state) {
  switch (state) {
    case StoreState::kJoining: return "joining";
    case StoreState::kUp: return "up";
    case StoreState::kSuspect: return "suspect";
    case StoreState::kDown: return "down";
    case StoreState::kDraining: return "draining";
    case StoreState::kGone: return "gone";
  }
  return "unknown";
}

int64_t DegradedBodies(const Redundancy& redundancy) {
  int64_t bodies = 0;
  for (const auto& [margin, count] : redundancy.degraded) bodies += count;
  return bodies;
}

int64_t UnreadableBodies(const Redundancy& redundancy) {
  int64_t bodies = 0;
  for (const auto& [margin, count] : redundancy.degraded)
    if (margin < 0) bodies += count;
  return bodies;
}

int64_t GroupsThatNeed(const ClusterMap& map, StoreId store) {
  const auto names = [&](const std::vector<StoreId>& list) {
    return std::find(list.begin(), list.end(), store) != list.end();
  };
  return std::count_if(map.groups.begin(), map.groups.end(),
                       [&](const PlacementGroup& group) { return names(group.stores) || names(group.previous); });
}

}  // namespace pbfs
