#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "libs/base/sync.h"
#include "libs/kube/kinds.h"
#include "services/operator/json.h"

namespace pbfs::operators {

/// Which objects name which cluster, so that a change of a cluster's spec (whom it serves, say) is seen by them at once. Threads: any.
class Dependents {
 public:
  /// An object of ours as it is seen now, under the key by which the queue knows it. Returns the keys of those that are to be looked at
  /// because of it: where it is a cluster whose spec has changed, all that name it.
  std::vector<std::string> Seen(const kube::Kind& kind, const std::string& key, const Json& object);

 private:
  Mutex mutex_;
  std::map<std::string, int64_t> generations_ PBFS_GUARDED_BY(mutex_);         // of clusters, by their keys
  std::map<std::string, std::string> clusters_ PBFS_GUARDED_BY(mutex_);        // of dependents, by their keys
  std::map<std::string, std::set<std::string>> keys_ PBFS_GUARDED_BY(mutex_);  // of dependents, by their cluster's
};

}  // namespace pbfs::operators
