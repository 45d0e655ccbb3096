#pragma once

#include <string>
#include <string_view>

#include "services/operator/json.h"

/// Queries of Prometheus that are about a site become queries about one cluster of many. Pure.
namespace pbfs::operators {

struct QueryScope {
  std::string space, cluster;
};

/// `query` (PromQL, or a query for labels of Grafana) with the cluster's labels at each selector of a metric that PBFS's alerts and dashboards
/// know: `namespace` and `pbfs_dev_cluster`, as monitors make them; of the kubelet's, which has no labels of ours, the names of claims.
std::string ScopeQuery(std::string_view query, const QueryScope& scope);

/// The groups of a file of alerts, as a PrometheusRule has them. Reads no YAML but that in the form of deploy/prometheus/alerts.yaml, which is
/// held to it by a test of the repository.
Json GroupsOfAlerts(std::string_view text);

}  // namespace pbfs::operators
