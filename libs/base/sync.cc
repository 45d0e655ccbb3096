#include "libs/base/sync.h"

#include <utility>

#include <pthread.h>

namespace pbfs {

void Mutex::Lock() PBFS_NO_THREAD_SAFETY_ANALYSIS {
  Scheduler* scheduler = Scheduler::Current();
  if (scheduler == nullptr) {
    mutex_.lock();
    return;
  }
  scheduler->Yield();
  while (scheduled_locked_) scheduler->WaitUntil(this, MonotonicTime::max());
  scheduled_locked_ = true;
}

void Mutex::Unlock() PBFS_NO_THREAD_SAFETY_ANALYSIS {
  Scheduler* scheduler = Scheduler::Current();
  if (scheduler == nullptr) {
    mutex_.unlock();
    return;
  }
  scheduled_locked_ = false;
  scheduler->WakeOne(this);
}

void CondVar::Wait(Mutex& mutex) { WaitUntil(mutex, MonotonicTime::max()); }

bool CondVar::WaitUntil(Mutex& mutex, MonotonicTime deadline) PBFS_NO_THREAD_SAFETY_ANALYSIS {
  if (Scheduler* scheduler = Scheduler::Current(); scheduler != nullptr) {
    mutex.scheduled_locked_ = false;
    scheduler->WakeOne(&mutex);
    const bool woken = scheduler->WaitUntil(this, deadline);
    while (mutex.scheduled_locked_) scheduler->WaitUntil(&mutex, MonotonicTime::max());
    mutex.scheduled_locked_ = true;
    return woken;
  }
  // The caller holds the mutex before and after. condition_variable_any would take it as it is, and a second one of its own.
  std::unique_lock<std::mutex> held(mutex.mutex_, std::adopt_lock);
  // time_point::max() overflows inside libstdc++'s conversion to a timespec.
  const bool forever = deadline == MonotonicTime::max();
  if (forever) cond_.wait(held);
  const bool woken = forever || cond_.wait_until(held, deadline) == std::cv_status::no_timeout;
  held.release();
  return woken;
}

void CondVar::NotifyOne() {
  if (Scheduler* scheduler = Scheduler::Current(); scheduler != nullptr) {
    scheduler->WakeOne(this);
  } else {
    cond_.notify_one();
  }
}

void CondVar::NotifyAll() {
  if (Scheduler* scheduler = Scheduler::Current(); scheduler != nullptr) {
    scheduler->WakeAll(this);
  } else {
    cond_.notify_all();
  }
}

Thread::Thread(std::string name, std::function<void()> run) {
  if (Scheduler* scheduler = Scheduler::Current(); scheduler != nullptr) {
    scheduled_done_ = scheduler->Spawn(std::move(name), std::move(run));
    return;
  }
  thread_ = std::thread([name = std::move(name), run = std::move(run)] {
    pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
    run();
  });
}

Thread& Thread::operator=(Thread&& other) {
  Join();
  thread_ = std::move(other.thread_);
  scheduled_done_ = std::move(other.scheduled_done_);
  return *this;
}

void Thread::Join() {
  if (scheduled_done_ != nullptr) {
    Scheduler* scheduler = Scheduler::Current();
    while (!*scheduled_done_) scheduler->WaitUntil(scheduled_done_.get(), MonotonicTime::max());
    scheduled_done_ = nullptr;
  }
  if (thread_.joinable()) thread_.join();
}

void SleepUntil(MonotonicTime deadline) {
  if (Scheduler* scheduler = Scheduler::Current(); scheduler != nullptr) {
    int key = 0;  // nobody wakes it
    scheduler->WaitUntil(&key, deadline);
    return;
  }
  std::this_thread::sleep_until(deadline);
}

}  // namespace pbfs
