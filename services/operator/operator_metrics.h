#pragma once

#include "libs/kube/counted_kube.h"
#include "libs/runtime/metrics.h"
#include "services/operator/cluster_numbers.h"
#include "services/operator/controller.h"

namespace pbfs::operators {

/// What the operator does, whether it leads, and how its clusters are. Threads: any.
class OperatorMetrics final : public ControllerObserver {
 public:
  /// `metrics` outlives this.
  explicit OperatorMetrics(Metrics& metrics);

  void OnLook(const kube::Kind& kind, StatusCode code, Duration took) override;
  void OnRestart(const kube::Kind& kind) override;
  void OnList(const kube::Kind& kind, const std::vector<Json>& items) override;
  void OnEvent(const kube::Kind& kind, const kube::WatchEvent& event) override;

  /// A call to the API server; `method` as CountedKube has it.
  void OnCall(size_t method, StatusCode code, Duration took);
  void Leads(int64_t queue_depth);
  /// Whoever leads knows more of clusters.
  void LeadsNoMore();

 private:
  void ShowClusters();

  Gauges state_, restarts_;
  CallMetrics look_calls_, api_calls_;
  GaugeTable conditions_, stores_, operations_, certificates_;
  ClusterBook clusters_;
  Mutex mutex_;
  std::map<kube::Kind, int64_t> restarted_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::operators
