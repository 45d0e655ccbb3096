#include "libs/adapters/disk/sync_queue.h"

#include <map>
#include <utility>

namespace pbfs::disk {

SyncQueue::SyncQueue() : thread_("sync", [this] { Run(); }) {}

SyncQueue::~SyncQueue() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  arrived_.NotifyAll();
  thread_.Join();
}

void SyncQueue::Add(std::shared_ptr<SyncedFile> file, std::function<void(const Status&)> done) {
  {
    MutexLock lock(mutex_);
    waiting_.push_back({std::move(file), std::move(done)});
  }
  arrived_.NotifyOne();
}

void SyncQueue::Run() {
  for (;;) {
    std::vector<Item> group;
    {
      MutexLock lock(mutex_);
      while (waiting_.empty() && !stopping_) arrived_.Wait(mutex_);
      if (waiting_.empty()) return;
      group.swap(waiting_);
    }
    Serve(group);
  }
}

void SyncQueue::Serve(std::vector<Item>& group) {
  std::map<SyncedFile*, Status> synced;
  for (const Item& item : group) {
    const auto [place, fresh] = synced.try_emplace(item.file.get());
    if (!fresh) continue;
    Status& status = place->second;
    status = item.file->failed ? UnavailableError("the volume failed before") : item.file->file->Sync();
    if (!status.ok()) item.file->failed = true;
  }
  for (Item& item : group) item.done(synced.at(item.file.get()));
}

}  // namespace pbfs::disk
