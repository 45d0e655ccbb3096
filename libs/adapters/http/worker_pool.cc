#include "libs/adapters/http/worker_pool.h"

#include <system_error>
#include <utility>

namespace pbfs {

WorkerPool::WorkerPool(size_t max_threads, size_t queue_limit, Duration idle)
    : max_threads_(max_threads), queue_limit_(queue_limit), idle_(idle) {}

WorkerPool::~WorkerPool() {
  std::list<Thread> ended;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    work_.NotifyAll();
    while (!threads_.empty()) left_.Wait(mutex_);
    ended.swap(ended_);
  }
}

Status WorkerPool::Submit(std::function<void()> task) {
  std::list<Thread> ended;  // joined without the lock
  MutexLock lock(mutex_);
  ended.swap(ended_);
  if (queue_.size() >= free_) Grow();
  if (queue_.size() >= free_ + queue_limit_ || threads_.empty()) return ResourceExhaustedError("every thread is busy");
  queue_.push_back(std::move(task));
  work_.NotifyOne();
  return OkStatus();
}

size_t WorkerPool::threads() const {
  MutexLock lock(mutex_);
  return threads_.size();
}

void WorkerPool::Grow() {
  if (threads_.size() >= max_threads_) return;
  threads_.emplace_front();
  try {
    threads_.front() = Thread("http-worker", [this, self = threads_.begin()] { Work(self); });
  } catch (const std::system_error&) {  // the machine has no more threads: those that there are go on
    threads_.pop_front();
    return;
  }
  ++free_;
}

void WorkerPool::Work(std::list<Thread>::iterator self) {
  MutexLock lock(mutex_);
  while (WaitForTask()) {
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    --free_;
    mutex_.Unlock();
    task();
    task = nullptr;
    mutex_.Lock();
    ++free_;
  }
  --free_;
  ended_.splice(ended_.end(), threads_, self);
  left_.NotifyAll();
}

/// False: this thread has been idle for long, or the pool ends.
bool WorkerPool::WaitForTask() {
  const MonotonicTime until = MonotonicNow() + idle_;
  while (queue_.empty()) {
    if (stopping_) return false;
    if (!work_.WaitUntil(mutex_, until) && queue_.empty()) return false;
  }
  return true;
}

}  // namespace pbfs
