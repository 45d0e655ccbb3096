#include "services/operator/spec_samples.h"

#include <algorithm>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace pbfs::operators {
namespace {

Json PoolOf(const std::string& name, int replicas, const std::string& size) {
  return {{"name", name}, {"replicas", replicas}, {"storage", {{"size", size}}}};
}

class Chooser {
 public:
  explicit Chooser(Random& random) : random_(random) {}
  bool Maybe() { return random_.Below(2) == 0; }
  int64_t In(int64_t lo, int64_t hi) {
    return lo + static_cast<int64_t>(random_.Below(static_cast<uint64_t>(hi - lo + 1)));
  }
  template <typename T>
  T Of(const std::vector<T>& choices) {
    return choices[random_.Below(choices.size())];
  }

 private:
  Random& random_;
};

Json RandomPod(Chooser& choose) {
  Json pod = Json::object();
  if (choose.Maybe()) pod["labels"] = {{"team", choose.Of<std::string>({"storage", "data"})}};
  if (choose.Maybe()) pod["annotations"] = {{"note", std::to_string(choose.In(0, 99))}};
  if (choose.Maybe()) pod["nodeSelector"] = {{"disk", "ssd"}};
  if (choose.Maybe()) pod["terminationGracePeriodSeconds"] = choose.In(1, 400);
  if (choose.Maybe()) pod["env"] = Json::array({{{"name", "TZ"}, {"value", "UTC"}}});
  if (choose.Maybe()) pod["affinity"] = {{"nodeAffinity", Json::object()}};
  if (choose.Maybe())
    pod["topologySpreadConstraints"] =
        Json::array({{{"maxSkew", choose.In(1, 3)},
                      {"topologyKey", choose.Of<std::string>({"rack", "kubernetes.io/hostname"})},
                      {"whenUnsatisfiable", "ScheduleAnyway"}}});
  if (choose.Maybe()) {
    pod["extraVolumes"] = Json::array({{{"name", "extra"}, {"emptyDir", Json::object()}}});
    pod["extraVolumeMounts"] = Json::array({{{"name", "extra"}, {"mountPath", "/extra"}}});
  }
  return pod;
}

Json RandomComponent(Chooser& choose, int64_t most) {
  Json component = {{"replicas", choose.In(0, most)}, {"pod", RandomPod(choose)}};
  if (choose.Maybe())
    component["resources"] = {{"requests", {{"cpu", choose.Of<std::string>({"500m", "1000m", "1.5", "2"})}}},
                              {"limits", {{"memory", choose.Of<std::string>({"1Gi", "1.5Gi", "2048Mi"})}}}};
  return component;
}

void PutPools(Chooser& choose, int64_t least, Json& spec) {
  const int64_t count = choose.In(1, 4);
  for (int64_t i = 0; i < count; ++i) {
    Json pool = RandomComponent(choose, 6);
    pool["name"] = choose.Maybe() ? fmt::format("pool-{}", i) : fmt::format("abcdefghijk{}", i);
    pool["storage"] = {{"size", choose.Of<std::string>({"10Gi", "1.5Ti", "1024Mi", "500G"})}};
    if (choose.Maybe()) pool["storage"]["storageClassName"] = "fast";
    if (choose.Maybe()) pool["config"] = {{"limits.threads", std::to_string(choose.In(1, 64))}};
    spec["fragmentStore"]["pools"].push_back(std::move(pool));
  }
  Json& first = spec["fragmentStore"]["pools"][0];
  first["replicas"] = std::max(first["replicas"].get<int64_t>(), least);
}

void PutPostgres(Chooser& choose, Json& spec) {
  spec["postgres"]["type"] = choose.Of<std::string>({"Auto", "Managed", "CloudNativePG", "External"});
  if (spec["postgres"]["type"] == "Managed" && choose.Maybe()) {
    const int64_t instances = choose.In(1, 9);
    const Json component = RandomComponent(choose, 1);
    Json managed = {{"instances", instances},
                    {"synchronousStandbys", choose.In(0, std::min<int64_t>(instances - 1, 8))},
                    {"pod", component["pod"]},
                    {"storage", {{"size", choose.Of<std::string>({"20Gi", "1.5Ti"})}}}};
    if (component.contains("resources")) managed["resources"] = component["resources"];
    if (choose.Maybe()) managed["parameters"] = {{"max_connections", std::to_string(choose.In(100, 500))}};
    spec["postgres"]["managed"] = std::move(managed);
  }
  if (spec["postgres"]["type"] != "External") return;
  spec["postgres"]["external"] = {{"dsnSecretRef", {{"name", "dsn"}, {"key", "uri"}}}, {"requireTLS", choose.Maybe()}};
  if (choose.Maybe()) spec["postgres"]["external"]["caSecretRef"] = {{"name", "dsn-ca"}};
}

void PutTls(Chooser& choose, Json& spec) {
  spec["tls"]["mode"] = choose.Of<std::string>({"Managed", "CertManager", "Provided", "Disabled"});
  if (spec["tls"]["mode"] == "CertManager") spec["tls"]["issuerRef"] = {{"name", "issuer"}};
  if (spec["tls"]["mode"] == "Provided") spec["tls"]["internal"]["certificateSecretRef"] = {{"name", "inside"}};
  if (choose.Maybe()) spec["tls"]["s3"]["certificateSecretRef"] = {{"name", "outside"}};
  if (spec["tls"]["mode"] != "Disabled")
    spec["gateway"]["service"]["type"] = choose.Of<std::string>({"ClusterIP", "NodePort", "LoadBalancer"});
}

}  // namespace

