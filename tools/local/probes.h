#pragma once

#include "libs/base/context.h"
#include "tools/local/cluster_state.h"

/// Whether parts of a cluster serve.
namespace pbfs::local {

/// One look: PostgreSQL answers a query (a standby only once it streams), etcd is healthy, catalogs and
/// stores accept connections.
bool IsServing(const Context& context, const ClusterState& state, const ManagedProcess& process);
/// "primary" or "standby" of a PostgreSQL, by its own word; empty for other processes and while it does not answer.
std::string RoleOf(const Context& context, const ClusterState& state, const ManagedProcess& process);
/// Waits until the catalog says that every store is up and the placement groups hold them all.
Status AwaitStoresUp(const Context& context, const ClusterState& state);
/// Of a member of Patroni: waits until it may follow a primary that is gone, or is the primary; nothing of other processes. It takes
/// some of Patroni's rounds after the member has begun to stream. A primary that is gone before has no successor until it is back.
Status AwaitFitToSucceed(const Context& context, const ClusterState& state, const ManagedProcess& process);

}  // namespace pbfs::local
