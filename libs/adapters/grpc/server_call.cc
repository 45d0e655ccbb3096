#include "libs/adapters/grpc/server_call.h"

#include <spdlog/spdlog.h>

namespace pbfs::wire {

CallRecord::CallRecord(CallMetrics& metrics, size_t method, const char* name)
    : metrics_(metrics), method_(method), name_(name) {
  metrics_.Begin();
}

void CallRecord::End(const Status& status) {
  const Duration took = MonotonicNow() - began_;
  metrics_.End(method_, status.code(), took);
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const bool ours = status.code() == StatusCode::kInternal || status.code() == StatusCode::kUnknown ||
                    status.code() == StatusCode::kDataLoss;
  spdlog::log(ours ? spdlog::level::warn : spdlog::level::debug, "{} in {} us: {}", name_, micros, status.ToString());
}

Status Overloaded(const std::string& what) {
  return ResourceExhaustedError("too many " + what + " are under way; try again in a moment")
      .WithDetail(kRetryAfter, "50");
}

}  // namespace pbfs::wire
