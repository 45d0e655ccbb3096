#include "services/operator/render_postgres.h"

#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libs/base/bytes.h"
#include "services/operator/render_cloudnativepg.h"
#include "services/operator/render_config.h"
#include "services/operator/render_parts.h"
#include "services/operator/render_patroni.h"
#include "services/operator/render_pods.h"
#include "services/operator/render_sets.h"

namespace pbfs::operators {
namespace {

constexpr size_t kPasswordBytes = 32;
constexpr int kRoundsSeconds = 10;  // five of Patroni's loop_wait

Database ExternalDatabase(const ExternalPostgres& external, int shard) {
  const char* mode = !external.require_tls ? "prefer" : external.ca_secret.empty() ? "require" : "verify-full";
  return {shard == 0 ? external.dsn : external.shard_dsn.at(shard), external.ca_secret, mode};
}

std::string HeadlessName(const ClusterIntent& intent, int shard) { return PostgresName(intent.name, shard) + "-hl"; }

std::string ServiceHost(const ClusterIntent& intent, const std::string& service) {
  return fmt::format("{}.{}.svc", service, intent.space);
}

/// "demo-pg-0-1.demo-pg-0-hl.storage.svc" of the pod "demo-pg-0-1".
std::string MemberHost(const ClusterIntent& intent, int shard, const std::string& pod) {
  return fmt::format("{}.{}", pod, ServiceHost(intent, HeadlessName(intent, shard)));
}

std::string NewPassword(Random& random) {
  std::array<uint8_t, kPasswordBytes> bytes;
  random.Fill(bytes);
  return ToHex(bytes);
}

Json Settings(const ClusterIntent& intent, int shard) {
  Json object = MakeObject(intent, "v1", "ConfigMap", PostgresName(intent.name, shard),
                           LabelsOf(intent, PostgresSelector(intent.name, shard)));
  // YAML is a superset of JSON.
  object["data"] = {{kPatroniFile, PatroniConfig(intent, shard).dump(2) + "\n"},
                    {kPatroniSettingsFile, PatroniSettings(intent).dump(2) + "\n"}};
  return object;
}

// A Service whose Endpoints Patroni writes. Kubernetes removes Endpoints without one; those that hold only Patroni's state have one
// for nothing else.
Json PatronisService(const ClusterIntent& intent, int shard, const std::string& name, Json spec) {
  Json object = MakeObject(intent, "v1", "Service", name, LabelsOf(intent, PostgresSelector(intent.name, shard)),
                           Ownership::kRetained);
  spec["type"] = "ClusterIP";
  object["spec"] = std::move(spec);
  return object;
}

void AddServices(const ClusterIntent& intent, int shard, std::vector<Json>& out) {
  const std::string name = PostgresName(intent.name, shard);
  const Json port = {{"name", "postgres"}, {"port", kPostgresPort}, {"targetPort", kPostgresPort}, {"protocol", "TCP"}};
  out.push_back(PatronisService(intent, shard, name, {{"ports", Json::array({port})}}));
  for (const char* state : {"-config", "-sync"})
    out.push_back(PatronisService(intent, shard, name + state, {{"clusterIP", "None"}}));
  // Members have to find each other before they are ready.
  out.push_back(
      HeadlessService(intent, HeadlessName(intent, shard), kPostgres, PostgresSelector(intent.name, shard), true));
}

// What Patroni would have to find out of its own pod.
Json MemberVariables(const ClusterIntent& intent, int shard) {
  const auto address = [&](const char* name, int port) -> Json {
    return {{"name", name}, {"value", fmt::format("{}:{}", MemberHost(intent, shard, "$(PATRONI_NAME)"), port)}};
  };
  return Json::array({FieldVariable("PATRONI_NAME", "metadata.name"),
                      FieldVariable("PATRONI_KUBERNETES_POD_IP", "status.podIP"),
                      address("PATRONI_POSTGRESQL_CONNECT_ADDRESS", kPostgresPort),
                      address("PATRONI_RESTAPI_CONNECT_ADDRESS", kPatroniPort)});
}

Storage StorageOf(const ManagedPostgres& managed) { return managed.storage.value_or(DefaultPostgresStorage()); }

Json Members(const ClusterIntent& intent, int shard, const Json& settings) {
  const ManagedPostgres managed = ManagedOf(intent);
  const Component component{managed.instances, managed.resources, managed.pod, {}};
  const std::string name = PostgresName(intent.name, shard);
  const std::string& image = managed.image.empty() ? intent.images.postgres : managed.image;
  const Json selector = PostgresSelector(intent.name, shard);
  PodPlan pods{kPostgres,
               selector,
               component,
               image,
               name,
               HashOf(settings),
               PostgresPlacement(intent, shard, managed.instances),
               {TlsVolume(intent, kPostgres),
                SecretVolume("database", kDatabaseFolder, name,
                             {{"password", "password"},
                              {"superuser-password", "superuser-password"},
                              {"replication-password", "replication-password"}}),
                AccountVolume(),
                {"data", kDataFolder, nullptr, false}},
               MemberVariables(intent, shard)};
  pods.config_file = kPatroniFile;
  pods.labels = {{kScopeLabel, name}};
  Json set = StatefulSet(intent,
                         {name, HeadlessName(intent, shard), managed.instances, Ownership::kRetained, 0,
                          Json::array({DataClaim(StorageOf(managed), selector)})},
                         pods);
  // A member that runs again is a synchronous standby some rounds of the primary later, and only then may the next one stop.
  set["spec"]["minReadySeconds"] = kRoundsSeconds;
  return set;
}

void AddShard(const ClusterIntent& intent, int shard, std::vector<Json>& out) {
  Json settings = Settings(intent, shard);
  AddServices(intent, shard, out);
  out.push_back(Members(intent, shard, settings));
  out.push_back(std::move(settings));
  if (ManagedOf(intent).instances > 1 && !intent.spec.hibernated)
    out.push_back(Budget(intent, PostgresName(intent.name, shard), PostgresSelector(intent.name, shard), 1));
}

void AddAccount(const ClusterIntent& intent, std::vector<Json>& out) {
  const std::string name = NameOf(intent.name, kPostgres);
  const Json labels = LabelsOf(intent, Selector(intent.name, kPostgres));
  const std::array<Rule, 2> rules{Rule{"", "endpoints", {"create", "get", "list", "patch", "watch"}},
                                  Rule{"", "pods", {"get", "list", "patch", "watch"}}};
  out.push_back(ServiceAccount(intent, kPostgres));
  out.push_back(Role(intent, name, labels, rules));
  out.push_back(RoleBinding(intent, name, labels, {&kPostgres, 1}));
}

// What catalogs may see of Patroni, and write down.
void AddWitnesses(const ClusterIntent& intent, std::vector<Json>& out) {
  const std::string name = NameOf(intent.name, kCatalog);
  const Json labels = LabelsOf(intent, Selector(intent.name, kCatalog));
  const std::array<Rule, 3> rules{
      Rule{"", "endpoints", {"list", "watch"}}, Rule{"", "pods", {"get"}},
      Rule{"", "configmaps", {"get", "patch"}, {FailoverMemory(intent, 0)["metadata"]["name"].get<std::string>()}}};
  out.push_back(Role(intent, name, labels, rules));
  out.push_back(RoleBinding(intent, name, labels, {&kCatalog, 1}));
}

// Of all shards. Catalogs and Jobs that migrate come in by password; Patroni is for its own and the operator.
Json MembersPolicy(const ClusterIntent& intent) {
  const Json members = Selector(intent.name, kPostgres);
  const Json sessions = {{"from", Json::array({PodsOf({{kClusterLabel, intent.name}})})},
                         {"ports", PolicyPorts({kPostgresPort})}};
  Json patroni = {{"from", Json::array({PodsOf(members), OperatorPods(intent)})},
                  {"ports", PolicyPorts({kPatroniPort})}};
  // For its metrics; whoever wants something done shows a certificate of the cluster's.
  if (WantsMonitor(intent)) patroni["from"].push_back(AnyPod());
  return IngressPolicy(intent, NameOf(intent.name, kPostgres), LabelsOf(intent, members), {{"matchLabels", members}},
                       Json::array({sessions, patroni}));
}

}  // namespace

Storage DefaultPostgresStorage() { return {Quantity::Parse("10Gi").value(), {}}; }

Database DatabaseOf(const ClusterIntent& intent, int shard) {
  const std::string name = PostgresName(intent.name, shard);
  if (intent.spec.postgres.external) return ExternalDatabase(*intent.spec.postgres.external, shard);
  if (IsCloudNativePg(intent)) return {{name + "-app", "uri"}, name + "-ca", "verify-full"};
  return {{name, "uri"}, "", "verify-full"};
}

Json PostgresPods(const ClusterIntent& intent, int shard) {
  if (intent.spec.postgres.external) return nullptr;
  if (IsCloudNativePg(intent)) return {{"cnpg.io/cluster", PostgresName(intent.name, shard)}};
  return PostgresSelector(intent.name, shard);
}

bool IsManaged(const ClusterIntent& intent) { return intent.facts.postgres_type == "Managed"; }

bool JudgesFailovers(const ClusterIntent& intent) {
  return IsManaged(intent) && ManagedOf(intent).synchronous_standbys > 0 &&
         intent.spec.coordination.mode == "KubernetesLease";
}

Json FailoverMemory(const ClusterIntent& intent, int shard) {
  return MakeObject(intent, "v1", "ConfigMap", PostgresName(intent.name, shard) + "-thawed",
                    LabelsOf(intent, PostgresSelector(intent.name, shard)));
}

std::vector<Json> PostgresObjects(const ClusterIntent& intent) {
  if (!IsManaged(intent)) return {};
  std::vector<Json> out;
  AddAccount(intent, out);
  if (JudgesFailovers(intent)) AddWitnesses(intent, out);
  for (int shard = 0; shard < intent.spec.catalog.shards; ++shard) AddShard(intent, shard, out);
  if (intent.spec.network_policy.enabled) out.push_back(MembersPolicy(intent));
  return out;
}

Json PostgresSecret(const ClusterIntent& intent, int shard, Random& random) {
  Json object = MakeObject(intent, "v1", "Secret", PostgresName(intent.name, shard),
                           LabelsOf(intent, PostgresSelector(intent.name, shard)), Ownership::kRetained);
  const std::string password = NewPassword(random);
  object["type"] = "Opaque";
  object["stringData"] = {{"uri", PostgresUri(intent, shard, password)},
                          {"password", password},
                          {"superuser-password", NewPassword(random)},
                          {"replication-password", NewPassword(random)}};
  return object;
}

std::vector<std::string> PostgresHosts(const ClusterIntent& intent, int shard) {
  const std::string name = PostgresName(intent.name, shard);
  std::vector<std::string> hosts;
  for (int member = 0; member < ManagedOf(intent).instances; ++member)
    hosts.push_back(MemberHost(intent, shard, fmt::format("{}-{}", name, member)));
  hosts.push_back(ServiceHost(intent, name));
  return hosts;
}

std::string PostgresUri(const ClusterIntent& intent, int shard, const std::string& password) {
  std::vector<std::string> hosts = PostgresHosts(intent, shard);
  for (std::string& host : hosts) host += fmt::format(":{}", kPostgresPort);
  return fmt::format(
      "postgresql://pbfs:{}@{}/pbfs?target_session_attrs=read-write&sslmode=verify-full&connect_timeout=5", password,
      fmt::join(hosts, ","));
}

std::vector<std::string> PostgresDnsNames(const ClusterIntent& intent) {
  std::vector<std::string> names;
  for (int shard = 0; shard < intent.spec.catalog.shards; ++shard) {
    names.push_back(ServiceHost(intent, PostgresName(intent.name, shard)));
    names.push_back(ServiceHost(intent, HeadlessName(intent, shard)));
    names.push_back(MemberHost(intent, shard, "*"));
  }
  return names;
}

}  // namespace pbfs::operators
