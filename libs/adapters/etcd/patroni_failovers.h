#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/catalog/timelines.h"

namespace pbfs {

/// What Patroni (3.0 and later, over etcd v3) knows of failovers, from the keys that its members keep in etcd; writes none
/// of them.
///
/// In synchronous mode Patroni promotes only a member that the key `sync` names, as the primary of before or as one of its
/// synchronous standbys: that is where every acknowledged commit is. It writes the key before it promotes. So the versions of
/// the key since a moment when all was well, which etcd still tells, say whether each primary since then took over from one
/// whose standby it was. What Patroni does otherwise when it is told to (a failover to an asynchronous member, synchronous
/// mode switched off for a while) shows as a primary that was not named, or as a key that was made anew.
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
