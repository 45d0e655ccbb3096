#include <utility>

#include <fmt/format.h>

#include "libs/base/bytes.h"
#include "libs/crypto/primitives.h"
#include "services/operator/monitoring_texts.h"
#include "services/operator/query_scope.h"
#include "services/operator/render_parts.h"
#include "services/operator/render_postgres.h"

namespace pbfs::operators {
namespace {

constexpr size_t kUidDigits = 12;

Json LabelsForMonitors(const ClusterIntent& intent) {
  Json labels = intent.spec.monitoring.labels;
  labels.update(ClusterLabels(intent));
  return labels;
}

/// Whom Prometheus trusts when it asks Patroni.
Json AuthorityOf(const ClusterIntent& intent) {
  if (!intent.spec.tls.internal) return {{"configMap", {{"name", intent.name + "-ca-bundle"}, {"key", "ca.crt"}}}};
  const auto& [certificate, authority] = *intent.spec.tls.internal;
  return {{"secret", {{"name", authority.empty() ? certificate : authority}, {"key", "ca.crt"}}}};
}

// Of all headless Services: one of them names each pod. Patroni answers everybody who asks how it is, over TLS.
Json ServiceMonitor(const ClusterIntent& intent) {
  Json object =
      MakeObject(intent, "monitoring.coreos.com/v1", "ServiceMonitor", intent.name, LabelsForMonitors(intent));
  const std::string interval = fmt::format("{}s", intent.spec.monitoring.scrape_period_seconds);
  Json endpoints = Json::array({{{"port", "metrics"}, {"interval", interval}}});
  if (IsManaged(intent))
    endpoints.push_back(
        {{"port", "patroni"},
         {"interval", interval},
         {"scheme", "https"},
         {"tlsConfig", {{"ca", AuthorityOf(intent)}, {"serverName", PostgresDnsNames(intent).front()}}}});
  object["spec"] = {{"selector", {{"matchLabels", {{kClusterLabel, intent.name}}}}},
                    {"endpoints", std::move(endpoints)},
                    {"targetLabels", Json::array({kClusterLabel, kComponentLabel, kPoolLabel, kShardLabel})}};
  return object;
}

/// Whether alerts of this group are about this cluster, and not about the operator or what the cluster has not.
bool IsAbout(const ClusterIntent& intent, const std::string& group) {
  return group != "pbfs-operator" && (group != "pbfs-postgres" || IsManaged(intent));
}

Json PrometheusRule(const ClusterIntent& intent, const QueryScope& scope) {
  static const Json known = GroupsOfAlerts(AlertsText());
  Json groups = Json::array();
  for (const Json& group : known)
    if (IsAbout(intent, group["name"].get<std::string>())) groups.push_back(group);
  for (Json& group : groups)
    for (Json& rule : group["rules"]) {
      rule["expr"] = ScopeQuery(rule["expr"].get<std::string>(), scope);
      rule["labels"].update({{"namespace", scope.space}, {"pbfs_dev_cluster", scope.cluster}});
    }
  Json object =
      MakeObject(intent, "monitoring.coreos.com/v1", "PrometheusRule", intent.name, LabelsForMonitors(intent));
  object["spec"] = {{"groups", std::move(groups)}};
  return object;
}

void ScopeBoard(Json& part, const QueryScope& scope) {
  if (part.is_object())
    for (const char* field : {"expr", "query", "definition"})
      if (part.contains(field) && part[field].is_string())
        part[field] = ScopeQuery(part[field].get<std::string>(), scope);
  if (!part.is_structured()) return;
  for (Json& inner : part) ScopeBoard(inner, scope);
}

// Grafana's names for dashboards are of all clusters.
Json Dashboard(const ClusterIntent& intent, const Board& board, const QueryScope& scope) {
  const std::string name = fmt::format("{}-{}-{}", scope.space, scope.cluster, board.name);
  Json json = Json::parse(board.json);
  ScopeBoard(json, scope);
  json["title"] = fmt::format("{}: {}/{}", json["title"].get<std::string>(), scope.space, scope.cluster);
  json["uid"] = "pbfs-" + ToHex(Sha256(AsBytes(name))).substr(0, kUidDigits);
  Json labels = ClusterLabels(intent);
  labels[kDashboardLabel] = "1";
  Json object = MakeObject(intent, "v1", "ConfigMap", fmt::format("{}-dashboard-{}", intent.name, board.name), labels);
  object["data"] = {{fmt::format("pbfs-{}.json", name), json.dump()}};
  return object;
}

}  // namespace

bool WantsMonitor(const ClusterIntent& intent) {
  return intent.spec.monitoring.service_monitor != "Disabled" && intent.facts.service_monitors_served;
}

std::vector<Json> MonitoringObjects(const ClusterIntent& intent) {
  const QueryScope scope{intent.space, intent.name};
  std::vector<Json> out;
  if (WantsMonitor(intent)) out.push_back(ServiceMonitor(intent));
  if (intent.spec.monitoring.prometheus_rule != "Disabled" && intent.facts.prometheus_rules_served)
    out.push_back(PrometheusRule(intent, scope));
  if (intent.spec.monitoring.grafana_dashboards == "Enabled")
    for (const Board& board : Boards())
      if (board.name != "postgres" || IsManaged(intent)) out.push_back(Dashboard(intent, board, scope));
  return out;
}

}  // namespace pbfs::operators
