#pragma once

#include <array>
#include <string>
#include <string_view>

#include "services/operator/json.h"

/// How what is made for a cluster is called, labelled and reached. Services, users and selectors that can never change rely on it.
namespace pbfs::operators {

/// A kind of pods.
struct Part {
  const char* component;   // app.kubernetes.io/component
  const char* short_name;  // in names of objects
  const char* program;

  friend bool operator==(const Part& a, const Part& b) { return std::string_view(a.component) == b.component; }
};
inline constexpr Part kGateway{"gateway", "gateway", "pbfs-gateway"};
inline constexpr Part kCatalog{"catalog", "catalog", "pbfs-catalog"};
inline constexpr Part kFragmentStore{"fragment-store", "fs", "pbfs-fragment-store"};
inline constexpr Part kGarbageCollector{"garbage-collector", "gc", "pbfs-garbage-collector"};
inline constexpr Part kRepairer{"repairer", "repairer", "pbfs-repairer"};
// The programs of PBFS; every cluster has them all.
inline constexpr std::array<Part, 5> kParts{kGateway, kCatalog, kFragmentStore, kGarbageCollector, kRepairer};
// PostgreSQL where the operator runs it.
inline constexpr Part kPostgres{"postgres", "pg", "pbfs-postgres"};

// What makes backups of that, and what brings one back; nobody calls it.
inline constexpr Part kBackup{"backup", "pg-backup", "pbfs-backup"};

inline constexpr const char* kClusterLabel = "pbfs.dev/cluster";
inline constexpr const char* kComponentLabel = "app.kubernetes.io/component";
inline constexpr const char* kPoolLabel = "pbfs.dev/pool";
inline constexpr const char* kShardLabel = "pbfs.dev/shard";
// Of the pods of managed PostgreSQL, for Patroni, which finds its members by the first and says who is primary by the other.
inline constexpr const char* kScopeLabel = "pbfs.dev/postgres";
inline constexpr const char* kRoleLabel = "pbfs.dev/role";
inline constexpr const char* kDashboardLabel = "grafana_dashboard";  // by which Grafana's sidecar finds them
inline constexpr const char* kSpecHash = "pbfs.dev/spec-hash";       // annotation of every object
inline constexpr const char* kConfigHash =
    "pbfs.dev/config-hash";  // annotation of pods: a changed configuration restarts them
// Annotation of a PBFSCluster, handed on to its pods: another value restarts all of them, in order.
inline constexpr const char* kRestartedAt = "pbfs.dev/restartedAt";

// Bounds of names. A StatefulSet's ends in the label that holds its revision, which adds 11 characters to at most 63.
inline constexpr size_t kMaxClusterName = 30;
inline constexpr size_t kMaxStatefulSetName = 52;

// Ports of containers.
inline constexpr int kS3Port = 9000;
inline constexpr int kGrpcPort = 9001;
inline constexpr int kHealthPort = 9080;  // of the gateway; it shows no more than that it is well
inline constexpr int kMetricsPort = 9090;
inline constexpr int kStorePort = 9100;
inline constexpr int kCatalogPort = 9200;
inline constexpr int kPostgresPort = 5432;
inline constexpr int kPatroniPort = 8008;

// Where pods find what they are given. Volumes are called as the folders.
inline constexpr std::array<std::string_view, 4> kOwnPaths{"/etc/pbfs", "/tmp", "/var/lib/pbfs", "/var/run/secrets"};
inline constexpr std::array<std::string_view, 11> kOwnVolumes{
    "account", "client-keys", "config", "data", "database", "domains", "etcd-tls", "keys", "s3-tls", "tls", "tmp"};
inline constexpr std::array<std::string_view, 8> kOwnVariables{"NODE_NAME",
                                                               "PATRONI_KUBERNETES_POD_IP",
                                                               "PATRONI_NAME",
                                                               "PATRONI_POSTGRESQL_CONNECT_ADDRESS",
                                                               "PATRONI_RESTAPI_CONNECT_ADDRESS",
                                                               "PGSSLMODE",
                                                               "PGSSLROOTCERT",
                                                               "POD_NAME"};

/// The topology key of a failure domain that is a node: its name is known to each pod.
inline constexpr std::string_view kNodeDomain = "kubernetes.io/hostname";

/// Whether only the operator sets this label: a selector or a tool for all clusters relies on it.
bool IsOwnLabel(std::string_view key);

/// Whether only the operator sets this parameter of managed PostgreSQL: with another value an acknowledged write could be lost, a
/// stranger could enter, or Patroni could not work. PostgreSQL takes names in any case.
bool IsOwnParameter(std::string_view name);

/// The pods of all pools, all shards, or of a part without such. `shard` and `pool` narrow it down.
Json Selector(const std::string& cluster, const Part& part);
Json PoolSelector(const std::string& cluster, const std::string& pool);
Json ShardSelector(const std::string& cluster, int shard);
Json PostgresSelector(const std::string& cluster, int shard);

/// "demo-gc"
std::string NameOf(const std::string& cluster, const Part& part);
/// "demo-fs-hot", "demo-catalog-0", "demo-pg-0"
std::string PoolName(const std::string& cluster, const std::string& pool);
std::string ShardName(const std::string& cluster, int shard);
std::string PostgresName(const std::string& cluster, int shard);

/// "demo-pg-0-backup": the CronJob, and what its pods are told.
std::string BackupName(const std::string& cluster, int shard);

/// "demo-domains": a ConfigMap that says of each node, by its name, which failure domain it is in. Only where nodes are not the domains.
std::string DomainsName(const std::string& cluster);

/// [a-z0-9-], beginning and ending without '-', at most 63 (RFC 1123).
bool IsDnsLabel(std::string_view text);

}  // namespace pbfs::operators
