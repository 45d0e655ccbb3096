#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/operator/json.h"
#include "services/operator/quantity.h"

/// The spec of a PBFSCluster as plain structs. Fields, bounds and defaults are those of
/// operator-manifests/crds/pbfsclusters.yaml, which says what each is for; the defaults stand here again because an object may
/// come from a server that did not fill them in. Members that are Json are handed on as they are: null where not given.
namespace pbfs::operators {

/// Something that is wrong with a spec.
struct Violation {
  std::string path;     // "spec.gateway.replicas"
  std::string message;  // what to do about it
  friend bool operator==(const Violation&, const Violation&) = default;
};
using Violations = std::vector<Violation>;

using Quantities = std::map<std::string, Quantity>;

struct Resources {
  Quantities requests, limits;
  friend bool operator==(const Resources&, const Resources&) = default;
};

/// What users lay over the pods of a component.
struct PodOverrides {
  StringMap labels, annotations, node_selector;
  Json tolerations;                  // array
  Json affinity;                     // object
  Json topology_spread_constraints;  // array, without labelSelector
  std::string priority_class_name;
  std::optional<int64_t> termination_grace_period_seconds;
  Json env;                  // array
  Json extra_volumes;        // array
  Json extra_volume_mounts;  // array
  friend bool operator==(const PodOverrides&, const PodOverrides&) = default;
};

struct Component {
  int replicas = 0;
  Resources resources;
  PodOverrides pod;
  StringMap config;  // settings of the service, by path: "limits.threads"
  friend bool operator==(const Component&, const Component&) = default;
};

struct Storage {
  Quantity size;
  std::optional<std::string> storage_class_name;
  friend bool operator==(const Storage&, const Storage&) = default;
};

struct RedundancySpec {
  int data_shards = 1;    // k
  int parity_shards = 2;  // m
  std::optional<int> min_write_shards;
  std::string failure_domain = "kubernetes.io/hostname";
  friend bool operator==(const RedundancySpec&, const RedundancySpec&) = default;
};

struct Etcd {
  std::vector<std::string> endpoints;
  std::string tls_secret;  // empty: none
  std::string prefix = "/pbfs/";
  friend bool operator==(const Etcd&, const Etcd&) = default;
};

struct Coordination {
  std::string mode = "KubernetesLease";
  int lease_duration_seconds = 30;
  int renew_period_seconds = 10;
  std::optional<Etcd> etcd;
  friend bool operator==(const Coordination&, const Coordination&) = default;
};

struct GatewayService {
  std::string type = "ClusterIP";
  StringMap annotations;
  std::string load_balancer_class;
  std::vector<std::string> load_balancer_source_ranges;
  std::string external_traffic_policy;
  friend bool operator==(const GatewayService&, const GatewayService&) = default;
};

struct Gateway : Component {
  int s3_port = 9000;
  std::string region = "us-east-1";
  std::vector<std::string> domains;
  int grpc_port = 9001;
  GatewayService service;
  friend bool operator==(const Gateway&, const Gateway&) = default;
};

struct Pool : Component {
  std::string name;
  Storage storage;
  int volumes_per_store = 1;
  int weight = 100;
  friend bool operator==(const Pool&, const Pool&) = default;
};

struct StoresSpec {
  std::vector<Pool> pools;
  std::string when_scaled = "Retain", when_deleted = "Retain";
  int min_free_percent_after = 15;
  int max_concurrent = 1;
  int64_t progress_deadline_seconds = 3600;
  int max_unavailable = 1;
  friend bool operator==(const StoresSpec&, const StoresSpec&) = default;
};

struct Catalog : Component {
  int shards = 1;
  friend bool operator==(const Catalog&, const Catalog&) = default;
};

struct GarbageCollector : Component {
  int64_t grace_period_seconds = 86400;
  bool suspended = false;
  friend bool operator==(const GarbageCollector&, const GarbageCollector&) = default;
};

struct Repairer : Component {
  std::optional<Quantity> bandwidth_limit;  // bytes a second
  bool suspended = false;
  friend bool operator==(const Repairer&, const Repairer&) = default;
};

/// Where backups are: fields that are empty are those of the Secret.
struct BackupPlace {
  std::string endpoint, bucket, prefix, region;
  std::string credentials_secret;
  friend bool operator==(const BackupPlace&, const BackupPlace&) = default;
};

struct CatalogBackup {
  std::string schedule;  // of cron, in UTC
  BackupPlace s3;
  int keep = 7;
  bool suspended = false;
  friend bool operator==(const CatalogBackup&, const CatalogBackup&) = default;
};

struct CatalogRestore {
  std::string backup = "latest";  // or its name
  BackupPlace s3;
  friend bool operator==(const CatalogRestore&, const CatalogRestore&) = default;
};

struct ManagedPostgres {
  int instances = 3;
  int synchronous_standbys = 1;
  std::string image;
  std::optional<Storage> storage;
  Resources resources;
  PodOverrides pod;
  StringMap parameters;
  std::optional<CatalogBackup> backup;
  std::optional<CatalogRestore> restore;  // what a cluster without a database begins with
  friend bool operator==(const ManagedPostgres&, const ManagedPostgres&) = default;
};

struct CloudNativePG {
  int instances = 3;
  int synchronous_replicas = 1;
  std::string image_name;
  std::optional<Storage> storage, wal_storage;
  Resources resources;
  StringMap parameters;
  Json backup;                  // object
  std::string backup_schedule;  // empty: none
  bool backup_immediately = true;
  Json cluster_spec_overrides;  // object
  friend bool operator==(const CloudNativePG&, const CloudNativePG&) = default;
};

struct SecretKey {
  std::string name, key;
  friend bool operator==(const SecretKey&, const SecretKey&) = default;
};

struct ExternalPostgres {
  SecretKey dsn;                       // of shard 0
  std::map<int, SecretKey> shard_dsn;  // of the others
  std::string ca_secret;               // empty: none
  bool require_tls = true;
  friend bool operator==(const ExternalPostgres&, const ExternalPostgres&) = default;
};

struct Postgres {
  std::string type = "Auto";
  std::optional<ManagedPostgres> managed;
  std::optional<CloudNativePG> cloud_native_pg;
  std::optional<ExternalPostgres> external;
  friend bool operator==(const Postgres&, const Postgres&) = default;
};

struct IssuerRef {
  std::string name, kind = "Issuer", group = "cert-manager.io";
  friend bool operator==(const IssuerRef&, const IssuerRef&) = default;
};

struct InternalCertificates {
  std::string certificate_secret, ca_secret;  // empty: none
  friend bool operator==(const InternalCertificates&, const InternalCertificates&) = default;
};

struct Tls {
  std::string mode = "Managed";
  std::optional<IssuerRef> issuer;
  std::optional<InternalCertificates> internal;
  std::string s3_certificate_secret;  // empty: made by the operator
  std::optional<IssuerRef> s3_issuer;
  std::vector<std::string> s3_dns_names;
  int64_t certificate_duration_seconds = 7776000;
  int64_t renew_before_seconds = 2592000;
  int64_t ca_duration_seconds = 315360000;
  int ca_generation = 1;
  friend bool operator==(const Tls&, const Tls&) = default;
};

struct Monitoring {
  std::string service_monitor = "Auto", prometheus_rule = "Auto", grafana_dashboards = "Disabled";
  int scrape_period_seconds = 30;
  StringMap labels;
  friend bool operator==(const Monitoring&, const Monitoring&) = default;
};

struct NetworkPolicy {
  bool enabled = false;
  Json gateway_from;  // array of NetworkPolicyPeer
  friend bool operator==(const NetworkPolicy&, const NetworkPolicy&) = default;
};

struct UpdatePolicy {
  std::string strategy = "Rolling", on_operator_upgrade = "Defer";
  int64_t health_gate_timeout_seconds = 1800;
  int partition = 0;
  friend bool operator==(const UpdatePolicy&, const UpdatePolicy&) = default;
};

struct ClusterSpec {
  std::string version, image;  // empty: the operator's
  std::string image_pull_policy = "IfNotPresent";
  std::vector<std::string> image_pull_secrets;
  bool paused = false, hibernated = false;
  std::string deletion_policy = "Retain";
  std::string allowed_namespaces = "Same";
  Json namespace_selector;  // object
  RedundancySpec redundancy;
  Coordination coordination;
  Gateway gateway;
  StoresSpec fragment_store;
  Catalog catalog;
  GarbageCollector garbage_collector;
  Repairer repairer;
  Component replicator;
  Postgres postgres;
  Tls tls;
  Monitoring monitoring;
  NetworkPolicy network_policy;
  UpdatePolicy update_policy;
  std::string log_level = "info", log_format = "json";
  StringMap labels, annotations;  // podMetadata: on every object
  friend bool operator==(const ClusterSpec&, const ClusterSpec&) = default;
};

/// What could be read of a spec, and what of it could not: another type, out of bounds, not one of the words. Unknown fields are
/// passed over, as API servers do. With violations the rest is still as given.
struct ParsedSpec {
  ClusterSpec spec;
  Violations violations;
};
ParsedSpec ParseSpec(const Json& spec);

/// Every rule that a spec of the cluster `name` breaks: those of the CEL in the CRD, and what CEL cannot say. `previous` is the last
/// valid spec, null where there was none; rules about changes look at it.
Violations CheckSpec(const std::string& name, const ClusterSpec& spec, const ClusterSpec* previous);

/// What is valid and this release cannot do; each says what to write meanwhile. Empty: all of it can be.
Violations CheckSupported(const ClusterSpec& spec);

/// All pools together.
int64_t StoresOf(const ClusterSpec& spec);

/// Failure domains without which a group keeps more than max(1, m) fragments in one (libs/model/placement.h). Nodes come and go, so
/// too few of them make no spec invalid.
int DomainsNeeded(const RedundancySpec& redundancy);

}  // namespace pbfs::operators
