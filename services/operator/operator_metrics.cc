#include "services/operator/operator_metrics.h"

#include <algorithm>

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

const std::vector<std::string> kLookedAt = {"PBFSCluster", "PBFSBucket", "PBFSAccessKey", "PBFSSiteReplication"};

}  // namespace

OperatorMetrics::OperatorMetrics(Metrics& metrics)
    : state_(metrics, "pbfs_operator", "What the operator is doing", "what"),
      restarts_(metrics, "pbfs_operator_watch_restarts", "Watches that ended as they should not", "kind"),
      look_calls_(&metrics, "pbfs_operator_reconcile", kLookedAt),
      api_calls_(&metrics, "pbfs_operator_api", kube::CountedKube::Methods()),
      conditions_(metrics, "pbfs_cluster_condition", "Conditions of clusters: 1 true, 0 false or unknown"),
      stores_(metrics, "pbfs_cluster_stores", "Stores of clusters, as their status counts them"),
      operations_(metrics, "pbfs_cluster_operation_progress_timestamp_seconds", "When a long operation last went on"),
      certificates_(metrics, "pbfs_cluster_certificate_end_timestamp_seconds",
                    "When a cluster's first certificate ends") {
  LeadsNoMore();
  for (const std::string& kind : kLookedAt) restarts_.Set(kind, 0);
}

void OperatorMetrics::OnLook(const kube::Kind& kind, StatusCode code, Duration took) {
  const auto found = std::find(kLookedAt.begin(), kLookedAt.end(), kind.name);
  if (found == kLookedAt.end()) return;
  look_calls_.Begin();
  look_calls_.End(static_cast<size_t>(found - kLookedAt.begin()), code, took);
}

void OperatorMetrics::OnRestart(const kube::Kind& kind) {
  MutexLock lock(mutex_);
  restarts_.Set(std::string(kind.name), ++restarted_[kind]);
}

void OperatorMetrics::OnList(const kube::Kind& kind, const std::vector<Json>& items) {
  if (kind != kinds::kPbfsCluster) return;
  clusters_.OnList(items);
  ShowClusters();
}

void OperatorMetrics::OnEvent(const kube::Kind& kind, const kube::WatchEvent& event) {
  if (kind != kinds::kPbfsCluster) return;
  clusters_.OnEvent(event);
  ShowClusters();
}

void OperatorMetrics::OnCall(size_t method, StatusCode code, Duration took) {
  api_calls_.Begin();
  api_calls_.End(method, code, took);
}

void OperatorMetrics::Leads(int64_t queue_depth) {
  state_.Set("leads", 1);
  state_.Set("queue_depth", queue_depth);
}

void OperatorMetrics::LeadsNoMore() {
  state_.Set("leads", 0);
  state_.Set("queue_depth", 0);
  clusters_.OnList({});
  ShowClusters();
}

void OperatorMetrics::ShowClusters() {
  const ClusterNumbers numbers = clusters_.Numbers();
  conditions_.Show(numbers.conditions);
  stores_.Show(numbers.stores);
  operations_.Show(numbers.operations);
  certificates_.Show(numbers.certificates);
}

}  // namespace pbfs::operators
