#include "libs/runtime/process_metrics.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <prometheus/metric_family.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libs/base/clock.h"

namespace pbfs {
namespace {

prometheus::MetricFamily Family(std::string name, std::string help, prometheus::MetricType type, double value) {
  prometheus::ClientMetric metric;
  (type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  return {std::move(name), std::move(help), type, {metric}};
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double CpuSeconds() {
  rusage used{};
  (void)getrusage(RUSAGE_SELF, &used);  // cannot fail for ourselves
  return Seconds(used.ru_utime) + Seconds(used.ru_stime);
}

// Pages: all of the address space, then what of it is in memory.
double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  int64_t size = 0, resident = 0;
  file >> size >> resident;
  return static_cast<double>(resident * sysconf(_SC_PAGESIZE));
}

double OpenFiles() {
  std::error_code error;  // no exception: one that is closed meanwhile is none
  double open = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error))
    ++open;
  return open;
}

double MostFiles() {
  rlimit files{};
  return getrlimit(RLIMIT_NOFILE, &files) == 0 ? static_cast<double>(files.rlim_cur) : 0;
}

}  // namespace

ProcessMetrics::ProcessMetrics() : began_ms_(SystemClock().NowMillis()) {}

std::vector<prometheus::MetricFamily> ProcessMetrics::Collect() const {
  using enum prometheus::MetricType;
  return {
      Family("process_cpu_seconds_total", "Processor time, user and system", Counter, CpuSeconds()),
      Family("process_resident_memory_bytes", "Memory in use", Gauge, ResidentBytes()),
      Family("process_open_fds", "Open file descriptors", Gauge, OpenFiles()),
      Family("process_max_fds", "The most that it may have open", Gauge, MostFiles()),
      Family("process_start_time_seconds", "When it began, since 1970", Gauge, static_cast<double>(began_ms_) / 1000),
  };
}

}  // namespace pbfs
