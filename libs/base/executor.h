#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "libs/base/status.h"
#include "libs/base/sync.h"

namespace pbfs {

/// A bounded pool of threads with a bounded queue. Tasks may block. Threads: any.
/// The destructor runs what is queued, then joins.
class Executor {
 public:
  Executor(std::string name, size_t threads, size_t queue_limit);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Queues `task`. Errors: RESOURCE_EXHAUSTED if the queue is full; the task then never runs.
  Status Submit(std::function<void()> task);

 private:
  void Run();

  const size_t queue_limit_;
  Mutex mutex_;
  CondVar work_;
  std::deque<std::function<void()>> queue_ PBFS_GUARDED_BY(mutex_);
  bool stopping_ PBFS_GUARDED_BY(mutex_) = false;
  std::vector<Thread> threads_;
};

/// Runs body(0) ... body(count - 1), each once, on `executor` and on the calling thread, and returns when all have ended.
/// The caller takes part, so nested calls and a full pool cannot starve it: in the worst case it does everything itself.
void ParallelFor(Executor& executor, size_t count, const std::function<void(size_t)>& body);

}  // namespace pbfs
