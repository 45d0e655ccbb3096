#pragma once

#include <map>
#include <string>

#include "libs/base/sync.h"
#include "services/operator/site_door.h"

namespace pbfs::operators {

/// Sites over the wire. Each is opened once, and again when its keys have changed; until then its connections stay. What gRPC and the key
/// store read from files lies in a folder of their own for each cluster, readable to this process only, and is removed at the end. Threads: any.
class ConnectionDoor final : public SiteDoor {
 public:
  /// `directory`: made if it is missing; in memory, for it holds secrets.
  explicit ConnectionDoor(std::string directory) : directory_(std::move(directory)) {}
  ~ConnectionDoor() override;

  Result<std::shared_ptr<Site>> Open(const std::string& cluster, const SiteKeys& keys) override;

 private:
  struct Opened {
    SiteKeys keys;
    std::shared_ptr<Site> site;
  };
  const std::string directory_;
  Mutex mutex_;
  std::map<std::string, Opened> opened_ PBFS_GUARDED_BY(mutex_);
  int64_t generation_ PBFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pbfs::operators
