#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs {

/// A live holder of a lease: `key` names the role or the process ("stores/7"), `value` says what others need to know.
struct LeaseInfo {
  std::string key;
  std::string holder;  // unique per process life
  std::string value;
  friend bool operator==(const LeaseInfo&, const LeaseInfo&) = default;
};

/// What the keys of fragment stores begin with; "stores/<id>".
inline constexpr const char* kStoreLeases = "stores/";

/// Who lives, by leases of an outside coordinator (etcd; a Kubernetes API server): membership and agreement are never
/// ours. A lease never fences: what protects data is an epoch in PostgreSQL. Losing the coordinator freezes membership
/// and stops nothing. Threads: any. Blocking, bounded by context.deadline. Implementations: MemoryLeases, EtcdLeases,
/// KubeLeases. A lease has expired when nobody renewed it for its time to live. Clients may come to know that at
/// different times: one that keeps time by itself (KubeLeases) only after it has watched the lease for that long.
class Leases {
 public:
  virtual ~Leases() = default;
  /// Takes `lease.key` for `ttl` if it is free, expired or already held by `lease.holder`.
  /// Errors: ALREADY_EXISTS held by another (detail holder); UNAVAILABLE.
  virtual Status Acquire(const Context& context, const LeaseInfo& lease, Duration ttl) = 0;
  /// Prolongs it, with a value that may have changed. Errors: ABORTED it is lost (acquire again); UNAVAILABLE: try
  /// again.
  virtual Status Renew(const Context& context, const LeaseInfo& lease, Duration ttl) = 0;
  /// Gives it up; harmless if it is lost.
  virtual Status Release(const Context& context, const LeaseInfo& lease) = 0;
  /// The live leases whose key begins with `prefix`, by key.
  virtual Result<std::vector<LeaseInfo>> List(const Context& context, const std::string& prefix) = 0;
  /// Blocks until the leases under `prefix` may have changed since `revision` (returned by the call before; 0 at first:
  /// answers at once) or the deadline comes. Level-based: the caller lists afterwards. Returns the new revision.
  /// Errors: DEADLINE_EXCEEDED nothing changed; UNAVAILABLE.
  virtual Result<int64_t> AwaitChange(const Context& context, const std::string& prefix, int64_t revision) = 0;
};

}  // namespace pbfs
