#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/catalog/timelines.h"

namespace pbfs {

/// What Patroni (3.0 and later, over etcd v3) knows of failovers, from the keys that its members keep in etcd (libs/catalog/patroni.h);
/// writes none of them. The versions of its key `sync` are those that etcd still tells; a key that was made anew is no evidence.
///
/// What was remembered is a key of our own. It also has a place in the WAL that was acknowledged: a PostgreSQL that was
/// restored from a backup has left its timeline before that. etcd must keep its history as long as the catalogs may be away
/// (--auto-compaction-retention); what it has compacted nobody can judge.
class PatroniFailovers final : public FailoverManager {
 public:
  /// `cluster`: of Patroni's keys, its namespace and scope ("/patroni/pbfs/"). `own`: our key ("/pbfs/thawed").
  PatroniFailovers(const std::vector<std::string>& endpoints, const TransportSecurity& security, std::string cluster,
                   std::string own);
  ~PatroniFailovers() override;

  Status Remember(const Context& context, const WalPosition& at) override;
  Status Vouch(const Context& context, int32_t thawed, const WalPosition& now) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
