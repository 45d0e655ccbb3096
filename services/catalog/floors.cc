#include "services/catalog/floors.h"

#include <spdlog/spdlog.h>

namespace pbfs::catalog {

Floors::Floors(Journal& journal, Duration period)
    : journal_(journal), period_(period), thread_("floors", [this] { Run(); }) {}

Floors::~Floors() {
  stop_.Stop();
  thread_.Join();
}

void Floors::Run() {
  StatusCode last = StatusCode::kOk;
  while (stop_.Pause(period_)) {
    const Status status = journal_.AdvanceFloor(Context::WithTimeout(period_)).status();
    if (status.code() != last && !status.ok()) spdlog::warn("the floor stands still: {}", status.ToString());
    last = status.code();
  }
}

}  // namespace pbfs::catalog
