#include "libs/catalog/map_cache.h"

#include <utility>

namespace pbfs {
namespace {

constexpr Duration kLife = std::chrono::seconds(3);
constexpr Duration kIdle = std::chrono::seconds(30);
constexpr Duration kTimeout = std::chrono::seconds(5);
/// A catalog that has nothing newer says so by silence. The destructor may have to wait so long.
constexpr Duration kSilence = std::chrono::milliseconds(500);

}  // namespace

Result<MapCache::MapPtr> MapCache::Get(const Context& context) {
  {
    MutexLock lock(mutex_);
    const MonotonicTime now = MonotonicNow();
    if (!forgotten_ && (asking_ || now < checked_ + kLife)) return map_;
    const bool in_background = !forgotten_ && now < checked_ + kIdle;
    asking_ = true;
    if (in_background) {
      asking_ = executor_.Submit([this, version = map_->version] { AskForNewer(version); }).ok();
      return map_;
    }
  }
  Result<ClusterMap> fresh = groups_.WatchMap(context.Within(kTimeout), -1);
  MutexLock lock(mutex_);
  asking_ = false;
  checked_ = MonotonicNow();
  if (fresh.ok()) map_ = std::make_shared<const ClusterMap>(*std::move(fresh));
  if (map_ == nullptr) return fresh.status().Annotate("cluster map");
  forgotten_ = false;  // after an error too: the catalog is asked again when the map's time is over
  return map_;
}

void MapCache::AskForNewer(int64_t version) {
  Result<ClusterMap> newer = groups_.WatchMap(Context::WithTimeout(kSilence), version);
  MutexLock lock(mutex_);
  asking_ = false;
  checked_ = MonotonicNow();
  // It may have been overtaken by a Get after Invalidate().
  if (newer.ok() && newer->version > map_->version) map_ = std::make_shared<const ClusterMap>(*std::move(newer));
}

MapCache::MapPtr MapCache::Last() const {
  MutexLock lock(mutex_);
  return map_;
}

void MapCache::Invalidate() {
  MutexLock lock(mutex_);
  forgotten_ = true;
}

}  // namespace pbfs
