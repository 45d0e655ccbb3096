#include "libs/client/cluster_view.h"

#include <fmt/format.h>

#include "libs/client/retry.h"

namespace pbfs {

Result<std::shared_ptr<const ClusterMap>> ClusterView::Map(const Context& context) {
  {
    MutexLock lock(mutex_);
    const Duration age = MonotonicNow() - fetched_;
    const bool old = age > std::chrono::minutes(5) || (doubted_ && age > std::chrono::seconds(1));
    if (map_ != nullptr && !old) return map_;
    fetched_ = MonotonicNow();  // one thread asks; the others go on with what is known
    doubted_ = false;
  }
  Result<ClusterMap> fresh = RetryCall(context, random_, std::chrono::seconds(5),
                                       [&](const Context& attempt) { return groups_.WatchMap(attempt, -1); });
  MutexLock lock(mutex_);
  if (fresh.ok()) map_ = std::make_shared<const ClusterMap>(*std::move(fresh));
  if (map_ != nullptr) return map_;
  return fresh.status().Annotate("fetching the cluster map: ");
}

void ClusterView::Doubt() {
  MutexLock lock(mutex_);
  doubted_ = true;
}

void ClusterView::Suspect(StoreId store) {
  MutexLock lock(mutex_);
  suspects_[store] = MonotonicNow() + avoid_;
  doubted_ = true;
}

bool ClusterView::IsSuspect(StoreId store) const {
  MutexLock lock(mutex_);
  const auto found = suspects_.find(store);
  return found != suspects_.end() && MonotonicNow() < found->second;
}

int ClusterView::GoodStores(const ClusterMap&, const std::map<StoreId, bool>& up, const PlacementGroup& group, int n) const {
  int good = 0;
  for (size_t j = 0; j < group.stores.size() && j < static_cast<size_t>(n); ++j) {
    const auto store = up.find(group.stores[j]);
    good += store != up.end() && store->second;
  }
  return good;
}

Result<uint16_t> ClusterView::PickGroup(const Context& context, int n, int needed, const std::set<uint16_t>& tried) {
  PBFS_ASSIGN_OR_RETURN(const auto map, Map(context));
  if (map->groups.empty()) return UnavailableError("the cluster has no placement groups yet: are its stores up?");
  std::map<StoreId, bool> up;
  for (const StoreInfo& store : map->stores) {
    up[store.id] = (store.state == StoreState::kUp || store.state == StoreState::kSuspect) && !IsSuspect(store.id);
  }
  int best = -1;
  uint16_t best_group = 0;
  for (int attempt = 0; attempt < 256 && best < n; ++attempt) {
    const auto group = static_cast<uint16_t>(random_.Below(map->groups.size()));
    if (tried.contains(group)) continue;
    const int good = GoodStores(*map, up, map->groups[group], n);
    if (good > best) best = good, best_group = group;
  }
  if (best >= needed) return best_group;
  Doubt();
  return UnavailableError(fmt::format("a write needs {} stores of a placement group, and at most {} are up", needed, best));
}

}  // namespace pbfs
