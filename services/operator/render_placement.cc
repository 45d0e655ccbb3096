#include "services/operator/render_placement.h"

#include <algorithm>
#include <utility>

#include "services/operator/render_postgres.h"

namespace pbfs::operators {
namespace {

constexpr const char* kHost = "kubernetes.io/hostname";
constexpr const char* kZone = "topology.kubernetes.io/zone";

Json Spread(const std::string& topology_key, bool must, const Json& selector) {
  return {{"maxSkew", 1},
          {"topologyKey", topology_key},
          {"whenUnsatisfiable", must ? "DoNotSchedule" : "ScheduleAnyway"},
          {"labelSelector", {{"matchLabels", selector}}}};
}

Json OnOneNode(const Json& labels) { return {{"topologyKey", kHost}, {"labelSelector", {{"matchLabels", labels}}}}; }

Json Preferred(Json term) { return Json::array({{{"weight", 100}, {"podAffinityTerm", std::move(term)}}}); }

// Pods of this selector, so many of them, are each on a node of its own: a must if there are nodes enough, else a wish.
Json Apart(const ClusterIntent& intent, const Json& selector, int pods) {
  const Json term = OnOneNode(selector);
  if (intent.facts.nodes >= pods) return {{"requiredDuringSchedulingIgnoredDuringExecution", Json::array({term})}};
  return {{"preferredDuringSchedulingIgnoredDuringExecution", Preferred(term)}};
}

}  // namespace

Placement StorePlacement(const ClusterIntent& intent, const Pool& pool) {
  const RedundancySpec& redundancy = intent.spec.redundancy;
  const bool enough = intent.facts.failure_domains >= DomainsNeeded(redundancy);
  Placement out;
  out.spread.push_back(Spread(redundancy.failure_domain, enough, PoolSelector(intent.name, pool.name)));
  return out;
}

Placement CatalogPlacement(const ClusterIntent& intent, int shard) {
  Placement out;
  out.affinity["podAntiAffinity"] = Apart(intent, ShardSelector(intent.name, shard), intent.spec.catalog.replicas);
  const Json postgres = PostgresPods(intent, shard);
  if (!postgres.is_null())
    out.affinity["podAffinity"]["preferredDuringSchedulingIgnoredDuringExecution"] = Preferred(OnOneNode(postgres));
  return out;
}

Placement PostgresPlacement(const ClusterIntent& intent, int shard, int members) {
  Placement out;
  out.affinity["podAntiAffinity"] = Apart(intent, PostgresSelector(intent.name, shard), members);
  return out;
}

Placement GatewayPlacement(const ClusterIntent& intent) {
  Placement out;
  out.spread.push_back(Spread(kZone, false, Selector(intent.name, kGateway)));
  return out;
}

Placement WithOverrides(Placement ours, const PodOverrides& pod, const Json& selector) {
  if (!pod.affinity.is_null()) ours.affinity.merge_patch(pod.affinity);
  const auto replaced = [&](const Json& own) {
    return std::any_of(pod.topology_spread_constraints.begin(), pod.topology_spread_constraints.end(),
                       [&](const Json& wanted) { return wanted.at("topologyKey") == own.at("topologyKey"); });
  };
  std::erase_if(ours.spread.get_ref<Json::array_t&>(), replaced);
  for (Json wanted : pod.topology_spread_constraints) {
    wanted["labelSelector"] = {{"matchLabels", selector}};
    ours.spread.push_back(std::move(wanted));
  }
  return ours;
}

}  // namespace pbfs::operators
