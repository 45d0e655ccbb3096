#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "services/operator/render_config.h"
#include "services/operator/render_parts.h"
#include "services/operator/render_pods.h"
#include "services/operator/render_postgres.h"
#include "services/operator/render_sets.h"

namespace pbfs::operators {
namespace {

std::vector<Mounted> Joined(std::vector<Mounted> first, const std::vector<Mounted>& rest) {
  first.insert(first.end(), rest.begin(), rest.end());
  return first;
}

void AddGateway(const ClusterIntent& intent, std::vector<Json>& out) {
  const std::string name = NameOf(intent.name, kGateway);
  const Json selector = Selector(intent.name, kGateway);
  const Tls& tls = intent.spec.tls;
  Json config = ConfigMap(intent, name, selector, GatewayConfig(intent));
  std::vector<Mounted> volumes = {
      TlsVolume(intent, kGateway), KeysVolume(intent, {kAdminKey}),
      SecretVolume("client-keys", kClientKeysFolder, intent.name + "-gateway-keys", {{kIdentity, kIdentity}})};
  if (tls.mode != "Disabled") {
    const std::string& own = tls.s3_certificate_secret;
    volumes.push_back(SecretVolume("s3-tls", kS3TlsFolder, own.empty() ? intent.name + "-s3-tls" : own));
  }
  const PodPlan pods{kGateway, selector,       intent.spec.gateway,      intent.images.gateway,
                     name,     HashOf(config), GatewayPlacement(intent), std::move(volumes)};
  out.push_back(std::move(config));
  out.push_back(StatefulSet(intent, {name, name + "-hl", intent.spec.gateway.replicas}, pods));
}

std::vector<Mounted> DatabaseVolumes(const Database& database) {
  const auto file = [](const std::string& secret, const std::string& key, const char* path) -> Json {
    return {{"secret", {{"name", secret}, {"items", Json::array({{{"key", key}, {"path", path}}})}}}};
  };
  Json sources = Json::array({file(database.dsn.name, database.dsn.key, kDsnFile)});
  if (!database.ca_secret.empty()) sources.push_back(file(database.ca_secret, "ca.crt", "ca.crt"));
  return {{"database", kDatabaseFolder, {{"projected", {{"sources", sources}, {"defaultMode", 0440}}}}}};
}

// libpq takes these where the DSN says nothing.
Json DatabaseVariables(const Database& database) {
  const std::string root = std::string(database.ca_secret.empty() ? kTlsFolder : kDatabaseFolder) + "/ca.crt";
  Json out = Json::array({{{"name", "PGSSLMODE"}, {"value", database.ssl_mode}}});
  if (database.ssl_mode == "verify-full") out.push_back({{"name", "PGSSLROOTCERT"}, {"value", root}});
  return out;
}

PodPlan CatalogPods(const ClusterIntent& intent, int shard, const std::string& config_hash) {
  const Database database = DatabaseOf(intent, shard);
  std::vector<Mounted> volumes = {TlsVolume(intent, kCatalog), KeysVolume(intent, {kSiteSecret, kTokenKey})};
  volumes = Joined(Joined(std::move(volumes), DatabaseVolumes(database)), LeaseVolumes(intent));
  return {kCatalog,
          ShardSelector(intent.name, shard),
          intent.spec.catalog,
          intent.images.catalog,
          NameOf(intent.name, kCatalog),
          config_hash,
          CatalogPlacement(intent, shard),
          std::move(volumes),
          DatabaseVariables(database)};
}

Json CatalogConfigMap(const ClusterIntent& intent) {
  return ConfigMap(intent, NameOf(intent.name, kCatalog), Selector(intent.name, kCatalog), CatalogConfig(intent));
}

void AddCatalogs(const ClusterIntent& intent, std::vector<Json>& out) {
  Json config = CatalogConfigMap(intent);
  const std::string hash = HashOf(config);
  out.push_back(std::move(config));
  for (int shard = 0; shard < intent.spec.catalog.shards; ++shard) {
    const std::string name = ShardName(intent.name, shard);
    out.push_back(StatefulSet(intent, {name, name, intent.spec.catalog.replicas}, CatalogPods(intent, shard, hash)));
  }
}

// Who it is and where it runs, which differs from pod to pod.
Json StoreVariables() {
  return Json::array({FieldVariable(kPodVariable, "metadata.name"), FieldVariable(kNodeVariable, "spec.nodeName")});
}

std::vector<Mounted> DomainVolumes(const ClusterIntent& intent) {
  if (intent.spec.redundancy.failure_domain == kNodeDomain) return {};
  return {{"domains", kDomainsFolder, {{"configMap", {{"name", DomainsName(intent.name)}, {"defaultMode", 0444}}}}}};
}

// Fewer replicas are for a decommission to bring about, store by store.
int StoreReplicas(const ClusterIntent& intent, const Pool& pool) {
  const Facts& facts = intent.facts;
  const auto now = facts.store_replicas.find(pool.name), most = facts.most_stores.find(pool.name);
  const int wanted = most == facts.most_stores.end() ? pool.replicas : std::min(pool.replicas, most->second);
  return now == facts.store_replicas.end() ? wanted : std::max(wanted, now->second);
}

// Claims of a set that is there ask for what they always did.
Storage StorageOf(const ClusterIntent& intent, const Pool& pool) {
  Storage storage = pool.storage;
  if (const auto now = intent.facts.store_sizes.find(pool.name); now != intent.facts.store_sizes.end())
    storage.size = now->second;
  return storage;
}

void AddStores(const ClusterIntent& intent, std::vector<Json>& out) {
  for (const Pool& pool : intent.spec.fragment_store.pools) {
    const std::string name = PoolName(intent.name, pool.name);
    const Json selector = PoolSelector(intent.name, pool.name);
    Json config = ConfigMap(intent, name, selector, StoreConfig(intent, pool));
    std::vector<Mounted> volumes = {TlsVolume(intent, kFragmentStore),
                                    KeysVolume(intent, {kTokenPublicKey}),
                                    {"data", kDataFolder, nullptr, false}};
    const PodPlan pods{kFragmentStore,
                       selector,
                       pool,
                       intent.images.fragment_store,
                       name,
                       HashOf(config),
                       StorePlacement(intent, pool),
                       Joined(Joined(std::move(volumes), DomainVolumes(intent)), LeaseVolumes(intent)),
                       StoreVariables()};
    const SetPlan set{name,
                      name,
                      StoreReplicas(intent, pool),
                      Ownership::kRetained,
                      intent.spec.update_policy.partition,
                      Json::array({DataClaim(StorageOf(intent, pool), selector)})};
    out.push_back(std::move(config));
    out.push_back(StatefulSet(intent, set, pods));
  }
}

// A service without a state and without anybody who calls it.
void AddWorker(const ClusterIntent& intent, const Part& part, const Component& component, bool suspended,
               const std::string& image, const Json& config, std::vector<Json>& out) {
  const std::string name = NameOf(intent.name, part);
  const Json selector = Selector(intent.name, part);
  Json config_map = ConfigMap(intent, name, selector, config);
  const PodPlan pods{part, selector,           component, image,
                     name, HashOf(config_map), {},        Joined({TlsVolume(intent, part)}, LeaseVolumes(intent))};
  out.push_back(std::move(config_map));
  out.push_back(StatefulSet(intent, {name, name, suspended ? 0 : component.replicas}, pods));
}

}  // namespace

void MakeOneShot(const char* command, Json& container) {
  for (const char* serving : {"ports", "startupProbe", "readinessProbe", "livenessProbe", "lifecycle"})
    container.erase(serving);
  container["args"].insert(container["args"].begin(), command);
}

Json CatalogJob(const ClusterIntent& intent, int shard, const std::string& name, const char* component,
                const char* command) {
  PodPlan pods = CatalogPods(intent, shard, HashOf(CatalogConfigMap(intent)));
  // Never those of catalogs: nobody is to be sent to it.
  pods.selector = {{kClusterLabel, intent.name}, {kComponentLabel, component}, {kShardLabel, std::to_string(shard)}};
  pods.placement = {};
  Json pod = PodTemplate(intent, pods);
  pod["spec"]["restartPolicy"] = "OnFailure";
  MakeOneShot(command, pod["spec"]["containers"][0]);
  Json job = MakeObject(intent, "batch/v1", "Job", name, LabelsOf(intent, pods.selector));
  job["spec"] = {{"backoffLimit", 8}, {"ttlSecondsAfterFinished", 86'400}, {"template", std::move(pod)}};
  return job;
}

Json MigrationJob(const ClusterIntent& intent, int shard, int schema) {
  const std::string image = SpecHash(intent.images.catalog).substr(0, 8);
  return CatalogJob(intent, shard, fmt::format("{}-migrate-{}-{}-{}", intent.name, schema, shard, image), "migration",
                    "migrate");
}

std::vector<Json> Workloads(const ClusterIntent& intent) {
  const ClusterSpec& spec = intent.spec;
  std::vector<Json> out;
  AddCatalogs(intent, out);
  AddStores(intent, out);
  AddGateway(intent, out);
  AddWorker(intent, kRepairer, spec.repairer, spec.repairer.suspended, intent.images.repairer, RepairerConfig(intent),
            out);
  AddWorker(intent, kGarbageCollector, spec.garbage_collector, spec.garbage_collector.suspended,
            intent.images.garbage_collector, GarbageCollectorConfig(intent), out);
  return out;
}

}  // namespace pbfs::operators
