#include "services/operator/cluster_spec.h"

#include <limits>
#include <utility>

#include "services/operator/field_reader.h"

namespace pbfs::operators {
namespace {

constexpr int kInt32Max = std::numeric_limits<int32_t>::max();
constexpr int64_t kInt64Max = std::numeric_limits<int64_t>::max();
constexpr size_t kName = 253;  // of objects
constexpr size_t kLabel = 63;
constexpr size_t kAnnotation = 4096;
constexpr size_t kImage = 512;

std::string ReadName(const FieldReader& from, const char* reference) {
  return from.Has(reference) ? from.In(reference).Text("name", 1, kName) : "";
}

Resources ReadResources(const FieldReader& in) { return {in.Amounts("requests", 8), in.Amounts("limits", 8)}; }

PodOverrides ReadPod(const FieldReader& in) {
  PodOverrides out;
  out.labels = in.Texts("labels", 32, kLabel);
  out.annotations = in.Texts("annotations", 64, kAnnotation);
  out.node_selector = in.Texts("nodeSelector", 32, kLabel);
  out.tolerations = in.List("tolerations", 32);
  out.affinity = in.Object("affinity");
  out.topology_spread_constraints = in.List("topologySpreadConstraints", 8);
  in.Each("topologySpreadConstraints", 8, [](const FieldReader& spread) {
    spread.Require("maxSkew");
    spread.Text("topologyKey", 1, kName);
    spread.Require("whenUnsatisfiable");
    spread.OneOf("whenUnsatisfiable", {"DoNotSchedule", "ScheduleAnyway"}, "");
  });
  out.priority_class_name = in.Text("priorityClassName", 0, kName);
  if (in.Has("terminationGracePeriodSeconds"))
    out.termination_grace_period_seconds = in.Integer("terminationGracePeriodSeconds", 1, 86400, 1);
  out.env = in.List("env", 64);
  in.Each("env", 64, [](const FieldReader& variable) { variable.Text("name", 1, kName); });
  out.extra_volumes = in.List("extraVolumes", 16);
  in.Each("extraVolumes", 16, [](const FieldReader& volume) { volume.Text("name", 1, kLabel); });
  out.extra_volume_mounts = in.List("extraVolumeMounts", 16);
  in.Each("extraVolumeMounts", 16, [](const FieldReader& mount) {
    mount.Text("name", 1, kLabel);
    mount.Text("mountPath", 1, kAnnotation);
  });
  return out;
}

void ReadComponent(const FieldReader& in, Component& out) {
  out.resources = ReadResources(in.In("resources"));
  out.pod = ReadPod(in.In("pod"));
  out.config = in.Texts("config", 64, kAnnotation);
}

Storage ReadStorage(const FieldReader& in) { return {in.Amount("size"), in.OptionalText("storageClassName", kName)}; }

std::optional<Storage> ReadOptionalStorage(const FieldReader& in, const char* name) {
  return in.Has(name) ? std::optional(ReadStorage(in.In(name))) : std::nullopt;
}

RedundancySpec ReadRedundancy(const FieldReader& in) {
  RedundancySpec out;
  out.data_shards = in.Int("dataShards", 1, 32, out.data_shards);
  out.parity_shards = in.Int("parityShards", 0, 16, out.parity_shards);
  out.min_write_shards = in.OptionalInt("minWriteShards", 1, 48);
  out.failure_domain = in.Text("failureDomain", 0, kName, out.failure_domain);
  return out;
}

Etcd ReadEtcd(const FieldReader& in) {
  Etcd out;
  out.endpoints = in.TextList("endpoints", 9, kName);
  if (out.endpoints.empty()) in.Note(in.PathOf("endpoints"), "is required: name at least one endpoint");
  out.tls_secret = ReadName(in, "tlsSecretRef");
  out.prefix = in.Text("prefix", 0, kName, out.prefix);
  return out;
}

Coordination ReadCoordination(const FieldReader& in) {
  Coordination out;
  out.mode = in.OneOf("mode", {"KubernetesLease", "Etcd"}, out.mode);
  out.lease_duration_seconds = in.Int("leaseDurationSeconds", 6, 600, out.lease_duration_seconds);
  out.renew_period_seconds = in.Int("renewPeriodSeconds", 2, 200, out.renew_period_seconds);
  if (in.Has("etcd")) out.etcd = ReadEtcd(in.In("etcd"));
  return out;
}

GatewayService ReadGatewayService(const FieldReader& in) {
  GatewayService out;
  out.type = in.OneOf("type", {"ClusterIP", "NodePort", "LoadBalancer"}, out.type);
  out.annotations = in.Texts("annotations", 64, kAnnotation);
  out.load_balancer_class = in.Text("loadBalancerClass", 0, kName);
  out.load_balancer_source_ranges = in.TextList("loadBalancerSourceRanges", 64, 64);
  out.external_traffic_policy = in.OneOf("externalTrafficPolicy", {"Cluster", "Local"}, "");
  return out;
}

Gateway ReadGateway(const FieldReader& in) {
  Gateway out;
  out.replicas = in.Int("replicas", 0, 500, 2);
  ReadComponent(in, out);
  const FieldReader s3 = in.In("s3");
  out.s3_port = s3.Int("port", 1, 65535, out.s3_port);
  out.region = s3.Text("region", 0, 64, out.region);
  out.domains = s3.TextList("domains", 16, kName);
  out.grpc_port = in.In("grpc").Int("port", 1, 65535, out.grpc_port);
  out.service = ReadGatewayService(in.In("service"));
  return out;
}

Pool ReadPool(const FieldReader& in) {
  Pool out;
  out.name = in.Text("name", 1, 12);
  in.Require("replicas");
  out.replicas = in.Int("replicas", 0, 1000, 0);
  ReadComponent(in, out);
  const FieldReader storage = in.In("storage");
  out.storage = ReadStorage(storage);
  out.volumes_per_store = storage.Int("volumesPerStore", 1, 32, out.volumes_per_store);
  out.weight = in.Int("weight", 0, 10000, out.weight);
  return out;
}

StoresSpec ReadFragmentStores(const FieldReader& in) {
  StoresSpec out;
  in.Each("pools", 16, [&](const FieldReader& pool) { out.pools.push_back(ReadPool(pool)); });
  if (out.pools.empty()) in.Note(in.PathOf("pools"), "is required: name at least one pool");
  const FieldReader retention = in.In("pvcRetention"), decommission = in.In("decommission");
  out.when_scaled = retention.OneOf("whenScaled", {"Retain", "Delete"}, out.when_scaled);
  out.when_deleted = retention.OneOf("whenDeleted", {"Retain", "Delete"}, out.when_deleted);
  out.min_free_percent_after = decommission.Int("minFreePercentAfter", 0, 90, out.min_free_percent_after);
  out.max_concurrent = decommission.Int("maxConcurrent", 1, 8, out.max_concurrent);
  out.progress_deadline_seconds =
      decommission.Int("progressDeadlineSeconds", 60, kInt32Max, static_cast<int>(out.progress_deadline_seconds));
  out.max_unavailable = in.Int("maxUnavailable", 0, 100, out.max_unavailable);
  return out;
}

Catalog ReadCatalog(const FieldReader& in) {
  Catalog out;
  out.replicas = in.Int("replicas", 0, 16, 2);
  ReadComponent(in, out);
  out.shards = in.Int("shards", 1, 256, out.shards);
  return out;
}

GarbageCollector ReadGarbageCollector(const FieldReader& in) {
  GarbageCollector out;
  out.replicas = in.Int("replicas", 0, 2, 1);
  ReadComponent(in, out);
  out.grace_period_seconds = in.Integer("gracePeriodSeconds", 7200, kInt64Max, out.grace_period_seconds);
  out.suspended = in.Bool("suspended", false);
  return out;
}

Repairer ReadRepairer(const FieldReader& in) {
  Repairer out;
  out.replicas = in.Int("replicas", 0, 64, 1);
  ReadComponent(in, out);
  if (in.Has("bandwidthLimit")) out.bandwidth_limit = in.Amount("bandwidthLimit");
  out.suspended = in.Bool("suspended", false);
  return out;
}

Component ReadReplicator(const FieldReader& in) {
  Component out;
  out.replicas = in.Int("replicas", 0, 64, 1);
  ReadComponent(in, out);
  return out;
}

BackupPlace ReadPlace(const FieldReader& in) {
  BackupPlace out;
  out.endpoint = in.Text("endpoint", 0, kImage);
  out.bucket = in.Text("bucket", 0, kLabel);
  out.prefix = in.Text("prefix", 0, kName);
  out.region = in.Text("region", 0, kLabel);
  in.Require("credentialsSecretRef");
  out.credentials_secret = ReadName(in, "credentialsSecretRef");
  return out;
}

CatalogBackup ReadBackup(const FieldReader& in) {
  CatalogBackup out;
  out.schedule = in.Text("schedule", 1, kName);
  in.Require("s3");
  if (in.Has("s3")) out.s3 = ReadPlace(in.In("s3"));
  out.keep = in.Int("keep", 1, 1000, out.keep);
  out.suspended = in.Bool("suspended", false);
  return out;
}

CatalogRestore ReadRestore(const FieldReader& in) {
  CatalogRestore out;
  out.backup = in.Text("backup", 0, kLabel, out.backup);
  in.Require("s3");
  if (in.Has("s3")) out.s3 = ReadPlace(in.In("s3"));
  return out;
}

ManagedPostgres ReadManaged(const FieldReader& in) {
  ManagedPostgres out;
  out.instances = in.Int("instances", 1, 9, out.instances);
  out.synchronous_standbys = in.Int("synchronousStandbys", 0, 8, out.synchronous_standbys);
  out.image = in.Text("image", 0, kImage);
  out.storage = ReadOptionalStorage(in, "storage");
  out.resources = ReadResources(in.In("resources"));
  out.pod = ReadPod(in.In("pod"));
  out.parameters = in.Texts("parameters", 64, 512);
  if (in.Has("backup")) out.backup = ReadBackup(in.In("backup"));
  if (in.Has("restore")) out.restore = ReadRestore(in.In("restore"));
  return out;
}

CloudNativePG ReadCloudNativePG(const FieldReader& in) {
  CloudNativePG out;
  out.instances = in.Int("instances", 1, 9, out.instances);
  out.synchronous_replicas = in.Int("synchronousReplicas", 0, 8, out.synchronous_replicas);
  out.image_name = in.Text("imageName", 0, kImage);
  out.storage = ReadOptionalStorage(in, "storage");
  out.wal_storage = ReadOptionalStorage(in, "walStorage");
  out.resources = ReadResources(in.In("resources"));
  out.parameters = in.Texts("parameters", 64, 512);
  out.backup = in.Object("backup");
  if (in.Has("scheduledBackup")) {
    const FieldReader backup = in.In("scheduledBackup");
    out.backup_schedule = backup.Text("schedule", 1, kName);
    out.backup_immediately = backup.Bool("immediate", true);
  }
  out.cluster_spec_overrides = in.Object("clusterSpecOverrides");
  return out;
}

SecretKey ReadSecretKey(const FieldReader& in) { return {in.Text("name", 1, kName), in.Text("key", 1, kName)}; }

ExternalPostgres ReadExternal(const FieldReader& in) {
  ExternalPostgres out;
  out.dsn = ReadSecretKey(in.In("dsnSecretRef"));
  in.Each("shardDSNSecretRefs", 256, [&](const FieldReader& reference) {
    reference.Require("shard");
    const int shard = reference.Int("shard", 0, 255, 0);
    if (!out.shard_dsn.try_emplace(shard, ReadSecretKey(reference)).second)
      reference.Note(reference.PathOf("shard"), "is given twice; keep one");
  });
  out.ca_secret = ReadName(in, "caSecretRef");
  out.require_tls = in.Bool("requireTLS", true);
  return out;
}

Postgres ReadPostgres(const FieldReader& in) {
  Postgres out;
  out.type = in.OneOf("type", {"Auto", "Managed", "CloudNativePG", "External"}, out.type);
  if (in.Has("managed")) out.managed = ReadManaged(in.In("managed"));
  if (in.Has("cloudNativePG")) out.cloud_native_pg = ReadCloudNativePG(in.In("cloudNativePG"));
  if (in.Has("external")) out.external = ReadExternal(in.In("external"));
  return out;
}

std::optional<IssuerRef> ReadIssuer(const FieldReader& from) {
  if (!from.Has("issuerRef")) return std::nullopt;
  const FieldReader in = from.In("issuerRef");
  IssuerRef out;
  out.name = in.Text("name", 1, kName);
  out.kind = in.OneOf("kind", {"Issuer", "ClusterIssuer"}, out.kind);
  out.group = in.Text("group", 0, kName, out.group);
  return out;
}

Tls ReadTls(const FieldReader& in) {
  Tls out;
  out.mode = in.OneOf("mode", {"Managed", "CertManager", "Provided", "Disabled"}, out.mode);
  out.issuer = ReadIssuer(in);
  if (in.Has("internal")) {
    const FieldReader internal = in.In("internal");
    out.internal = {ReadName(internal, "certificateSecretRef"), ReadName(internal, "caSecretRef")};
  }
  const FieldReader s3 = in.In("s3");
  out.s3_certificate_secret = ReadName(s3, "certificateSecretRef");
  out.s3_issuer = ReadIssuer(s3);
  out.s3_dns_names = s3.TextList("dnsNames", 32, kName);
  out.certificate_duration_seconds =
      in.Integer("certificateDurationSeconds", 3600, kInt64Max, out.certificate_duration_seconds);
  out.renew_before_seconds = in.Integer("renewBeforeSeconds", 600, kInt64Max, out.renew_before_seconds);
  out.ca_duration_seconds = in.Integer("caDurationSeconds", 86400, kInt64Max, out.ca_duration_seconds);
  out.ca_generation = in.Int("caGeneration", 1, kInt32Max, out.ca_generation);
  return out;
}

Monitoring ReadMonitoring(const FieldReader& in) {
  Monitoring out;
  out.service_monitor = in.OneOf("serviceMonitor", {"Auto", "Enabled", "Disabled"}, out.service_monitor);
  out.prometheus_rule = in.OneOf("prometheusRule", {"Auto", "Enabled", "Disabled"}, out.prometheus_rule);
  out.grafana_dashboards = in.OneOf("grafanaDashboards", {"Enabled", "Disabled"}, out.grafana_dashboards);
  out.scrape_period_seconds = in.Int("scrapePeriodSeconds", 5, 600, out.scrape_period_seconds);
  out.labels = in.Texts("labels", 32, kLabel);
  return out;
}

UpdatePolicy ReadUpdatePolicy(const FieldReader& in) {
  UpdatePolicy out;
  out.strategy = in.OneOf("strategy", {"Rolling", "OnDelete"}, out.strategy);
  out.on_operator_upgrade = in.OneOf("onOperatorUpgrade", {"Defer", "Roll"}, out.on_operator_upgrade);
  out.health_gate_timeout_seconds =
      in.Int("healthGateTimeoutSeconds", 30, kInt32Max, static_cast<int>(out.health_gate_timeout_seconds));
  out.partition = in.Int("partition", 0, kInt32Max, out.partition);
  return out;
}

void ReadGeneral(const FieldReader& in, ClusterSpec& out) {
  out.version = in.Text("version", 0, 64);
  out.image = in.Text("image", 0, kImage);
  out.image_pull_policy = in.OneOf("imagePullPolicy", {"Always", "IfNotPresent", "Never"}, out.image_pull_policy);
  in.Each("imagePullSecrets", 8,
          [&](const FieldReader& secret) { out.image_pull_secrets.push_back(secret.Text("name", 1, kName)); });
  out.paused = in.Bool("paused", false);
  out.hibernated = in.Bool("hibernated", false);
  out.deletion_policy = in.OneOf("deletionPolicy", {"Retain", "Delete"}, out.deletion_policy);
  const FieldReader tenancy = in.In("tenancy"), logging = in.In("logging"), metadata = in.In("podMetadata");
  out.allowed_namespaces = tenancy.OneOf("allowedNamespaces", {"Same", "All", "Selector"}, out.allowed_namespaces);
  out.namespace_selector = tenancy.Object("selector");
  out.log_level = logging.OneOf("level", {"error", "warn", "info", "debug", "trace"}, out.log_level);
  out.log_format = logging.OneOf("format", {"json", "text"}, out.log_format);
  out.labels = metadata.Texts("labels", 32, kLabel);
  out.annotations = metadata.Texts("annotations", 64, kAnnotation);
}

}  // namespace

ParsedSpec ParseSpec(const Json& spec) {
  ParsedSpec out;
  const FieldReader in(spec, "spec", out.violations);
  ReadGeneral(in, out.spec);
  out.spec.redundancy = ReadRedundancy(in.In("redundancy"));
  out.spec.coordination = ReadCoordination(in.In("coordination"));
  out.spec.gateway = ReadGateway(in.In("gateway"));
  out.spec.fragment_store = ReadFragmentStores(in.In("fragmentStore"));
  out.spec.catalog = ReadCatalog(in.In("catalog"));
  out.spec.garbage_collector = ReadGarbageCollector(in.In("garbageCollector"));
  out.spec.repairer = ReadRepairer(in.In("repairer"));
  out.spec.replicator = ReadReplicator(in.In("replicator"));
  out.spec.postgres = ReadPostgres(in.In("postgres"));
  out.spec.tls = ReadTls(in.In("tls"));
  out.spec.monitoring = ReadMonitoring(in.In("monitoring"));
  const FieldReader policy = in.In("networkPolicy");
  out.spec.network_policy = {policy.OneOf("mode", {"Enabled", "Disabled"}, "Disabled") == "Enabled",
                             policy.List("gatewayFrom", 32)};
  out.spec.update_policy = ReadUpdatePolicy(in.In("updatePolicy"));
  return out;
}

}  // namespace pbfs::operators