Json SmallestSpec() { return {{"fragmentStore", {{"pools", Json::array({PoolOf("main", 3, "10Gi")})}}}}; }

Json ProductionSpec() {
  Json hot = PoolOf("hot", 6, "2Ti"), cold = PoolOf("cold", 6, "16Ti");
  hot["storage"]["storageClassName"] = "nvme";
  hot["resources"] = {{"requests", {{"cpu", 2}, {"memory", "4Gi"}}}, {"limits", {{"memory", "4Gi"}}}};
  hot["weight"] = 200;
  cold["storage"]["storageClassName"] = "hdd";
  cold["config"] = {{"limits.scrubBytesPerSecond", "33554432"}};
  return {{"version", "0.1.0"},
          {"redundancy",
           {{"dataShards", 4},
            {"parityShards", 2},
            {"minWriteShards", 5},
            {"failureDomain", "topology.kubernetes.io/zone"}}},
          {"fragmentStore", {{"pools", Json::array({hot, cold})}}},
          {"gateway",
           {{"replicas", 6},
            {"s3", {{"domains", Json::array({"s3.example.com"})}}},
            {"service", {{"type", "LoadBalancer"}, {"externalTrafficPolicy", "Local"}}},
            {"resources", {{"requests", {{"cpu", "1500m"}, {"memory", "1.5Gi"}}}}}}},
          {"catalog", {{"replicas", 3}}},
          {"garbageCollector", {{"replicas", 2}}},
          {"repairer", {{"replicas", 2}, {"bandwidthLimit", "200M"}}},
          {"postgres", {{"type", "CloudNativePG"}}},
          {"networkPolicy", {{"mode", "Enabled"}}}};
}

Json EverythingSpec() {
  Json pool = PoolOf("only", 4, "1Ti");
  pool["pod"] = {{"topologySpreadConstraints",
                  Json::array({{{"maxSkew", 2}, {"topologyKey", "rack"}, {"whenUnsatisfiable", "DoNotSchedule"}}})},
                 {"terminationGracePeriodSeconds", 600}};
  pool["config"] = {{"limits.threads", "16"}};
  const Json pod = {
      {"labels", {{"team", "storage"}}},
      {"annotations", {{"example.com/note", "hello"}}},
      {"nodeSelector", {{"kubernetes.io/arch", "amd64"}}},
      {"tolerations", Json::array({{{"key", "storage"}, {"operator", "Exists"}, {"effect", "NoSchedule"}}})},
      {"affinity", {{"nodeAffinity", Json::object()}}},
      {"topologySpreadConstraints",
       Json::array(
           {{{"maxSkew", 1}, {"topologyKey", "topology.kubernetes.io/zone"}, {"whenUnsatisfiable", "DoNotSchedule"}}})},
      {"priorityClassName", "storage"},
      {"env", Json::array({{{"name", "TZ"}, {"value", "UTC"}}})},
      {"extraVolumes", Json::array({{{"name", "extra"}, {"configMap", {{"name", "users-own"}}}}})},
      {"extraVolumeMounts", Json::array({{{"name", "extra"}, {"mountPath", "/extra"}, {"readOnly", true}}})}};
  return {
      {"version", "0.1.0"},
      {"image", "registry.example/pbfs:0.1.0"},
      {"imagePullPolicy", "Always"},
      {"imagePullSecrets", Json::array({{{"name", "pull"}}})},
      {"redundancy", {{"dataShards", 2}, {"parityShards", 1}}},
      {"coordination",
       {{"mode", "Etcd"},
        {"etcd", {{"endpoints", Json::array({"etcd-0.etcd:2379"})}, {"tlsSecretRef", {{"name", "etcd-client"}}}}}}},
      {"gateway",
       {{"replicas", 3},
        {"pod", pod},
        {"config", {{"client.memoryBytes", "536870912"}, {"etag", "opaque"}}},
        {"s3", {{"port", 443}, {"region", "eu-central-1"}}},
        {"grpc", {{"port", 8443}}},
        {"service",
         {{"type", "LoadBalancer"},
          {"annotations", {{"example.com/internal", "true"}}},
          {"loadBalancerClass", "example.com/lb"},
          {"loadBalancerSourceRanges", Json::array({"10.0.0.0/8"})}}}}},
      {"fragmentStore", {{"pools", Json::array({pool})}, {"maxUnavailable", 1}}},
      {"catalog", {{"replicas", 5}, {"config", {{"limits.readThreads", "32"}}}}},
      {"garbageCollector", {{"replicas", 1}, {"gracePeriodSeconds", 7200}, {"suspended", true}}},
      {"repairer", {{"suspended", true}}},
      {"postgres",
       {{"type", "External"},
        {"external", {{"dsnSecretRef", {{"name", "dsn"}, {"key", "uri"}}}, {"caSecretRef", {{"name", "dsn-ca"}}}}}}},
      {"tls",
       {{"mode", "Provided"},
        {"internal", {{"certificateSecretRef", {{"name", "inside"}}}, {"caSecretRef", {{"name", "inside-ca"}}}}},
        {"s3", {{"certificateSecretRef", {{"name", "outside"}}}}}}},
      {"monitoring",
       {{"serviceMonitor", "Enabled"}, {"scrapePeriodSeconds", 15}, {"labels", {{"release", "prometheus"}}}}},
      {"networkPolicy",
       {{"mode", "Enabled"},
        {"gatewayFrom", Json::array({{{"namespaceSelector", {{"matchLabels", {{"s3", "allowed"}}}}}}})}}},
      {"updatePolicy", {{"strategy", "Rolling"}, {"partition", 3}}},
      {"logging", {{"level", "warn"}}},
      {"podMetadata", {{"labels", {{"cost-center", "42"}}}, {"annotations", {{"example.com/owner", "us"}}}}}};
}

Json RandomSpec(Random& random) {
  Chooser choose(random);
  const int64_t k = choose.In(1, 6), m = choose.In(1, 4);
  Json spec = {{"redundancy", {{"dataShards", k}, {"parityShards", m}, {"minWriteShards", choose.In(k, k + m)}}},
               {"gateway", RandomComponent(choose, 9)},
               {"catalog", RandomComponent(choose, 5)},
               {"garbageCollector", RandomComponent(choose, 2)},
               {"repairer", RandomComponent(choose, 3)},
               {"hibernated", choose.In(0, 9) == 0},
               {"networkPolicy", {{"mode", choose.Of<std::string>({"Enabled", "Disabled"})}}},
               {"updatePolicy", {{"strategy", choose.Of<std::string>({"Rolling", "OnDelete"})}}},
               {"logging", {{"level", choose.Of<std::string>({"error", "warn", "info", "debug", "trace"})}}}};
  if (choose.Maybe()) spec["redundancy"]["failureDomain"] = "topology.kubernetes.io/zone";
  PutPools(choose, k + m, spec);
  PutPostgres(choose, spec);
  PutTls(choose, spec);
  if (choose.Maybe()) spec["coordination"] = {{"mode", "Etcd"}, {"etcd", {{"endpoints", Json::array({"etcd:2379"})}}}};
  if (choose.Maybe()) spec["podMetadata"] = {{"labels", {{"owner", "us"}}}, {"annotations", {{"a", "b"}}}};
  return spec;
}

ClusterIntent IntentOf(const Json& spec) {
  ClusterIntent intent;
  intent.name = "demo";
  intent.space = "storage";
  intent.uid = "6f0a8a52-3a7c-4f86-9c0e-0e1d2c3b4a59";
  intent.spec = ParseSpec(spec).spec;
  const auto image = [](const char* program) { return fmt::format("registry.example/{}:0.1.0", program); };
  intent.images = {image("pbfs-gateway"),           image("pbfs-catalog"),  image("pbfs-fragment-store"),
                   image("pbfs-garbage-collector"), image("pbfs-repairer"), image("pbfs-postgres")};
  intent.facts.postgres_type = intent.spec.postgres.type == "Auto" ? "Managed" : intent.spec.postgres.type;
  intent.facts.cluster_id = "0198c4a2-0000-7000-8000-000000000001";
  intent.facts.admin_public_key = std::string(64, 'a');
  intent.facts.operator_namespace = "pbfs-system";
  intent.facts.nodes = 3;
  intent.facts.failure_domains = 3;
  intent.facts.service_monitors_served = true;
  return intent;
}

}  // namespace pbfs::operators
