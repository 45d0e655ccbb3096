#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "libs/base/scheduler.h"

namespace pbfs {

/// Runs a whole program in virtual time from a seed: one thread at a time, the next one drawn by the seed at every point
/// where the code locks, waits or sleeps. Time passes only when every thread waits, and then jumps to the next deadline, so
/// a run of hours takes milliseconds and the same seed gives the same run. For tests.
///
/// The threads are real ones that pass a baton; code under test needs nothing but libs/base for its blocking.
class SimulatedScheduler final : public Scheduler {
 public:
  explicit SimulatedScheduler(uint64_t seed);
  ~SimulatedScheduler() override;

  /// Runs `body` and every thread that it spawns; returns when all have ended. A state in which every thread waits for
  /// ever is a deadlock: it prints who waits and aborts.
  void Run(std::function<void()> body);

  MonotonicTime Now() override;
  bool WaitUntil(const void* key, MonotonicTime deadline) override;
  void WakeOne(const void* key) override;
  void WakeAll(const void* key) override;
  void Yield() override;
  std::shared_ptr<const bool> Spawn(std::string name, std::function<void()> run) override;

  /// How often the baton changed hands: two runs of one seed must agree.
  uint64_t switches() const { return switches_; }

 private:
  struct Task;
  enum class State { kRunnable, kWaiting, kDone };

  Task* Add(std::string name, std::function<void()> run, std::shared_ptr<bool> done);
  void Enter(Task* task, const std::function<void()>& run, const std::shared_ptr<bool>& done);
  void PassBaton(std::unique_lock<std::mutex>& lock, Task* from);
  Task* PickNext();
  [[noreturn]] void Deadlock();

  std::mutex mutex_;  // hands the baton over; the fields below belong to whoever holds the baton
  std::condition_variable all_done_;
  std::mt19937_64 random_;  // not a Random: those lock a Mutex, which would come back here
  std::vector<std::unique_ptr<Task>> tasks_;
  Task* current_ = nullptr;
  MonotonicTime now_;
  uint64_t switches_ = 0;
};

}  // namespace pbfs
