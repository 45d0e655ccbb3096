#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "libs/adapters/disk/file_system.h"
#include "libs/base/sync.h"

namespace pbfs::disk {

/// A file whose syncs are shared. Once a write or a sync of it failed it is never trusted with new data again: after a failed
/// fdatasync the kernel forgets what it could not write, and the next call may succeed for nothing.
struct SyncedFile {
  std::unique_ptr<File> file;
  std::atomic<bool> failed{false};
};

/// Group commit: one thread syncs whatever has arrived and tells all who wait; what arrives meanwhile is the next group. No
/// timer: an idle disk answers at once, a busy one in large groups. Threads: any.
class SyncQueue {
 public:
  SyncQueue();
  /// Serves what is queued, then ends.
  ~SyncQueue();
  /// `done` runs on the queue's thread after a sync of `file` that began after this call; with an error, nothing that was
  /// written to it since the last good sync may be believed. It must not block and may call Add().
  void Add(std::shared_ptr<SyncedFile> file, std::function<void(const Status&)> done);

 private:
  struct Item {
    std::shared_ptr<SyncedFile> file;
    std::function<void(const Status&)> done;
  };
  void Run();
  static void Serve(std::vector<Item>& group);

  Mutex mutex_;
  CondVar arrived_;
  std::vector<Item> waiting_ PBFS_GUARDED_BY(mutex_);
  bool stopping_ PBFS_GUARDED_BY(mutex_) = false;
  Thread thread_;  // last: it uses the rest
};

}  // namespace pbfs::disk
