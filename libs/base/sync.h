#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "libs/base/scheduler.h"

// Thread-safety annotations, checked by clang (preset tidy); nothing to other compilers.
#if defined(__clang__)
#define PBFS_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define PBFS_THREAD_ANNOTATION(x)
#endif
#define PBFS_CAPABILITY(x) PBFS_THREAD_ANNOTATION(capability(x))
#define PBFS_SCOPED_CAPABILITY PBFS_THREAD_ANNOTATION(scoped_lockable)
#define PBFS_GUARDED_BY(x) PBFS_THREAD_ANNOTATION(guarded_by(x))
#define PBFS_PT_GUARDED_BY(x) PBFS_THREAD_ANNOTATION(pt_guarded_by(x))
#define PBFS_ACQUIRE(...) PBFS_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define PBFS_RELEASE(...) PBFS_THREAD_ANNOTATION(release_capability(__VA_ARGS__))
#define PBFS_REQUIRES(...) PBFS_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define PBFS_EXCLUDES(...) PBFS_THREAD_ANNOTATION(locks_excluded(__VA_ARGS__))
#define PBFS_NO_THREAD_SAFETY_ANALYSIS PBFS_THREAD_ANNOTATION(no_thread_safety_analysis)

namespace pbfs {

/// A mutex that the simulator can own. Never hold one across a call of a port.
class PBFS_CAPABILITY("mutex") Mutex {
 public:
  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;
  void Lock() PBFS_ACQUIRE();
  void Unlock() PBFS_RELEASE();

 private:
  friend class CondVar;
  std::mutex mutex_;
  bool scheduled_locked_ = false;  // under a Scheduler; one thread runs at a time, so a plain bool
};

class PBFS_SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) PBFS_ACQUIRE(mutex) : mutex_(mutex) { mutex_.Lock(); }
  ~MutexLock() PBFS_RELEASE() { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// A condition variable for Mutex. Wakes may be spurious: always wait in a loop over the condition.
class CondVar {
 public:
  void Wait(Mutex& mutex) PBFS_REQUIRES(mutex);
  /// False if `deadline` came first.
  bool WaitUntil(Mutex& mutex, MonotonicTime deadline) PBFS_REQUIRES(mutex);
  void NotifyOne();
  void NotifyAll();

 private:
  std::condition_variable cond_;
};

/// A thread that is joined by its destructor. Use an Executor for work; a Thread is for a loop that lives as long as its
/// owner and has been told to stop before the owner goes.
class Thread {
 public:
  Thread() = default;
  Thread(std::string name, std::function<void()> run);
  Thread(Thread&&) = default;
  Thread& operator=(Thread&& other);
  ~Thread() { Join(); }
  void Join();

 private:
  std::thread thread_;
  std::shared_ptr<const bool> scheduled_done_;
};

/// Blocks the calling thread. In tests use virtual time (a Scheduler) or wait for a condition instead.
void SleepUntil(MonotonicTime deadline);
inline void SleepFor(Duration duration) { SleepUntil(MonotonicNow() + duration); }

}  // namespace pbfs
