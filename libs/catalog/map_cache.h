#pragma once

#include <memory>

#include "libs/base/executor.h"
#include "libs/catalog/catalog.h"

namespace pbfs {

/// The cluster map, kept by somebody who asks for it all the time: nobody waits for a newer one while there is one that
/// will do, and a map of some 150 KB is sent only when it has changed. Threads: any.
class MapCache {
 public:
  using MapPtr = std::shared_ptr<const ClusterMap>;

  /// `groups` outlives this.
  explicit MapCache(Groups& groups) : groups_(groups), executor_("map-cache", 1, 1) {}

  /// The map: at once while it is used, and then the catalog is asked in the background, every three seconds, whether it
  /// has a newer one. Blocks for one, at most five seconds, if there is none, after Invalidate(), and the first time
  /// after half a minute in which nobody asked. An old map is better than none: errors of the catalog show only if there was never one.
  Result<MapPtr> Get(const Context& context);
  /// The map of the last answer, null if there was none.
  MapPtr Last() const;
  /// The next Get asks for the map anew, whatever its version.
  void Invalidate();

 private:
  void AskForNewer(int64_t version);

  Groups& groups_;
  mutable Mutex mutex_;
  MapPtr map_ PBFS_GUARDED_BY(mutex_);
  MonotonicTime checked_ PBFS_GUARDED_BY(mutex_) = MonotonicTime::min();  // when the catalog was asked last
  bool forgotten_ PBFS_GUARDED_BY(mutex_) = true;
  bool asking_ PBFS_GUARDED_BY(mutex_) = false;  // somebody does
  Executor executor_;                            // last: its thread uses all of this
};

}  // namespace pbfs
