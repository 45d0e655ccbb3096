#include "libs/base/scheduler.h"

namespace pbfs {
namespace {

thread_local Scheduler* current_scheduler = nullptr;

}  // namespace

Scheduler* Scheduler::Current() { return current_scheduler; }
void Scheduler::SetCurrent(Scheduler* scheduler) { current_scheduler = scheduler; }

MonotonicTime MonotonicNow() {
  Scheduler* scheduler = Scheduler::Current();
  return scheduler != nullptr ? scheduler->Now() : std::chrono::steady_clock::now();
}

}  // namespace pbfs
