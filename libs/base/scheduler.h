#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace pbfs {

/// A point on the clock that never jumps. Only differences mean anything.
using MonotonicTime = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

/// Takes over from the operating system on the threads that it runs: the deterministic simulator implements it.
/// Mutex, CondVar, Thread and MonotonicNow() ask Current() and use the real thing where it is null, so the code under
/// test is the code that ships. Under a scheduler exactly one thread runs at any time.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  virtual MonotonicTime Now() = 0;
  /// Blocks the calling thread until somebody wakes `key` or until `deadline`; false if the time came first.
  virtual bool WaitUntil(const void* key, MonotonicTime deadline) = 0;
  /// Makes one / every thread that waits for `key` runnable. The caller goes on.
  virtual void WakeOne(const void* key) = 0;
  virtual void WakeAll(const void* key) = 0;
  /// A point at which another thread may run first.
  virtual void Yield() = 0;
  /// Starts a thread under this scheduler. The returned key is woken when `run` has returned and `*done` is true.
  virtual std::shared_ptr<const bool> Spawn(std::string name, std::function<void()> run) = 0;

  /// The scheduler that runs the calling thread, or null.
  static Scheduler* Current();
  /// Called by a scheduler at the start of each thread that it runs.
  static void SetCurrent(Scheduler* scheduler);
};

/// Now by the scheduler of this thread, or by the machine's steady clock.
MonotonicTime MonotonicNow();

}  // namespace pbfs
