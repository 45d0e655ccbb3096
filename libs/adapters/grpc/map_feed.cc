#include "libs/adapters/grpc/map_feed.h"

#include <utility>
#include <vector>

#include "libs/adapters/grpc/catalog_codec.h"

namespace pbfs::wire {

/// One stream. Sends the newest map that its client has not seen; maps in between are skipped.
class MapReactor final : public grpc::ServerWriteReactor<v1::ClusterMap>,
                         public std::enable_shared_from_this<MapReactor> {
 public:
  MapReactor(MapFeed& feed, int64_t seen) : feed_(feed), seen_(seen) {}

  void Offer(MapFeed::MapPtr map) {
    MutexLock lock(mutex_);
    if (next_ == nullptr || map->version() > next_->version()) next_ = std::move(map);
    WriteIfNews();
  }
  void End(const grpc::Status& status) {
    MutexLock lock(mutex_);
    if (!std::exchange(ended_, true)) Finish(status);
  }

 private:
  void WriteIfNews() PBFS_REQUIRES(mutex_) {
    if (ended_ || sending_ != nullptr || next_ == nullptr || next_->version() <= seen_) return;
    sending_ = next_;
    seen_ = sending_->version();
    StartWrite(sending_.get());
  }
  void OnWriteDone(bool ok) override {
    MutexLock lock(mutex_);
    sending_ = nullptr;
    if (ok) WriteIfNews();
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override { feed_.Remove(shared_from_this()); }

  MapFeed& feed_;
  Mutex mutex_;
  int64_t seen_ PBFS_GUARDED_BY(mutex_);
  MapFeed::MapPtr next_ PBFS_GUARDED_BY(mutex_);
  MapFeed::MapPtr sending_ PBFS_GUARDED_BY(mutex_);
  bool ended_ PBFS_GUARDED_BY(mutex_) = false;
};

MapFeed::MapFeed(Groups& groups, Executor& executor)
    : groups_(groups), executor_(executor), thread_("map-feed", [this] { Run(); }) {}

MapFeed::~MapFeed() {
  stop_.Stop();
  thread_.Join();
}

grpc::ServerWriteReactor<v1::ClusterMap>* MapFeed::Watch(int64_t newer_than) {
  auto reactor = std::make_shared<MapReactor>(*this, newer_than);
  MapPtr newest;
  bool draining;
  {
    MutexLock lock(mutex_);
    watchers_.insert(reactor);
    newest = newest_;
    draining = draining_;
  }
  if (draining) {
    reactor->End({grpc::StatusCode::UNAVAILABLE, "this catalog is stopping"});
  } else if (newer_than >= 0) {
    if (newest != nullptr) reactor->Offer(std::move(newest));
  } else if (!executor_.Submit([this, reactor] { Fetch(*reactor); }).ok()) {
    reactor->End({grpc::StatusCode::RESOURCE_EXHAUSTED, "too many calls are under way; try again in a moment"});
  }
  return reactor.get();
}

MapFeed::MapPtr MapFeed::Message(const ClusterMap& map) {
  auto message = std::make_shared<v1::ClusterMap>();
  Encode(map, message.get());
  return message;
}

void MapFeed::Fetch(MapReactor& reactor) {
  const auto map = groups_.WatchMap(Context::WithTimeout(std::chrono::seconds(10)), -1);
  if (map.ok()) return reactor.Offer(Message(*map));
  reactor.End({static_cast<grpc::StatusCode>(map.status().code()), map.status().message()});
}

void MapFeed::Drain() {
  std::set<std::shared_ptr<MapReactor>> watchers;
  {
    MutexLock lock(mutex_);
    draining_ = true;
    watchers = watchers_;
  }
  for (const auto& watcher : watchers) watcher->End({grpc::StatusCode::UNAVAILABLE, "this catalog is stopping"});
}

void MapFeed::Remove(const std::shared_ptr<MapReactor>& reactor) {
  MutexLock lock(mutex_);
  watchers_.erase(reactor);
}

void MapFeed::Run() {
  constexpr auto kPoll = std::chrono::milliseconds(200);  // how long the destructor may have to wait
  int64_t version = -1;
  while (!stop_.stopped()) {
    const auto map = groups_.WatchMap(Context::WithTimeout(kPoll), version);
    if (!map.ok()) {
      // Nothing new, or no database: streams keep what they have.
      if (map.status().code() != StatusCode::kDeadlineExceeded && !stop_.Pause(kPoll)) return;
      continue;
    }
    version = map->version;
    const MapPtr message = Message(*map);
    std::set<std::shared_ptr<MapReactor>> watchers;
    {
      MutexLock lock(mutex_);
      newest_ = message;
      watchers = watchers_;
    }
    for (const auto& watcher : watchers) watcher->Offer(message);
  }
}

}  // namespace pbfs::wire
