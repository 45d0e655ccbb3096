#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/coordination/leases.h"

namespace pbfs {

/// Leases kept by etcd (v3 API, 3.4 and later). A lease is a key `<prefix><lease.key>` attached to an etcd lease of its own,
/// with the holder and the value in it; taking one is a transaction on the key's revision. Times to live are whole seconds,
/// rounded up; etcd raises short ones to its own least.
/// Threads: any. A call asks each endpoint once before it answers UNAVAILABLE.
class EtcdLeases final : public Leases {
 public:
  /// Connects lazily. `endpoints`: host:port of members, at least one. `prefix`: of all keys of this cluster.
  EtcdLeases(const std::vector<std::string>& endpoints, const TransportSecurity& security,
             std::string prefix = "/pbfs/");
  ~EtcdLeases() override;

  Status Acquire(const Context& context, const LeaseInfo& lease, Duration ttl) override;
  Status Renew(const Context& context, const LeaseInfo& lease, Duration ttl) override;
  Status Release(const Context& context, const LeaseInfo& lease) override;
  Result<std::vector<LeaseInfo>> List(const Context& context, const std::string& prefix) override;
  Result<int64_t> AwaitChange(const Context& context, const std::string& prefix, int64_t revision) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
