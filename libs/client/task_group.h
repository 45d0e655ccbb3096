#pragma once

#include <functional>
#include <memory>

#include "libs/base/executor.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs {

/// Runs tasks on an executor, at most `limit` at one time, and keeps the first error. The destructor waits.
/// A task runs on the caller's thread where the executor is full, so a full pool slows down and never deadlocks.
/// Threads: one at a time.
class TaskGroup {
 public:
  TaskGroup(Executor& executor, int limit) : executor_(executor), limit_(limit), state_(std::make_shared<State>()) {}
  ~TaskGroup() { (void)Wait(); }

  /// Waits while `limit` tasks run. The task does not run if one before it failed: its error is the answer then.
  Status Run(std::function<Status()> task) {
    {
      MutexLock lock(state_->mutex);
      while (state_->running >= limit_) state_->done.Wait(state_->mutex);
      if (!state_->first_error.ok()) return state_->first_error;
      ++state_->running;
    }
    auto work = [state = state_, task = std::move(task)]() mutable {
      Status status = task();
      task = nullptr;  // what it holds goes before anybody hears that it is done
      MutexLock lock(state->mutex);
      --state->running;
      if (state->first_error.ok()) state->first_error = std::move(status);
      state->done.NotifyAll();
    };
    auto shared = std::make_shared<decltype(work)>(std::move(work));
    if (!executor_.Submit([shared] { (*shared)(); }).ok()) (*shared)();
    return OkStatus();
  }
  /// Waits for all; the first error.
  Status Wait() {
    MutexLock lock(state_->mutex);
    while (state_->running > 0) state_->done.Wait(state_->mutex);
    return state_->first_error;
  }

 private:
  struct State {
    Mutex mutex;
    CondVar done;
    int running PBFS_GUARDED_BY(mutex) = 0;
    Status first_error PBFS_GUARDED_BY(mutex);
  };
  Executor& executor_;
  const int limit_;
  const std::shared_ptr<State> state_;
};

}  // namespace pbfs
