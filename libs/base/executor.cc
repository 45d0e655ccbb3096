#include "libs/base/executor.h"

#include <atomic>
#include <memory>
#include <utility>

namespace pbfs {

Executor::Executor(std::string name, size_t threads, size_t queue_limit) : queue_limit_(queue_limit) {
  threads_.reserve(threads);
  for (size_t i = 0; i < threads; ++i) threads_.emplace_back(name, [this] { Run(); });
}

Executor::~Executor() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  work_.NotifyAll();
  for (Thread& thread : threads_) thread.Join();
}

Status Executor::Submit(std::function<void()> task) {
  {
    MutexLock lock(mutex_);
    if (queue_.size() >= queue_limit_) return ResourceExhaustedError("too much work is queued; try again later");
    queue_.push_back(std::move(task));
  }
  work_.NotifyOne();
  return OkStatus();
}

void Executor::Run() {
  for (;;) {
    std::function<void()> task;
    {
      MutexLock lock(mutex_);
      while (queue_.empty() && !stopping_) work_.Wait(mutex_);
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    task();
  }
}

namespace {

/// Shared by the caller and its helpers; a helper that starts after everything is done finds nothing to do.
struct ParallelState {
  ParallelState(size_t n, const std::function<void(size_t)>& f) : count(n), body(f) {}
  const size_t count;
  const std::function<void(size_t)>& body;  // the caller outlives every use: it waits for `finished`
  std::atomic<size_t> next{0};
  Mutex mutex;
  CondVar done;
  size_t finished PBFS_GUARDED_BY(mutex) = 0;

  void Work() {
    for (size_t i = next++; i < count; i = next++) {
      body(i);
      MutexLock lock(mutex);
      if (++finished == count) done.NotifyAll();
    }
  }
};

}  // namespace

void ParallelFor(Executor& executor, size_t count, const std::function<void(size_t)>& body) {
  if (count == 0) return;
  auto state = std::make_shared<ParallelState>(count, body);
  for (size_t i = 1; i < count; ++i) {
    if (!executor.Submit([state] { state->Work(); }).ok()) break;  // full: the caller does the rest
  }
  state->Work();
  MutexLock lock(state->mutex);
  while (state->finished < count) state->done.Wait(state->mutex);
}

}  // namespace pbfs
