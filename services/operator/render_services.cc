#include <utility>

#include "services/operator/render_parts.h"
#include "services/operator/render_pods.h"

namespace pbfs::operators {
namespace {

Json ServicePort(const char* name, int port) {
  return {{"name", name}, {"port", port}, {"targetPort", name}, {"protocol", "TCP"}};
}

Json Service(const ClusterIntent& intent, const std::string& name, const Json& selector, Json spec) {
  Json object = MakeObject(intent, "v1", "Service", name, LabelsOf(intent, selector));
  spec["selector"] = selector;
  object["spec"] = std::move(spec);
  return object;
}

Json GatewayPorts(const ClusterIntent& intent) {
  const Gateway& gateway = intent.spec.gateway;
  Json ports = Json::array({ServicePort("s3", gateway.s3_port)});
  if (intent.spec.tls.mode != "Disabled") ports.push_back(ServicePort("grpc", gateway.grpc_port));
  return ports;
}

Json ForClients(const ClusterIntent& intent) {
  const GatewayService& wanted = intent.spec.gateway.service;
  Json spec = {{"type", wanted.type}, {"ports", GatewayPorts(intent)}};
  PutUnlessEmpty(spec, "loadBalancerClass", wanted.load_balancer_class);
  PutUnlessEmpty(spec, "loadBalancerSourceRanges", wanted.load_balancer_source_ranges);
  PutUnlessEmpty(spec, "externalTrafficPolicy", wanted.external_traffic_policy);
  Json service = Service(intent, NameOf(intent.name, kGateway), Selector(intent.name, kGateway), std::move(spec));
  for (const auto& [key, value] : wanted.annotations) service["metadata"]["annotations"][key] = value;
  return service;
}

}  // namespace

Json HeadlessService(const ClusterIntent& intent, const std::string& name, const Part& part, const Json& selector,
                     bool not_ready_too) {
  Json ports = Json::array();
  for (const Port& port : PortsOf(intent, part)) ports.push_back(ServicePort(port.name, port.number));
  Json spec = {{"type", "ClusterIP"}, {"clusterIP", "None"}, {"ports", std::move(ports)}};
  if (not_ready_too) spec["publishNotReadyAddresses"] = true;
  return Service(intent, name, selector, std::move(spec));
}

std::vector<Json> Services(const ClusterIntent& intent) {
  const std::string& cluster = intent.name;
  std::vector<Json> out;
  for (int shard = 0; shard < intent.spec.catalog.shards; ++shard)
    out.push_back(HeadlessService(intent, ShardName(cluster, shard), kCatalog, ShardSelector(cluster, shard)));
  for (const Pool& pool : intent.spec.fragment_store.pools)
    out.push_back(
        HeadlessService(intent, PoolName(cluster, pool.name), kFragmentStore, PoolSelector(cluster, pool.name), true));
  out.push_back(HeadlessService(intent, NameOf(cluster, kGateway) + "-hl", kGateway, Selector(cluster, kGateway)));
  for (const Part& part : {kGarbageCollector, kRepairer})
    out.push_back(HeadlessService(intent, NameOf(cluster, part), part, Selector(cluster, part)));
  out.push_back(ForClients(intent));
  return out;
}

}  // namespace pbfs::operators
