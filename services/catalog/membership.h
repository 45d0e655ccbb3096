#pragma once

#include <functional>
#include <map>
#include <optional>

#include "libs/base/stop_signal.h"
#include "libs/catalog/catalog.h"
#include "libs/coordination/leases.h"

namespace pbfs::catalog {

/// Turns the leases of stores into states of the cluster map: a store with a lease is UP, where its lease says; one that lost
/// it is SUSPECT, and after `down_after` DOWN, unless more than half of all have: then it is most likely the coordinator that lost its
/// memory, and nobody goes DOWN. Draining and removed stores are left alone. Level-based: it compares all leases
/// with the whole map and writes the difference, so several catalogs may do it at once.
/// A coordinator or database that is away freezes membership and stops nothing. Threads: one of its own.
class Membership {
 public:
  struct Options {
    Duration down_after = std::chrono::minutes(15);
    Duration look_every = std::chrono::seconds(5);  // even if no lease changed
    Duration back_off = std::chrono::seconds(1);    // after an error
  };
  /// How the last look went.
  struct Look {
    Status status = UnavailableError("not looked yet");  // of coordinator and catalog
    int64_t without_lease = 0;                           // stores that serve, or should, and hold none
  };
  /// What a lease "stores/<id>" says of its store; one that does not decode is passed over.
  using Decode = std::function<Result<StoreInfo>(const LeaseInfo&)>;

  /// `leases` and `groups` outlive this. Begins at once.
  Membership(Leases& leases, Groups& groups, Decode decode, const Options& options);
  ~Membership();
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  Look look() const;

 private:
  void Run();
  Status Reconcile(const Context& context);
  void NoteLook(const Status& status);
  /// The row that a store should have, if another than it has.
  std::optional<StoreInfo> Wanted(const StoreInfo& now, const StoreInfo* leased, bool may_go_down);

  Leases& leases_;
  Groups& groups_;
  const Decode decode_;
  const Options options_;
  int64_t without_lease_ = 0;                       // at the last look that succeeded; the thread's alone
  std::map<StoreId, MonotonicTime> missing_since_;  // of stores without a lease; the thread's alone
  mutable Mutex mutex_;
  Look look_ PBFS_GUARDED_BY(mutex_);
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::catalog
