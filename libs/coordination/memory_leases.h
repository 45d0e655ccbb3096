#pragma once

#include <map>
#include <string>
#include <vector>

#include "libs/base/sync.h"
#include "libs/coordination/leases.h"

namespace pbfs {

/// The twin: leases in memory that expire by MonotonicNow(), so by virtual time under a Scheduler. Threads: any.
/// SetAvailable(false) is what a coordinator that is down looks like: every call answers UNAVAILABLE, leases go on expiring.
class MemoryLeases final : public Leases {
 public:
  Status Acquire(const Context& context, const LeaseInfo& lease, Duration ttl) override;
  Status Renew(const Context& context, const LeaseInfo& lease, Duration ttl) override;
  Status Release(const Context& context, const LeaseInfo& lease) override;
  Result<std::vector<LeaseInfo>> List(const Context& context, const std::string& prefix) override;
  Result<int64_t> AwaitChange(const Context& context, const std::string& prefix, int64_t revision) override;

  void SetAvailable(bool available);

 private:
  struct Held {
    LeaseInfo info;
    MonotonicTime expires;
    int64_t revision;  // of its last change
  };
  Status Check(const Context& context) PBFS_REQUIRES(mutex_);
  void Expire() PBFS_REQUIRES(mutex_);
  void Changed(const std::string& key) PBFS_REQUIRES(mutex_);
  /// The newest change under `prefix`.
  int64_t RevisionOf(const std::string& prefix) PBFS_REQUIRES(mutex_);
  MonotonicTime NextExpiry(const std::string& prefix) PBFS_REQUIRES(mutex_);
  Held* Find(const LeaseInfo& lease) PBFS_REQUIRES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  bool available_ PBFS_GUARDED_BY(mutex_) = true;
  int64_t revision_ PBFS_GUARDED_BY(mutex_) = 1;
  std::map<std::string, Held> held_ PBFS_GUARDED_BY(mutex_);
  std::map<std::string, int64_t> last_change_ PBFS_GUARDED_BY(mutex_);  // of each key there ever was
};

}  // namespace pbfs
