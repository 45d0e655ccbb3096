#include "services/catalog/floors.h"

#include <spdlog/spdlog.h>

namespace pbfs::catalog {

Floors::Floors(Journal& journal, Duration period)
    : journal_(journal), period_(period), thread_("floors", [this] { Run(); }) {}

Floors::~Floors() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  thread_.Join();
}

void Floors::Run() {
  StatusCode last = StatusCode::kOk;
  for (;;) {
    {
      const MonotonicTime until = MonotonicNow() + period_;
      MutexLock lock(mutex_);
      while (!stopping_ && MonotonicNow() < until) wake_.WaitUntil(mutex_, until);
      if (stopping_) return;
    }
    const Status status = journal_.AdvanceFloor(Context::WithTimeout(period_)).status();
    if (status.code() != last && !status.ok()) spdlog::warn("the floor stands still: {}", status.ToString());
    last = status.code();
  }
}

}  // namespace pbfs::catalog
