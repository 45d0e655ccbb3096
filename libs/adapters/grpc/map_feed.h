#pragma once

#include <memory>
#include <set>

#include <grpcpp/grpcpp.h>

#include "libs/base/executor.h"
#include "libs/base/stop_signal.h"
#include "libs/catalog/catalog.h"
#include "proto/pbfs/v1/catalog.pb.h"

/// Included in .cc files only.
namespace pbfs::wire {

class MapReactor;

/// One thread that watches the cluster map and hands it to every stream: watchers cost no thread. Threads: any.
class MapFeed {
 public:
  /// `executor` is where a watcher that has nothing yet gets its first map: it must see what happened before it asked, so the
  /// map that the feed has will not do. Its tasks end before this does.
  MapFeed(Groups& groups, Executor& executor);
  ~MapFeed();
  grpc::ServerWriteReactor<v1::ClusterMap>* Watch(int64_t newer_than);
  /// Ends all streams, and new ones at once.
  void Drain();

 private:
  friend class MapReactor;
  using MapPtr = std::shared_ptr<const v1::ClusterMap>;
  static MapPtr Message(const ClusterMap& map);
  void Fetch(MapReactor& reactor);
  void Run();
  void Remove(const std::shared_ptr<MapReactor>& reactor);

  Groups& groups_;
  Executor& executor_;
  Mutex mutex_;
  MapPtr newest_ PBFS_GUARDED_BY(mutex_);
  std::set<std::shared_ptr<MapReactor>> watchers_ PBFS_GUARDED_BY(mutex_);
  bool draining_ PBFS_GUARDED_BY(mutex_) = false;
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::wire
