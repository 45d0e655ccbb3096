#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "tools/local/cluster_state.h"

namespace pbfs::local {

struct ProcessStatus {
  std::string name;
  ProcessKind kind = ProcessKind::kStore;
  int port = 0;
  pid_t pid = 0;  // 0: never started
  bool alive = false;
  bool ready = false;  // alive and accepting connections
  std::string role;    // of a PostgreSQL that is ready: "primary", "standby"; empty for others
  std::string log;
};

/// A whole PBFS on this machine for trying out, tests and crash tests: PostgreSQL with synchronous standbys, etcd, the
/// catalogs, the fragment stores, the garbage collector, the repairer, a gateway. Every connection is mutual TLS under a CA of its own. The processes outlive this object
/// and the program; the directory's state file finds them again.
///
/// Directory: cluster.json (state), tls/, keys/ (secrets, 0600), client/ (configuration and keys of a client), log/,
/// postgres-N/, etcd/, catalog-N/, store-N/, catalog-N.json, store-N.json, garbage-collector.json, repairer.json,
/// gateway.json.
///
/// Threads: one at a time. Several objects and programs may work on one directory: each reads the state file anew for every
/// call, and they exclude each other by a lock file while they change something.
/// Errors: those of each call; a process that does not come up gives UNAVAILABLE with the end of its log.
class LocalCluster {
 public:
  /// Makes a new cluster in an empty or missing directory; starts nothing.
  /// Errors: FAILED_PRECONDITION directory not empty, port in use; NOT_FOUND a program is missing; PERMISSION_DENIED
  /// the user that runs PostgreSQL cannot reach the directory; INVALID_ARGUMENT options.
  static Result<LocalCluster> Create(const Context& context, const LocalClusterOptions& options);
  /// The cluster of a directory. Errors: NOT_FOUND, DATA_LOSS (see LoadState()).
  static Result<LocalCluster> Open(const std::string& directory);

  /// Starts what does not run and waits until the cluster serves: all stores up and placement groups made.
  Status Up(const Context& context);
  /// Starts one process and waits until it serves. OK if it runs already.
  Status Start(const Context& context, const std::string& name);
  /// Sends a signal; after SIGKILL, SIGTERM, SIGINT and SIGQUIT waits until the process has ended. A PostgreSQL under
  /// Patroni is both, and all their children: see patroni_member.h.
  Status Kill(const Context& context, const std::string& name, int signal);
  /// Stops everything, clients of others first. Data stay.
  Status Down(const Context& context);
  /// Stops everything at once, without care for the data, and removes the directory.
  Status Purge(const Context& context);

  std::vector<ProcessStatus> Processes() const;
  const std::string& directory() const { return state_.options.directory; }
  const LocalClusterOptions& options() const { return state_.options; }
  /// The configuration file of a client, with its keys beside it.
  std::string client_config() const { return directory() + "/client/client.json"; }
  /// Where the gateway serves the object API by gRPC, host:port; empty: it does not. Its certificate is of this authority:
  std::string object_api() const;
  std::string ca_file() const;
  /// Directory of a process ("store-3"), for those who measure or spoil it. Errors: NOT_FOUND.
  Result<std::string> DataOf(const std::string& name) const;
  /// How to reach the SQL of node 1, 2 ... as superuser, for tests.
  std::string AdminConnectionString(int node) const;
  /// The same of whichever node is primary.
  std::string PrimaryConnectionString() const;

 private:
  explicit LocalCluster(ClusterState state) : state_(std::move(state)) {}
  Result<ManagedProcess*> Find(const std::string& name);
  Status StartOne(const Context& context, ManagedProcess& process);
  Status AwaitServing(const Context& context, ManagedProcess& process);
  Status StopAll(const Context& context, bool abruptly);
  Status StartKind(const Context& context, ProcessKind kind);
  Status AwaitKind(const Context& context, ProcessKind kind);
  Status StopKind(const Context& context, ProcessKind kind, bool abruptly);
  Status AwaitCluster(const Context& context);

  ClusterState state_;
};

/// Where `pbfs local` keeps its cluster unless told otherwise: PBFS_LOCAL_DIR, /var/lib/pbfs-local for root (whose home
/// the user that runs PostgreSQL may not enter), else ~/.pbfs-local.
std::string DefaultClusterDirectory();

}  // namespace pbfs::local
