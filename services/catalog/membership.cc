#include "services/catalog/membership.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

#include "libs/catalog/place_groups.h"

namespace pbfs::catalog {
namespace {

constexpr auto kCall = std::chrono::seconds(10);

using Stores = std::map<StoreId, StoreInfo>;

bool Serves(StoreState state) {
  return state != StoreState::kJoining && state != StoreState::kGone;  // or should
}

/// At least half of the stores that serve, or should, hold a lease.
bool MostAreSeen(const Stores& known, const Stores& leased) {
  int64_t serving = 0, seen = 0;
  for (const auto& [id, store] : known) {
    if (store.state != StoreState::kUp && store.state != StoreState::kSuspect) continue;
    ++serving;
    seen += leased.contains(id) ? 1 : 0;
  }
  return 2 * seen >= serving;
}

}  // namespace

Membership::Membership(Leases& leases, Groups& groups, Decode decode, const Options& options)
    : leases_(leases), groups_(groups), decode_(std::move(decode)), options_(options), thread_("membership", [this] {
        Run();
      }) {}

Membership::~Membership() {
  stop_.Stop();
  thread_.Join();
}

void Membership::Run() {
  constexpr auto kSlice = std::chrono::milliseconds(500);  // how long the destructor may have to wait
  int64_t revision = 0;
  StatusCode last = StatusCode::kOk;
  while (!stop_.stopped()) {
    // The revision is taken before the leases are read: what changes in between is seen again.
    const auto changed = leases_.AwaitChange(Context::WithTimeout(kCall), kStoreLeases, 0);
    Status status = changed.status();
    if (status.ok()) status = Reconcile(Context::WithTimeout(kCall));
    NoteLook(status);
    if (status.code() != last)
      spdlog::log(status.ok() ? spdlog::level::info : spdlog::level::warn, "membership: {}", status.ToString());
    last = status.code();
    if (!status.ok()) {
      stop_.Pause(options_.back_off);
      continue;
    }
    revision = *changed;
    const MonotonicTime until = MonotonicNow() + options_.look_every;
    while (!stop_.stopped() && MonotonicNow() < until) {
      const auto news = leases_.AwaitChange(Context::WithTimeout(kSlice), kStoreLeases, revision);
      if (news.status().code() != StatusCode::kDeadlineExceeded) break;
    }
  }
}

Membership::Look Membership::look() const {
  MutexLock lock(mutex_);
  return look_;
}

void Membership::NoteLook(const Status& status) {
  MutexLock lock(mutex_);
  look_ = {status, without_lease_};
}

Status Membership::Reconcile(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const auto leases, leases_.List(context, kStoreLeases));
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, groups_.WatchMap(context, -1));
  std::map<StoreId, StoreInfo> leased;
  for (const LeaseInfo& lease : leases) {
    Result<StoreInfo> store = decode_(lease);
    if (store.ok()) {
      leased[store->id] = *std::move(store);
    } else {
      spdlog::warn("lease {} of a store does not decode: {}", lease.key, store.status().message());
    }
  }
  std::map<StoreId, StoreInfo> known;
  for (const StoreInfo& store : map.stores) known[store.id] = store;
  for (const auto& [id, store] : leased) {
    if (known.contains(id)) continue;
    spdlog::info("store {} joins at {}", id.value, store.address);
    PBFS_RETURN_IF_ERROR(groups_.PutStore(context, store));
  }
  without_lease_ = std::count_if(known.begin(), known.end(), [&](const auto& store) {
    return Serves(store.second.state) && !leased.contains(store.first);
  });
  const bool most_are_seen = MostAreSeen(known, leased);
  for (const auto& [id, store] : known) {
    const auto found = leased.find(id);
    const auto wanted = Wanted(store, found == leased.end() ? nullptr : &found->second, most_are_seen);
    if (!wanted.has_value()) continue;
    if (MayHaveAnotherDisk(store, *wanted))
      spdlog::warn(
          "store {} may have another disk than it had, or an older state of it: all it should have is looked for",
          id.value);
    spdlog::info("store {} at {}: state {} to {}", id.value, wanted->address, static_cast<int>(store.state),
                 static_cast<int>(wanted->state));
    PBFS_RETURN_IF_ERROR(groups_.PutStore(context, *wanted));
  }
  return OkStatus();
}

std::optional<StoreInfo> Membership::Wanted(const StoreInfo& now, const StoreInfo* leased, bool may_go_down) {
  if (now.state == StoreState::kGone) return {};
  StoreInfo wanted = now;
  if (leased != nullptr) {
    missing_since_.erase(now.id);
    wanted = *leased;
    if (now.state == StoreState::kDraining) wanted.state = now.state;  // an administrator's decision
  } else if (now.state == StoreState::kUp || now.state == StoreState::kSuspect) {
    const MonotonicTime since = missing_since_.emplace(now.id, MonotonicNow()).first->second;
    const bool long_gone = MonotonicNow() - since >= options_.down_after;
    wanted.state = long_gone && may_go_down ? StoreState::kDown : StoreState::kSuspect;
  }
  return Remembered({now}, wanted) == now ? std::nullopt : std::optional(wanted);
}

}  // namespace pbfs::catalog
