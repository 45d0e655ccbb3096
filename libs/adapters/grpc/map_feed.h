#pragma once

#include <memory>
#include <set>

#include <grpcpp/grpcpp.h>

#include "libs/base/sync.h"
#include "libs/catalog/catalog.h"
#include "proto/pbfs/v1/catalog.pb.h"

/// Included in .cc files only.
namespace pbfs::wire {

class MapReactor;

/// One thread that watches the cluster map and hands it to every stream: watchers cost no thread. Threads: any.
class MapFeed {
 public:
  explicit MapFeed(Groups& groups);
  ~MapFeed();
  grpc::ServerWriteReactor<v1::ClusterMap>* Watch(int64_t newer_than);
  /// Ends all streams, and new ones at once.
  void Drain();

 private:
  friend class MapReactor;
  using MapPtr = std::shared_ptr<const v1::ClusterMap>;
  void Run();
  bool Pause(Duration duration);
  void Remove(const std::shared_ptr<MapReactor>& reactor);

  Groups& groups_;
  Mutex mutex_;
  CondVar changed_;
  MapPtr newest_ PBFS_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<MapReactor>> watchers_ PBFS_GUARDED_BY(mutex_);
  bool draining_ PBFS_GUARDED_BY(mutex_) = false;
  bool stopping_ PBFS_GUARDED_BY(mutex_) = false;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::wire
