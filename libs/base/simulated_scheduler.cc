#include "libs/base/simulated_scheduler.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "libs/base/check.h"

namespace pbfs {

struct SimulatedScheduler::Task {
  std::string name;
  State state = State::kRunnable;
  const void* key = nullptr;  // waits for
  MonotonicTime deadline = MonotonicTime::max();
  bool woken = false;  // by its key, not by its deadline
  std::condition_variable baton;
  std::thread thread;
};

// A start far from zero, so that code which subtracts from Now() stays in range.
SimulatedScheduler::SimulatedScheduler(uint64_t seed) : random_(seed), now_(std::chrono::hours(24)) {}

SimulatedScheduler::~SimulatedScheduler() {
  for (const auto& task : tasks_) {
    if (task->thread.joinable()) task->thread.join();
  }
}

void SimulatedScheduler::Run(std::function<void()> body) {
  std::unique_lock<std::mutex> lock(mutex_);
  current_ = Add("main", std::move(body), std::make_shared<bool>(false));
  current_->baton.notify_one();
  all_done_.wait(lock, [this] { return current_ == nullptr; });
}

MonotonicTime SimulatedScheduler::Now() { return now_; }

bool SimulatedScheduler::WaitUntil(const void* key, MonotonicTime deadline) {
  std::unique_lock<std::mutex> lock(mutex_);
  Task* const me = current_;
  me->state = State::kWaiting;
  me->key = key;
  me->deadline = deadline;
  me->woken = false;
  PassBaton(lock, me);
  return me->woken;
}

void SimulatedScheduler::WakeOne(const void* key) {
  std::vector<Task*> waiting;
  for (const auto& task : tasks_) {
    if (task->state == State::kWaiting && task->key == key) waiting.push_back(task.get());
  }
  if (waiting.empty()) return;
  Task* const chosen = waiting[random_() % waiting.size()];
  chosen->state = State::kRunnable;
  chosen->woken = true;
}

void SimulatedScheduler::WakeAll(const void* key) {
  for (const auto& task : tasks_) {
    if (task->state != State::kWaiting || task->key != key) continue;
    task->state = State::kRunnable;
    task->woken = true;
  }
}

void SimulatedScheduler::Yield() {
  std::unique_lock<std::mutex> lock(mutex_);
  PassBaton(lock, current_);
}

std::shared_ptr<const bool> SimulatedScheduler::Spawn(std::string name, std::function<void()> run) {
  auto done = std::make_shared<bool>(false);
  std::unique_lock<std::mutex> lock(mutex_);
  Add(std::move(name), std::move(run), done);
  return done;
}

SimulatedScheduler::Task* SimulatedScheduler::Add(std::string name, std::function<void()> run,
                                                  std::shared_ptr<bool> done) {
  tasks_.push_back(std::make_unique<Task>());
  Task* const task = tasks_.back().get();
  task->name = std::move(name);
  task->thread = std::thread([this, task, run = std::move(run), done] { Enter(task, run, done); });
  return task;
}

void SimulatedScheduler::Enter(Task* task, const std::function<void()>& run, const std::shared_ptr<bool>& done) {
  {
    std::unique_lock<std::mutex> lock(mutex_);
    task->baton.wait(lock, [&] { return current_ == task; });
  }
  Scheduler::SetCurrent(this);
  run();
  Scheduler::SetCurrent(nullptr);
  std::unique_lock<std::mutex> lock(mutex_);
  *done = true;
  WakeAll(done.get());
  task->state = State::kDone;
  PassBaton(lock, task);
}

void SimulatedScheduler::PassBaton(std::unique_lock<std::mutex>& lock, Task* from) {
  Task* const next = PickNext();
  ++switches_;
  current_ = next;
  if (next == nullptr) {
    all_done_.notify_all();
    return;
  }
  if (next == from) return;
  next->baton.notify_one();
  if (from->state == State::kDone) return;
  from->baton.wait(lock, [&] { return current_ == from; });
}

SimulatedScheduler::Task* SimulatedScheduler::PickNext() {
  std::vector<Task*> runnable;
  Task* first_due = nullptr;
  for (const auto& task : tasks_) {
    if (task->state == State::kRunnable) runnable.push_back(task.get());
    if (task->state == State::kWaiting && (first_due == nullptr || task->deadline < first_due->deadline)) {
      first_due = task.get();
    }
  }
  if (!runnable.empty()) return runnable[random_() % runnable.size()];
  if (first_due == nullptr) return nullptr;
  if (first_due->deadline == MonotonicTime::max()) Deadlock();
  now_ = std::max(now_, first_due->deadline);
  first_due->state = State::kRunnable;
  return first_due;
}

void SimulatedScheduler::Deadlock() {
  std::fprintf(stderr, "simulation: deadlock, every thread waits for ever:\n");
  for (const auto& task : tasks_) {
    if (task->state == State::kWaiting) std::fprintf(stderr, "  %s waits for %p\n", task->name.c_str(), task->key);
  }
  std::abort();
}

}  // namespace pbfs
