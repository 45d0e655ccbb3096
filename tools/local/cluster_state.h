#pragma once

#include <string>
#include <vector>

#include "tools/local/process.h"

namespace pbfs::local {

enum class ProcessKind { kPostgres, kPatroni, kEtcd, kCatalog, kStore, kGarbageCollector, kRepairer, kGateway };
const char* ProcessKindName(ProcessKind kind);

/// Who runs PostgreSQL. kPlain: we do, one primary and a standby that nobody promotes. kPatroni: three members under
/// Patroni, which promotes another one when the primary is gone.
enum class PostgresKind { kPlain, kPatroni };
const char* PostgresKindName(PostgresKind kind);

/// A process of the cluster: how to start it, and the one that was started last.
struct ManagedProcess {
  std::string name;  // "store-3": what `local kill` and `local start` are told
  ProcessKind kind = ProcessKind::kStore;
  int port = 0;         // where it serves, on 127.0.0.1
  int health_port = 0;  // its metrics over HTTP; 0: it has none
  std::string data;     // its directory
  CommandSpec command;
  ProcessRef process;  // pid 0: never started
};

struct LocalClusterOptions {
  std::string directory;
  int stores = 8;                                // 1..48, each its own failure domain
  int catalogs = 2;                              // 1: no standby; 2: a synchronous standby with a catalog beside it
  int base_port = 0;                             // first of consecutive ports; 0: any free ones
  PostgresKind postgres = PostgresKind::kPlain;  // kPatroni: with two catalogs
};
/// How many servers of PostgreSQL there are: "postgres-1" ...
int PostgresServers(const LocalClusterOptions& options);

/// What is known of a cluster between two runs of the command line; <directory>/cluster.json, mode 0600.
struct ClusterState {
  LocalClusterOptions options;
  std::vector<ManagedProcess> processes;  // in the order in which they start
};

std::string StatePath(const std::string& directory);
/// Errors: NOT_FOUND no cluster in that directory; DATA_LOSS a file that is none of ours, naming what is wrong in it.
Result<ClusterState> LoadState(const std::string& directory);
Status SaveState(const ClusterState& state);

}  // namespace pbfs::local
