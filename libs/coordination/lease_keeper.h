#pragma once

#include <functional>
#include <string>

#include "libs/base/stop_signal.h"
#include "libs/coordination/leases.h"

namespace pbfs {

/// Takes one lease and keeps it renewed on a thread of its own for as long as it lives: how a process says that it is
/// there. A coordinator that is down is waited for and stops nothing. Renewals come every third of `ttl`, give or take
/// a tenth, the first at a random point of its period: hundreds of processes that start together do not renew together.
/// Threads: any.
class LeaseKeeper {
 public:
  struct Options {
    Duration ttl = std::chrono::seconds(10);     // how long others believe in a process that died
    Duration attempt = std::chrono::seconds(3);  // time for one call
  };
  /// `leases` outlives this. Begins at once.
  LeaseKeeper(Leases& leases, LeaseInfo lease, const Options& options);
  /// Gives the lease up, as far as the coordinator answers in `attempt`.
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

  /// Whether the last attempt succeeded.
  bool Held() const;
  /// What the last attempt gave; OK if Held().
  Status LastStatus() const;

 private:
  void Run();
  Status Attempt();
  Duration Pause();

  Leases& leases_;
  const LeaseInfo lease_;
  const Options options_;
  mutable Mutex mutex_;
  bool held_ PBFS_GUARDED_BY(mutex_) = false;
  Status last_ PBFS_GUARDED_BY(mutex_) = UnavailableError("not tried yet");
  uint64_t rounds_ = 0;   // of the thread
  bool settled_ = false;  // of the thread: held, and not only since the last round
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs
