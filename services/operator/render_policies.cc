#include <algorithm>
#include <utility>

#include "services/operator/render_parts.h"
#include "services/operator/render_pods.h"

namespace pbfs::operators {

Json Budget(const ClusterIntent& intent, const std::string& name, const Json& selector, int64_t max_unavailable) {
  Json object = MakeObject(intent, "policy/v1", "PodDisruptionBudget", name, LabelsOf(intent, selector));
  object["spec"] = {{"maxUnavailable", max_unavailable}, {"selector", {{"matchLabels", selector}}}};
  return object;
}

Json PolicyPorts(std::initializer_list<int> ports) {
  Json out = Json::array();
  for (const int port : ports) out.push_back({{"port", port}, {"protocol", "TCP"}});
  return out;
}

Json PodsOf(const Json& labels) { return {{"podSelector", {{"matchLabels", labels}}}}; }

Json AnyPod() { return {{"namespaceSelector", Json::object()}}; }

Json OperatorPods(const ClusterIntent& intent) {
  return {{"namespaceSelector", {{"matchLabels", {{"kubernetes.io/metadata.name", intent.facts.operator_namespace}}}}},
          {"podSelector", {{"matchLabels", {{"app.kubernetes.io/name", "pbfs-operator"}}}}}};
}

Json IngressPolicy(const ClusterIntent& intent, const std::string& name, const Json& labels, Json selector,
                   Json ingress) {
  Json object = MakeObject(intent, "networking.k8s.io/v1", "NetworkPolicy", name, labels);
  object["spec"] = {
      {"podSelector", std::move(selector)}, {"policyTypes", Json::array({"Ingress"})}, {"ingress", std::move(ingress)}};
  return object;
}

namespace {

// None where it could only refuse: of one pod, or of none.
void AddBudgets(const ClusterIntent& intent, std::vector<Json>& out) {
  const ClusterSpec& spec = intent.spec;
  const std::string& cluster = intent.name;
  if (spec.hibernated) return;
  if (spec.gateway.replicas > 1)
    out.push_back(
        Budget(intent, NameOf(cluster, kGateway), Selector(cluster, kGateway), std::max(1, spec.gateway.replicas / 4)));
  for (int shard = 0; spec.catalog.replicas > 1 && shard < spec.catalog.shards; ++shard)
    out.push_back(Budget(intent, ShardName(cluster, shard), ShardSelector(cluster, shard), 1));
  if (StoresOf(spec) > 1) {
    const StoresSpec& stores = spec.fragment_store;
    Json budget =
        Budget(intent, NameOf(cluster, kFragmentStore), Selector(cluster, kFragmentStore), stores.max_unavailable);
    // A store that is not ready protects nothing by staying.
    budget["spec"]["unhealthyPodEvictionPolicy"] = "AlwaysAllow";
    out.push_back(std::move(budget));
  }
}

// Whoever scrapes runs in a namespace of its own, and metrics are no secret.
Json MetricsRule() { return {{"from", Json::array({AnyPod()})}, {"ports", PolicyPorts({kMetricsPort})}}; }

Json GatewayPolicy(const ClusterIntent& intent) {
  const Json selector = Selector(intent.name, kGateway);
  Json clients = {
      {"ports", intent.spec.tls.mode == "Disabled" ? PolicyPorts({kS3Port}) : PolicyPorts({kS3Port, kGrpcPort})}};
  if (!intent.spec.network_policy.gateway_from.empty()) {
    clients["from"] = intent.spec.network_policy.gateway_from;
    clients["from"].push_back(OperatorPods(intent));  // which looks at the certificate that is shown
  }
  return IngressPolicy(intent, NameOf(intent.name, kGateway), LabelsOf(intent, selector), {{"matchLabels", selector}},
                       Json::array({std::move(clients), MetricsRule()}));
}

Json InternalPolicy(const ClusterIntent& intent) {
  Json components = Json::array();
  for (const Part& part : kParts)
    if (!(part == kGateway)) components.push_back(part.component);
  const Json selector = {
      {"matchLabels", {{kClusterLabel, intent.name}}},
      {"matchExpressions", Json::array({{{"key", kComponentLabel}, {"operator", "In"}, {"values", components}}})}};
  const Json rule = {{"from", Json::array({PodsOf({{kClusterLabel, intent.name}}), OperatorPods(intent)})},
                     {"ports", PolicyPorts({kStorePort, kCatalogPort})}};
  return IngressPolicy(intent, intent.name + "-internal", ClusterLabels(intent), selector,
                       Json::array({rule, MetricsRule()}));
}

}  // namespace

std::vector<Json> Policies(const ClusterIntent& intent) {
  std::vector<Json> out;
  AddBudgets(intent, out);
  if (intent.spec.network_policy.enabled) {
    out.push_back(GatewayPolicy(intent));
    out.push_back(InternalPolicy(intent));
  }
  return out;
}

}  // namespace pbfs::operators
