#pragma once

#include <string>

#include "libs/base/context.h"
#include "tools/local/cluster_state.h"

/// The steps that make a local cluster's files; LocalCluster puts them together.
namespace pbfs::local {

/// Certificates, secrets, databases and configuration files of a new cluster. Starts nothing that stays.
/// Errors: those of LocalCluster::Create().
Result<ClusterState> MakeCluster(const Context& context, LocalClusterOptions options);
/// Brings the schema up to date (pbfs-catalog migrate). Idempotent.
Status Migrate(const Context& context, const ClusterState& state);
/// Connection string of PostgreSQL node 1, 2 ... as superuser.
std::string AdminLogin(const ClusterState& state, int node);
/// The same of whichever node is primary.
std::string PrimaryLogin(const ClusterState& state);

/// The configuration of a service ("store-3") of the cluster in `directory`.
std::string ConfigFile(const std::string& directory, const std::string& name);

}  // namespace pbfs::local
