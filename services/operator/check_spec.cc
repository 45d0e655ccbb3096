#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "services/operator/cluster_spec.h"
#include "services/operator/cron.h"
#include "services/operator/names.h"
#include "services/operator/service_settings.h"

namespace pbfs::operators {
namespace {

// Volumes that the restricted Pod Security Standard allows.
constexpr std::array<std::string_view, 8> kVolumeKinds{
    "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"};

template <typename Range, typename T>
bool Contains(const Range& range, const T& value) {
  return std::find(std::begin(range), std::end(range), value) != std::end(range);
}

/// Collects what is wrong.
class Rules {
 public:
  void Require(bool kept, const std::string& path, std::string message) {
    if (!kept) found_.push_back({path, std::move(message)});
  }
  Violations Take() { return std::move(found_); }

 private:
  Violations found_;
};

// A part of the spec that belongs to one way of doing things and to no other.
void CheckGoesWith(Rules& rules, bool wanted, bool given, const std::string& path, const std::string& condition) {
  rules.Require(given || !wanted, path, "is required with " + condition);
  rules.Require(wanted || !given, path, "goes with " + condition + "; remove it, or change that");
}

void CheckName(Rules& rules, const std::string& name) {
  const std::string path = "metadata.name";
  rules.Require(name.size() <= kMaxClusterName, path,
                "the name may have at most 30 characters (pod and label names are made from it); choose a shorter one");
  // Services are called after it, and begin with a letter.
  const bool begins_well = !name.empty() && name.front() >= 'a' && name.front() <= 'z';
  rules.Require(IsDnsLabel(name) && begins_well, path,
                "must consist of a-z, 0-9 and '-', begin with a letter and not end with '-'");
}

void CheckVersion(Rules& rules, const ClusterSpec& spec) {
  static const std::regex kVersion(R"([0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?)");
  rules.Require(spec.version.empty() || std::regex_match(spec.version, kVersion), "spec.version",
                "must be a release, for instance 1.2.0 or 1.2.0-rc.1");
  rules.Require(spec.image.empty() || !spec.version.empty(), "spec.version",
                "must be given with image: which release is it?");
}

void CheckTenancy(Rules& rules, const ClusterSpec& spec) {
  CheckGoesWith(rules, spec.allowed_namespaces == "Selector", !spec.namespace_selector.is_null(),
                "spec.tenancy.selector", "allowedNamespaces: Selector");
}

void CheckRedundancy(Rules& rules, const ClusterSpec& spec) {
  const RedundancySpec& code = spec.redundancy;
  const int total = code.data_shards + code.parity_shards;
  const int least = code.min_write_shards.value_or(total);
  rules.Require(
      least >= code.data_shards && least <= total, "spec.redundancy.minWriteShards",
      fmt::format("must lie between dataShards and dataShards + parityShards: {} to {}", code.data_shards, total));
  const int64_t stores = StoresOf(spec);
  rules.Require(
      stores == 0 || stores >= total, "spec.fragmentStore.pools",
      fmt::format("{} stores are fewer than redundancy.dataShards + redundancy.parityShards: make it at least {}, "
                  "or none",
                  stores, total));
  const int spare = std::max(1, code.parity_shards);
  rules.Require(spec.fragment_store.max_unavailable <= spare, "spec.fragmentStore.maxUnavailable",
                fmt::format("must be at most {}: more stores away than parityShards make bodies unreadable", spare));
}

void CheckCoordination(Rules& rules, const Coordination& now, const Coordination* before) {
  rules.Require(now.lease_duration_seconds >= 3 * now.renew_period_seconds, "spec.coordination.leaseDurationSeconds",
                fmt::format("must be at least three renewPeriodSeconds: {}", 3 * now.renew_period_seconds));
  CheckGoesWith(rules, now.mode == "Etcd", now.etcd.has_value(), "spec.coordination.etcd", "mode: Etcd");
  rules.Require(before == nullptr || now.mode == before->mode, "spec.coordination.mode",
                "is immutable; make a new cluster for another mode");
}

void CheckGateway(Rules& rules, const Gateway& gateway) {
  const GatewayService& service = gateway.service;
  const std::string path = "spec.gateway.service.";
  rules.Require(gateway.s3_port != gateway.grpc_port, "spec.gateway.grpc.port",
                "must differ from s3.port: one Service has both");
  const std::string balanced = "goes with type: LoadBalancer; remove it, or change that";
  const bool balancer = service.type == "LoadBalancer";
  rules.Require(balancer || service.load_balancer_class.empty(), path + "loadBalancerClass", balanced);
  rules.Require(balancer || service.load_balancer_source_ranges.empty(), path + "loadBalancerSourceRanges", balanced);
  rules.Require(service.type != "ClusterIP" || service.external_traffic_policy.empty(), path + "externalTrafficPolicy",
                "goes with type: NodePort or LoadBalancer; remove it, or change that");
}

void CheckPools(Rules& rules, const std::string& name, const ClusterSpec& spec) {
  std::set<std::string> names;
  for (const Pool& pool : spec.fragment_store.pools) {
    const std::string path = fmt::format("spec.fragmentStore.pools[{}].", pool.name);
    rules.Require(IsDnsLabel(pool.name), path + "name",
                  "must consist of a-z, 0-9 and '-', and neither begin nor end with '-'");
    rules.Require(names.insert(pool.name).second, path + "name", "is given twice; give each pool a name of its own");
    rules.Require(PoolName(name, pool.name).size() <= kMaxStatefulSetName, path + "name",
                  "is too long together with the name of the cluster; choose a shorter one");
    rules.Require(pool.storage.size > Quantity() && pool.storage.size.IsWhole(), path + "storage.size",
                  "must be more than 0 and whole bytes, for instance 100Gi");
  }
}

const Pool* FindPool(const ClusterSpec& spec, const std::string& name) {
  for (const Pool& pool : spec.fragment_store.pools)
    if (pool.name == name) return &pool;
  return nullptr;
}

void CheckStorageChange(Rules& rules, const Pool& now, const Pool& before) {
  const std::string path = fmt::format("spec.fragmentStore.pools[{}].storage.", now.name);
  const auto &is = now.storage.storage_class_name, &was = before.storage.storage_class_name;
  rules.Require(is.has_value() == was.has_value(), path + "storageClassName",
                "cannot be added or removed; make a new pool and scale this one to 0");
  rules.Require(is.has_value() != was.has_value() || is == was, path + "storageClassName",
                "is immutable; make a new pool and scale this one to 0");
  rules.Require(now.volumes_per_store == before.volumes_per_store, path + "volumesPerStore",
                "is immutable; make a new pool and scale this one to 0");
  rules.Require(now.storage.size >= before.storage.size, path + "size",
                fmt::format("may only grow: it was {}", before.storage.size.Canonical()));
}

void CheckPoolChanges(Rules& rules, const ClusterSpec& spec, const ClusterSpec& previous) {
  for (const Pool& before : previous.fragment_store.pools) {
    const Pool* now = FindPool(spec, before.name);
    rules.Require(now != nullptr || before.replicas == 0, fmt::format("spec.fragmentStore.pools[{}]", before.name),
                  "scale a pool to 0 (its stores are decommissioned) before removing it");
    if (now != nullptr) CheckStorageChange(rules, *now, before);
  }
}

void CheckExternal(Rules& rules, const ExternalPostgres& external, int shards) {
  const std::string path = "spec.postgres.external.shardDSNSecretRefs";
  for (int shard = 1; shard < shards; ++shard)
    rules.Require(external.shard_dsn.contains(shard), path,
                  fmt::format("names no Secret for shard {}; add one", shard));
  for (const auto& [shard, secret] : external.shard_dsn)
    rules.Require(shard > 0 && shard < shards, path,
                  shard == 0 ? "names shard 0, whose Secret dsnSecretRef names; remove it"
                             : fmt::format("names shard {}, but catalog.shards is {}; remove it", shard, shards));
}

// Where it is in the path of an address, an endpoint would be taken for something else.
void CheckPlace(Rules& rules, const BackupPlace& place, const std::string& path) {
  static const std::regex kEndpoint(R"(https?://[^/?#\s]+/?)");
  rules.Require(place.endpoint.empty() || std::regex_match(place.endpoint, kEndpoint), path + "endpoint",
                "must be http:// or https:// with a host and perhaps a port, and no path");
  rules.Require(!place.prefix.starts_with('/'), path + "prefix", "must not begin with a slash");
}

void CheckBackups(Rules& rules, const ManagedPostgres& managed) {
  const std::string path = "spec.postgres.managed.";
  if (managed.backup) {
    const Result<CronSchedule> schedule = CronSchedule::Parse(managed.backup->schedule);
    rules.Require(schedule.ok(), path + "backup.schedule", schedule.status().message());
    CheckPlace(rules, managed.backup->s3, path + "backup.s3.");
  }
  if (!managed.restore) return;
  static const std::regex kBackup("latest|[0-9]{8}T[0-9]{6}Z");
  rules.Require(std::regex_match(managed.restore->backup, kBackup), path + "restore.backup",
                "must be latest, or the name of a backup: 20260131T120000Z");
  CheckPlace(rules, managed.restore->s3, path + "restore.s3.");
}

void CheckPostgres(Rules& rules, const ClusterSpec& spec, const Postgres* before) {
  const Postgres& now = spec.postgres;
  CheckGoesWith(rules, now.type == "External", now.external.has_value(), "spec.postgres.external", "type: External");
  rules.Require(now.type == "Managed" || now.type == "Auto" || !now.managed, "spec.postgres.managed",
                "goes with type: Managed or Auto; remove it, or change that");
  rules.Require(now.type == "CloudNativePG" || now.type == "Auto" || !now.cloud_native_pg,
                "spec.postgres.cloudNativePG", "goes with type: CloudNativePG or Auto; remove it, or change that");
  rules.Require(before == nullptr || now.type == before->type || before->type == "Auto", "spec.postgres.type",
                "is immutable once it is set; make a new cluster for another type");
  if (now.managed) {
    rules.Require(now.managed->synchronous_standbys < now.managed->instances,
                  "spec.postgres.managed.synchronousStandbys", "must be less than instances");
    for (const auto& [name, value] : now.managed->parameters)
      rules.Require(!IsOwnParameter(name), "spec.postgres.managed.parameters",
                    fmt::format("{} is the operator's; leave it out", name));
    CheckBackups(rules, *now.managed);
  }
  if (now.cloud_native_pg)
    rules.Require(now.cloud_native_pg->synchronous_replicas < now.cloud_native_pg->instances,
                  "spec.postgres.cloudNativePG.synchronousReplicas", "must be less than instances");
  if (now.external) CheckExternal(rules, *now.external, spec.catalog.shards);
}

void CheckTls(Rules& rules, const ClusterSpec& spec, const Tls* before) {
  const Tls& now = spec.tls;
  CheckGoesWith(rules, now.mode == "CertManager", now.issuer.has_value(), "spec.tls.issuerRef", "mode: CertManager");
  const bool provided = now.mode == "Provided";
  rules.Require(provided || !now.internal, "spec.tls.internal", "goes with mode: Provided; remove it, or change that");
  rules.Require(!provided || (now.internal && !now.internal->certificate_secret.empty()),
                "spec.tls.internal.certificateSecretRef", "is required with mode: Provided");
  rules.Require(now.renew_before_seconds <= now.certificate_duration_seconds / 2, "spec.tls.renewBeforeSeconds",
                "must be at most half of certificateDurationSeconds");
  rules.Require(before == nullptr || now.ca_generation >= before->ca_generation, "spec.tls.caGeneration",
                "may only grow");
  rules.Require(now.mode != "Disabled" || spec.gateway.service.type == "ClusterIP", "spec.tls.mode",
                "Disabled is for a ClusterIP gateway only: others are reached from outside");
}

void CheckLabels(Rules& rules, const StringMap& labels, const std::string& path) {
  for (const auto& [key, value] : labels)
    rules.Require(!IsOwnLabel(key), path, fmt::format("{} is the operator's; choose another key", key));
}

// Whether one is the other or a folder above it.
bool Covers(std::string_view folder, std::string_view path) {
  while (folder.ends_with('/')) folder.remove_suffix(1);
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

void CheckMount(Rules& rules, const std::string& mount, const std::string& path) {
  const auto clashes = [&](std::string_view own) { return Covers(mount, own) || Covers(own, mount); };
  rules.Require(
      mount.starts_with('/') && std::none_of(kOwnPaths.begin(), kOwnPaths.end(), clashes), path,
      fmt::format("{} must be an absolute path that neither holds nor is in {}", mount, fmt::join(kOwnPaths, ", ")));
}

// The name of an element; elements without one were noted when they were read.
std::string TextOf(const Json& element, const char* name) {
  return element.is_object() && element.contains(name) && element[name].is_string() ? element[name].get<std::string>()
                                                                                    : "";
}

void CheckVolumes(Rules& rules, const PodOverrides& pod, const std::string& path) {
  std::set<std::string> names;
  for (const Json& volume : pod.extra_volumes) {
    const std::string name = TextOf(volume, "name");
    rules.Require(!Contains(kOwnVolumes, name) && names.insert(name).second, path + "extraVolumes",
                  fmt::format("\"{}\" is taken; choose another name", name));
    rules.Require(IsDnsLabel(name), path + "extraVolumes",
                  fmt::format("\"{}\" must consist of a-z, 0-9 and '-'", name));
    if (!volume.is_object()) continue;
    for (const auto& [kind, source] : volume.items())
      rules.Require(
          kind == "name" || Contains(kVolumeKinds, kind), path + "extraVolumes",
          fmt::format("{} is not allowed in restricted pods; use one of {}", kind, fmt::join(kVolumeKinds, ", ")));
  }
  for (const Json& mount : pod.extra_volume_mounts) {
    const std::string name = TextOf(mount, "name");
    rules.Require(names.contains(name), path + "extraVolumeMounts",
                  fmt::format("\"{}\" is none of extraVolumes; add it there", name));
    CheckMount(rules, TextOf(mount, "mountPath"), path + "extraVolumeMounts");
  }
}

void CheckPod(Rules& rules, const PodOverrides& pod, const std::string& path) {
  CheckLabels(rules, pod.labels, path + "labels");
  CheckVolumes(rules, pod, path);
  std::set<std::string> names;
  for (const Json& variable : pod.env) {
    const std::string name = TextOf(variable, "name");
    rules.Require(!Contains(kOwnVariables, name) && names.insert(name).second, path + "env",
                  fmt::format("{} is taken; choose another name", name));
  }
}

void CheckResources(Rules& rules, const Resources& resources, const std::string& path) {
  for (const auto* amounts : {&resources.requests, &resources.limits})
    for (const auto& [name, amount] : *amounts)
      rules.Require(amount >= Quantity(), path, fmt::format("{} must not be negative", name));
  for (const auto& [name, request] : resources.requests) {
    const auto limit = resources.limits.find(name);
    rules.Require(limit == resources.limits.end() || request <= limit->second, path,
                  fmt::format("the request of {} must not be above its limit", name));
  }
}

void CheckConfig(Rules& rules, const Part& part, const StringMap& config, const std::string& path) {
  for (const auto& [key, value] : config) {
    const Setting* setting = FindSetting(part, key);
    std::vector<std::string_view> known;
    for (const Setting& one : SettingsOf(part)) known.push_back(one.path);
    rules.Require(setting != nullptr, path, fmt::format("{} cannot be set; there are {}", key, fmt::join(known, ", ")));
    if (setting == nullptr) continue;
    rules.Require(IsValueOf(*setting, value), path,
                  fmt::format("{} must be {}", key, setting->words.empty() ? "a whole number" : setting->words));
  }
}

void CheckComponent(Rules& rules, const Part& part, const Component& component, const std::string& path) {
  CheckConfig(rules, part, component.config, path + ".config");
  CheckPod(rules, component.pod, path + ".pod.");
  CheckResources(rules, component.resources, path + ".resources");
}

void CheckComponents(Rules& rules, const ClusterSpec& spec) {
  CheckComponent(rules, kGateway, spec.gateway, "spec.gateway");
  CheckComponent(rules, kCatalog, spec.catalog, "spec.catalog");
  CheckComponent(rules, kGarbageCollector, spec.garbage_collector, "spec.garbageCollector");
  CheckComponent(rules, kRepairer, spec.repairer, "spec.repairer");
  for (const Pool& pool : spec.fragment_store.pools)
    CheckComponent(rules, kFragmentStore, pool, fmt::format("spec.fragmentStore.pools[{}]", pool.name));
  if (spec.postgres.managed) {
    CheckPod(rules, spec.postgres.managed->pod, "spec.postgres.managed.pod.");
    CheckResources(rules, spec.postgres.managed->resources, "spec.postgres.managed.resources");
  }
  if (spec.repairer.bandwidth_limit)
    rules.Require(*spec.repairer.bandwidth_limit > Quantity(), "spec.repairer.bandwidthLimit",
                  "must be more than 0 bytes a second; leave it out for the default, or set suspended");
  CheckLabels(rules, spec.labels, "spec.podMetadata.labels");
}

}  // namespace

Violations CheckSpec(const std::string& name, const ClusterSpec& spec, const ClusterSpec* previous) {
  Rules rules;
  CheckName(rules, name);
  CheckVersion(rules, spec);
  CheckTenancy(rules, spec);
  CheckRedundancy(rules, spec);
  CheckCoordination(rules, spec.coordination, previous != nullptr ? &previous->coordination : nullptr);
  CheckGateway(rules, spec.gateway);
  CheckPools(rules, name, spec);
  if (previous != nullptr) {
    CheckPoolChanges(rules, spec, *previous);
    rules.Require(spec.catalog.shards >= previous->catalog.shards, "spec.catalog.shards",
                  fmt::format("may only grow: it was {}", previous->catalog.shards));
  }
  CheckPostgres(rules, spec, previous != nullptr ? &previous->postgres : nullptr);
  CheckTls(rules, spec, previous != nullptr ? &previous->tls : nullptr);
  CheckComponents(rules, spec);
  return rules.Take();
}

Violations CheckSupported(const ClusterSpec& spec) {
  Rules rules;
  rules.Require(spec.catalog.shards == 1, "spec.catalog.shards", "this release serves one shard; leave it at 1");
  rules.Require(spec.coordination.lease_duration_seconds == 30 && spec.coordination.renew_period_seconds == 10,
                "spec.coordination", "this release keeps leases of 30 s, renewed every 10 s; leave them at that");
  constexpr int64_t kYear = int64_t{366} * 86400;
  rules.Require(spec.garbage_collector.grace_period_seconds <= kYear, "spec.garbageCollector.gracePeriodSeconds",
                fmt::format("this release waits a year at most; make it {} or less", kYear));
  rules.Require(spec.redundancy.parity_shards > 0, "spec.redundancy.parityShards",
                "this release has no bucket without parity; make it at least 1");
  rules.Require(spec.log_format == "json", "spec.logging.format", "this release logs JSON only; leave it at json");
  for (const Pool& pool : spec.fragment_store.pools) {
    const std::string path = fmt::format("spec.fragmentStore.pools[{}].", pool.name);
    rules.Require(pool.volumes_per_store == 1, path + "storage.volumesPerStore",
                  "this release keeps one volume in a store; leave it at 1 and have more stores");
    rules.Require(pool.weight > 0, path + "weight",
                  "this release takes 0 for its default; drain the pool by replicas: 0");
  }
  return rules.Take();
}

int64_t StoresOf(const ClusterSpec& spec) {
  int64_t stores = 0;
  for (const Pool& pool : spec.fragment_store.pools) stores += pool.replicas;
  return stores;
}

int DomainsNeeded(const RedundancySpec& redundancy) {
  const int in_one = std::max(1, redundancy.parity_shards);
  return (redundancy.data_shards + redundancy.parity_shards + in_one - 1) / in_one;
}

}  // namespace pbfs::operators
