#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "libs/base/sync.h"
#include "services/operator/site_door.h"

namespace pbfs::operators {

/// How to reach the sites of clusters: learnt in looks at clusters, used in looks at their buckets and keys. Threads: any.
class SiteDirectory {
 public:
  void Put(const std::string& cluster, const SiteKeys& keys) {
    MutexLock lock(mutex_);
    keys_[cluster] = keys;
  }
  /// None: it was not reached yet.
  std::optional<SiteKeys> Find(const std::string& cluster) const {
    MutexLock lock(mutex_);
    const auto found = keys_.find(cluster);
    return found == keys_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, SiteKeys> keys_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::operators
