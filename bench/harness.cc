#include "bench/harness.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include <dirent.h>
#include <fmt/format.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/scheduler.h"

namespace pbfs::bench {
namespace {

std::string ProcPath(pid_t pid, const char* file) {
  return pid == 0 ? fmt::format("/proc/self/{}", file) : fmt::format("/proc/{}/{}", pid, file);
}

}  // namespace

double CpuSeconds(pid_t pid) {
  std::ifstream in(ProcPath(pid, "stat"));
  std::string text((std::istreambuf_iterator<char>(in)), {});
  const size_t after_name = text.rfind(')');  // the name may hold spaces
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(after_name + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;  // proc(5): utime is field 14, stime 15
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

BusyProcessors::Ticks BusyProcessors::Read() {
  std::ifstream in("/proc/stat");
  std::string cpu;
  Ticks ticks;
  in >> cpu;
  for (int i = 0; i < 8; ++i) {  // proc(5): user, nice, system, idle, iowait, irq, softirq, steal
    double field = 0;
    in >> field;
    ticks.all += field;
    if (i != 3 && i != 4) ticks.busy += field;
  }
  return ticks;
}

int64_t PeakResident(pid_t pid) {
  std::ifstream in(ProcPath(pid, "status"));
  for (std::string line; std::getline(in, line);) {
    if (line.rfind("VmHWM:", 0) == 0) return std::strtoll(line.c_str() + 6, nullptr, 10) * 1024;
  }
  return 0;
}

TcpBytes OpenSocketBytes() {
  TcpBytes total;
  DIR* const fds = opendir("/proc/self/fd");
  if (fds == nullptr) return total;
  while (const dirent* entry = readdir(fds)) {
    tcp_info info{};
    socklen_t size = sizeof info;
    const int fd = std::atoi(entry->d_name);
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) continue;
    // bytes_sent counts retransmissions too; loopback has none worth counting.
    total.sent += static_cast<int64_t>(info.tcpi_bytes_sent);
    total.received += static_cast<int64_t>(info.tcpi_bytes_received);
  }
  closedir(fds);
  return total;
}

double Now() { return std::chrono::duration<double>(MonotonicNow().time_since_epoch()).count(); }

double Median(std::vector<double> values) { return Percentile(std::move(values), 50); }

double Percentile(std::vector<double> values, double p) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const size_t rank = static_cast<size_t>(std::ceil(p / 100 * static_cast<double>(values.size())));
  return values[rank == 0 ? 0 : rank - 1];
}

bool Row::Passes() const {
  if (bar == Bar::kAtLeast) return ratio >= limit;
  if (bar == Bar::kAtMost) return ratio <= limit;
  return true;
}

std::vector<double> Series::Ratios() const {
  std::vector<double> ratios;
  for (size_t i = 0; i < subject.size(); ++i) ratios.push_back(subject[i] / reference[i]);
  return ratios;
}

Series Interleave(int rounds, const std::function<double()>& subject, const std::function<double()>& reference) {
  Series series;
  for (int i = 0; i < rounds; ++i) {
    series.reference.push_back(reference());
    series.subject.push_back(subject());
  }
  return series;
}

Row MakeRow(std::string name, const Series& series, const std::string& unit, Row::Bar bar, double limit) {
  const std::vector<double> ratios = series.Ratios();
  Row row;
  row.name = std::move(name);
  row.value = fmt::format("{:.4g} {}", Median(series.subject), unit);
  row.reference = fmt::format("{:.4g} {}", Median(series.reference), unit);
  row.ratio = Median(ratios);
  row.spread = (*std::max_element(ratios.begin(), ratios.end()) - *std::min_element(ratios.begin(), ratios.end())) / 2;
  row.bar = bar;
  row.limit = limit;
  return row;
}

namespace {

std::string BarText(const Row& row) {
  if (row.bar == Row::Bar::kNone) return "";
  return fmt::format("{} {:.3g} {}", row.bar == Row::Bar::kAtLeast ? ">=" : "<=", row.limit,
                     row.Passes() ? "ok" : "FALLS SHORT");
}

std::string CostText(const Row& row) {
  std::string text;
  for (const Cost& cost : row.costs) text += fmt::format(" {} {:.2f}", cost.process, cost.cpu_seconds);
  return text;
}

void PrintJson(const Row& row) {
  nlohmann::json json = {{"name", row.name},   {"value", row.value},   {"reference", row.reference},
                         {"ratio", row.ratio}, {"spread", row.spread}, {"passes", row.Passes()},
                         {"note", row.note}};
  if (row.bar != Row::Bar::kNone) json[row.bar == Row::Bar::kAtLeast ? "at_least" : "at_most"] = row.limit;
  for (const Cost& cost : row.costs) json["cpu_seconds"][cost.process] = cost.cpu_seconds;
  std::puts(json.dump().c_str());
}

}  // namespace

Row MemoryRow(const std::string& name, double peak_mib, double limit_mib) {
  Row row;
  row.name = name;
  row.value = fmt::format("{:.0f} MiB", peak_mib);
  row.reference = fmt::format("{:.0f} MiB", limit_mib);
  row.ratio = peak_mib / limit_mib;
  row.bar = Row::Bar::kAtMost;
  row.limit = 1;
  return row;
}

void Print(const std::vector<Row>& rows, bool json) {
  if (json) {
    for (const Row& row : rows) PrintJson(row);
    return;
  }
  std::puts(fmt::format("{:<44} {:>16} {:>16} {:>7} {:>7}  {:<20} {}", "row", "measured", "reference", "ratio", "+-",
                        "bar", "CPU-s / note")
                .c_str());
  for (const Row& row : rows) {
    std::puts(fmt::format("{:<44} {:>16} {:>16} {:>7.3f} {:>7.3f}  {:<20}{} {}", row.name, row.value, row.reference,
                          row.ratio, row.spread, BarText(row), CostText(row), row.note)
                  .c_str());
  }
}

bool Check(const std::vector<Row>& rows) {
  bool all = true;
  for (const Row& row : rows) {
    if (row.Passes()) continue;
    all = false;
    std::fprintf(stderr, "falls short: %s: %.3f, bar %s\n", row.name.c_str(), row.ratio, BarText(row).c_str());
  }
  return all;
}

}  // namespace pbfs::bench
