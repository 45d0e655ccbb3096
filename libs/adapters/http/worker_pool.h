#pragma once

#include <deque>
#include <functional>
#include <list>

#include "libs/base/status.h"
#include "libs/base/sync.h"

namespace pbfs {

/// A bounded pool of threads that are made when they are needed and end when they have been idle for a while, with a bounded
/// queue. Tasks may block. Threads: any. The destructor runs what is queued, then joins.
class WorkerPool {
 public:
  WorkerPool(size_t max_threads, size_t queue_limit, Duration idle);
  ~WorkerPool();

  /// Errors: RESOURCE_EXHAUSTED every thread is busy and the queue full; the task then never runs.
  Status Submit(std::function<void()> task);
  size_t threads() const;

 private:
  void Work(std::list<Thread>::iterator self);
  bool WaitForTask() PBFS_REQUIRES(mutex_);
  void Grow() PBFS_REQUIRES(mutex_);

  const size_t max_threads_;
  const size_t queue_limit_;
  const Duration idle_;
  mutable Mutex mutex_;
  CondVar work_;
  CondVar left_;
  std::deque<std::function<void()>> queue_ PBFS_GUARDED_BY(mutex_);
  std::list<Thread> threads_ PBFS_GUARDED_BY(mutex_);
  std::list<Thread> ended_ PBFS_GUARDED_BY(mutex_);  // have left Work(), or are about to: to be joined
  size_t free_ PBFS_GUARDED_BY(mutex_) = 0;          // of threads_: without a task
  bool stopping_ PBFS_GUARDED_BY(mutex_) = false;
};

}  // namespace pbfs
