#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/sync.h"
#include "libs/kube/kube_api.h"
#include "services/operator/json.h"

namespace pbfs::operators {

/// What the statuses of clusters say, as rows of metrics: labels and a value. Every row has the labels `namespace` and `pbfs_dev_cluster`, which
/// monitors give to the metrics of the cluster's own pods.
struct ClusterNumbers {
  using Rows = std::map<std::map<std::string, std::string>, double>;
  Rows conditions;    // by `type` and `reason`: 1 true, 0 false or unknown
  Rows stores;        // by `state`
  Rows operations;    // by `operation`: when it last made progress, in seconds since 1970
  Rows certificates;  // when the first of them ends, likewise
};

/// The clusters as they were seen last. Threads: any.
class ClusterBook {
 public:
  /// All that there are.
  void OnList(const std::vector<Json>& clusters);
  void OnEvent(const kube::WatchEvent& event);
  ClusterNumbers Numbers() const;

 private:
  using Name = std::pair<std::string, std::string>;

  mutable Mutex mutex_;
  std::map<Name, Json> statuses_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::operators
