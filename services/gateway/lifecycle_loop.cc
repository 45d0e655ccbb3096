#include "services/gateway/lifecycle_loop.h"

#include <spdlog/spdlog.h>

namespace pbfs::gateway {

LifecycleLoop::LifecycleLoop(Lifecycle& lifecycle, PatchTokens& tokens, Duration interval, Random& random)
    : lifecycle_(lifecycle), tokens_(tokens), thread_("lifecycle", [this, interval, &random] {
        // Gateways that start together do not all begin at once.
        const auto part = static_cast<int64_t>(random.Below(1000));
        for (Duration pause = interval * part / 1000; stop_.Pause(pause); pause = interval) PassOnce();
      }) {}

LifecycleLoop::~LifecycleLoop() {
  stop_.Stop();
  context_.Cancel();
  thread_.Join();
}

void LifecycleLoop::PassOnce() {
  const Result<LifecycleReport> report = lifecycle_.Pass(context_);
  if (!report.ok()) spdlog::warn("lifecycle: {}", report.status().ToString());
  if (report.ok() && report->expired + report->aborted > 0)
    spdlog::info("lifecycle: {} objects expired, {} uploads aborted", report->expired, report->aborted);
  const Result<int64_t> forgotten = tokens_.Forget(context_);
  if (!forgotten.ok()) spdlog::warn("tokens of patches: {}", forgotten.status().ToString());
}

}  // namespace pbfs::gateway
