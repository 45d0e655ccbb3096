#include "libs/client/cluster_view.h"

#include <algorithm>

#include <fmt/format.h>

namespace pbfs {
namespace {

constexpr int kGroupDraws = 64;

bool IsUp(const ClusterMap& map, StoreId id) {
  const StoreInfo* const store = map.FindStore(id);
  return store != nullptr && (store->state == StoreState::kUp || store->state == StoreState::kSuspect);
}

int CountDown(const ClusterMap& map, const std::vector<StoreId>& stores) {
  return static_cast<int>(std::count_if(stores.begin(), stores.end(), [&](StoreId id) { return !IsUp(map, id); }));
}

}  // namespace

Result<SiteId> ClusterView::Site(const Context& context) {
  if (const auto map = maps_.Last()) return map->site;
  PBFS_ASSIGN_OR_RETURN(const auto map, Map(context));
  return map->site;
}

int ClusterView::UnusableStores(const ClusterMap& map, const std::vector<StoreId>& stores) const {
  return static_cast<int>(
      std::count_if(stores.begin(), stores.end(), [&](StoreId id) { return !IsUp(map, id) || IsBad(id); }));
}

Result<uint16_t> ClusterView::ChooseGroup(const Context& context, int n, int m, int required) {
  PBFS_ASSIGN_OR_RETURN(const auto map, Map(context));
  if (map->groups.empty())
    return UnavailableError("the cluster has no placement groups yet: no fragment store has joined");
  int fewest = n;
  // A client that found nearly all stores slow goes by the map alone: they may be busy with everybody's work.
  for (const bool by_memory : {true, false}) {
    const auto unusable_of = [&](uint16_t group) {
      const EncodingStores chosen = SelectShardStores(*map, group, n, m);
      return n - static_cast<int>(chosen.stores.size()) +
             (by_memory ? UnusableStores(*map, chosen.stores) : CountDown(*map, chosen.stores));
    };
    uint16_t best = static_cast<uint16_t>(random_.Below(map->groups.size()));
    fewest = unusable_of(best);
    for (int draw = 0; draw < kGroupDraws && fewest > 0; ++draw) {
      const uint16_t group = static_cast<uint16_t>(random_.Below(map->groups.size()));
      const int unusable = unusable_of(group);
      if (unusable < fewest) best = group, fewest = unusable;
    }
    // Few groups may qualify when stores are down: look at all before giving up.
    for (uint16_t group = 0; group < map->groups.size() && n - fewest < required; ++group) {
      const int unusable = unusable_of(group);
      if (unusable < fewest) best = group, fewest = unusable;
    }
    if (n - fewest >= required) return best;
  }
  return NoUsableGroup(required, n, n - fewest);
}

Status ClusterView::NoUsableGroup(int required, int n, int usable) const {
  const std::string what =
      fmt::format("no placement group has {} usable stores of {}; the best has {}", required, n, usable);
  MutexLock lock(mutex_);
  for (const auto& [store, bad] : bad_) {
    const bool full = bad.why.code() == StatusCode::kResourceExhausted;
    if (full && MonotonicNow() < bad.until) return bad.why.Annotate(fmt::format("{}; store {}", what, store.value));
  }
  return UnavailableError(what + ": bring stores back");
}

Result<EncodingStores> ClusterView::StoresOf(const Context& context, uint16_t group, int n, int m) {
  PBFS_ASSIGN_OR_RETURN(const auto map, Map(context));
  return SelectShardStores(*map, group, n, m);
}

void ClusterView::MarkBad(StoreId store, const Status& why) {
  MutexLock lock(mutex_);
  bad_[store] = {MonotonicNow() + bad_store_memory_, why};
}

void ClusterView::MarkGood(StoreId store) {
  MutexLock lock(mutex_);
  bad_.erase(store);
}

bool ClusterView::IsBad(StoreId store) const {
  MutexLock lock(mutex_);
  const auto found = bad_.find(store);
  return found != bad_.end() && MonotonicNow() < found->second.until;
}

Result<Buffer> ClusterView::Token(const Context& context, BucketId bucket) {
  if (tokens_ == nullptr) return Buffer();
  {
    MutexLock lock(mutex_);
    const auto found = token_cache_.find(bucket);
    if (found != token_cache_.end() && MonotonicNow() < found->second.renew_at) return found->second.token;
  }
  PBFS_ASSIGN_OR_RETURN(const TokenGrant grant,
                        tokens_->IssueToken(context, subject_, bucket, kTokenGet | kTokenPut | kTokenList));
  clock_.ObserveCatalogTime(grant.now_ms);
  const auto half_life = std::chrono::milliseconds(std::max<int64_t>(0, (grant.not_after_ms - grant.now_ms) / 2));
  MutexLock lock(mutex_);
  token_cache_[bucket] = {grant.token, MonotonicNow() + half_life};
  return grant.token;
}

void ClusterView::ForgetToken(BucketId bucket) {
  MutexLock lock(mutex_);
  token_cache_.erase(bucket);
}

}  // namespace pbfs
