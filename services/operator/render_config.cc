#include "services/operator/render_config.h"

#include <algorithm>

#include <fmt/format.h>

#include "services/operator/render_postgres.h"
#include "services/operator/service_settings.h"

namespace pbfs::operators {
namespace {

std::string Listen(int port) { return fmt::format("0.0.0.0:{}", port); }
std::string InFolder(const char* folder, const char* file) { return fmt::format("{}/{}", folder, file); }

Json TlsIn(const char* folder) {
  return {
      {"ca", InFolder(folder, "ca.crt")}, {"cert", InFolder(folder, "tls.crt")}, {"key", InFolder(folder, "tls.key")}};
}

const char* LogLevel(const std::string& level) {
  if (level == "trace") return "debug";  // the finest that services have
  if (level == "warn") return "warning";
  return level == "error" ? "error" : level == "debug" ? "debug" : "info";
}

Json Catalogs(const ClusterIntent& intent) {
  return Json::array({fmt::format("{}.{}.svc:{}", ShardName(intent.name, 0), intent.space, kCatalogPort)});
}

Json Common(const ClusterIntent& intent) {
  return {{"log", {{"level", LogLevel(intent.spec.log_level)}}}, {"metrics", {{"address", Listen(kMetricsPort)}}}};
}

void PutLeases(const ClusterIntent& intent, Json& config) {
  const Coordination& coordination = intent.spec.coordination;
  if (!coordination.etcd) {
    config["kubernetes"] = {{"cluster", intent.name}, {"namespace", intent.space}};
    return;
  }
  config["etcd"] = {{"endpoints", coordination.etcd->endpoints}, {"prefix", coordination.etcd->prefix}};
  if (!coordination.etcd->tls_secret.empty()) config["etcd"]["tls"] = TlsIn(kEtcdTlsFolder);
}

void PutDrain(const Ending& ending, Json& config) { config["drainMs"] = ending.drain_seconds * 1000; }

int64_t DefaultGraceSeconds(const Part& part) {
  if (part == kGateway) return 60;
  if (part == kCatalog || part == kPostgres) return 120;
  return part == kFragmentStore ? 300 : 30;
}

// A service that works on the site through its catalogs.
Json WorkerConfig(const ClusterIntent& intent) {
  Json config = Common(intent);
  config["catalogs"] = Catalogs(intent);
  config["tls"] = TlsIn(kTlsFolder);
  PutLeases(intent, config);
  return config;
}

Json ServerConfig(const ClusterIntent& intent, int port) {
  Json config = Common(intent);
  config["listen"] = Listen(port);
  config["tls"] = TlsIn(kTlsFolder);
  config["siteId"] = intent.facts.site_id;
  PutLeases(intent, config);
  return config;
}

Json Scheme(const RedundancySpec& code) {
  Json scheme = {{"dataShards", code.data_shards}, {"parityShards", code.parity_shards}};
  if (code.min_write_shards) scheme["minWriteShards"] = *code.min_write_shards;
  return scheme;
}

// Where nodes are not the failure domains, a pod cannot know its own: it finds that by the name of its node.
void PutDomain(const ClusterIntent& intent, Json& config) {
  const std::string node = std::string("$(") + kNodeVariable + ")";
  if (intent.spec.redundancy.failure_domain == kNodeDomain)
    config["domain"] = node;
  else
    config["domainFile"] = InFolder(kDomainsFolder, node.c_str());
}

}  // namespace

Ending EndingOf(const Part& part, const PodOverrides& pod) {
  const int64_t grace = pod.termination_grace_period_seconds.value_or(DefaultGraceSeconds(part));
  // Nobody is sent to PostgreSQL who does not look for the primary himself.
  const int64_t wait = part == kPostgres ? 0 : std::min<int64_t>(5, grace / 4);
  return {grace, wait, grace - 2 * wait};
}

Json GatewayConfig(const ClusterIntent& intent) {
  const Gateway& gateway = intent.spec.gateway;
  Json config = Common(intent);
  config["client"] = {{"catalogs", Catalogs(intent)},
                      {"tls", TlsIn(kTlsFolder)},
                      // What a pod has seen of keyrings it forgets with its end; the identity is that of all.
                      {"keysDirectory", "/tmp/keys"},
                      {"identityFile", InFolder(kClientKeysFolder, kIdentity)},
                      {"adminKeyFile", InFolder(kKeysFolder, kAdminKey)}};
  PutUnlessEmpty(config["client"], "adminPublicKey", intent.facts.admin_public_key);
  if (intent.spec.tls.mode == "Disabled") {
    config["http"] = Listen(kS3Port);  // and no object API, which is over TLS always
  } else {
    config["https"] = Listen(kS3Port);
    config["grpc"] = Listen(kGrpcPort);
    config["certificate"] = InFolder(kS3TlsFolder, "tls.crt");
    config["certificateKey"] = InFolder(kS3TlsFolder, "tls.key");
  }
  config["region"] = gateway.region;
  config["scheme"] = Scheme(intent.spec.redundancy);
  PutUnlessEmpty(config, "domains", gateway.domains);
  config["admin"] = Listen(kHealthPort);
  config["adminPage"] = "off";  // it shows names of objects to whoever reaches the port
  PutDrain(EndingOf(kGateway, gateway.pod), config);
  PutSettings(gateway.config, config);
  return config;
}

Json CatalogConfig(const ClusterIntent& intent) {
  const Catalog& catalog = intent.spec.catalog;
  Json config = ServerConfig(intent, kCatalogPort);
  config["primaryDsnFile"] = InFolder(kDatabaseFolder, kDsnFile);
  config["siteSecretFile"] = InFolder(kKeysFolder, kSiteSecret);
  config["tokenKeyFile"] = InFolder(kKeysFolder, kTokenKey);
  if (JudgesFailovers(intent)) config["patroni"] = {{"scope", PostgresName(intent.name, 0)}};
  PutDrain(EndingOf(kCatalog, catalog.pod), config["limits"]);
  PutSettings(catalog.config, config);
  return config;
}

Json StoreConfig(const ClusterIntent& intent, const Pool& pool) {
  Json config = ServerConfig(intent, kStorePort);
  config["clusterId"] = intent.facts.cluster_id;
  config["catalogs"] = Catalogs(intent);  // which give a new store its number and key
  config["address"] =
      fmt::format("$({}).{}.{}.svc:{}", kPodVariable, PoolName(intent.name, pool.name), intent.space, kStorePort);
  PutDomain(intent, config);
  // A folder of its own: the root of a volume may hold what the file system put there.
  config["dataDirectory"] = InFolder(kDataFolder, "store");
  config["weight"] = pool.weight;
  config["tokenKeyFile"] = InFolder(kKeysFolder, kTokenPublicKey);
  PutDrain(EndingOf(kFragmentStore, pool.pod), config["limits"]);
  PutSettings(pool.config, config);
  return config;
}

Json GarbageCollectorConfig(const ClusterIntent& intent) {
  const GarbageCollector& collector = intent.spec.garbage_collector;
  Json config = WorkerConfig(intent);
  config["graceMs"] = collector.grace_period_seconds * 1000;
  PutSettings(collector.config, config);
  return config;
}

Json RepairerConfig(const ClusterIntent& intent) {
  const Repairer& repairer = intent.spec.repairer;
  Json config = WorkerConfig(intent);
  if (repairer.bandwidth_limit) config["bytesPerSecond"] = repairer.bandwidth_limit->Ceiling();
  PutSettings(repairer.config, config);
  return config;
}

Json ConfigMap(const ClusterIntent& intent, const std::string& name, const Json& selector, const Json& config) {
  Json object = MakeObject(intent, "v1", "ConfigMap", name, LabelsOf(intent, selector));
  object["data"] = {{kConfigFile, config.dump(2) + "\n"}};
  return object;
}

}  // namespace pbfs::operators
