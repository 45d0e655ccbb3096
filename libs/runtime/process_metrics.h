#pragma once

#include <cstdint>
#include <vector>

#include <prometheus/collectable.h>

namespace pbfs {

/// What this process uses, under the names that all clients of Prometheus give it: process_cpu_seconds_total,
/// process_resident_memory_bytes, process_open_fds, process_max_fds, process_start_time_seconds. Threads: any.
class ProcessMetrics final : public prometheus::Collectable {
 public:
  /// Made when the process begins.
  ProcessMetrics();
  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const int64_t began_ms_;
};

}  // namespace pbfs
