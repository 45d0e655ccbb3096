#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

/// Measuring and reporting, shared by all rows of the benchmark.
namespace pbfs::bench {

/// User + system CPU seconds of a process, all threads; 0 if it is gone. pid 0: this process.
double CpuSeconds(pid_t pid = 0);
/// How busy all processors of the machine were since it was made, 0 to 1: where it is near 1, whoever waits for one waits for
/// somebody else's turn to end.
class BusyProcessors {
 public:
  double Share() const {
    const Ticks now = Read();
    return (now.busy - began_.busy) / std::max(now.all - began_.all, 1.0);
  }

 private:
  struct Ticks {
    double busy = 0, all = 0;
  };
  static Ticks Read();
  const Ticks began_ = Read();
};
/// Largest resident set of a process so far, in bytes (VmHWM).
int64_t PeakResident(pid_t pid = 0);
/// Bytes that this process handed to TCP and got from it on the sockets that it has open now (TCP_INFO), loopback included.
struct TcpBytes {
  int64_t sent = 0;
  int64_t received = 0;
};
TcpBytes OpenSocketBytes();

/// Seconds on the monotonic clock.
double Now();
double Median(std::vector<double> values);
/// The p-th percentile (0..100) by nearest rank.
double Percentile(std::vector<double> values, double p);

/// CPU by process name, in seconds per GB (1e9 bytes) or per thousand operations, as the row says.
struct Cost {
  std::string process;
  double cpu_seconds = 0;
};

/// One line of the table. `ratio` is what the bar is about; `better` says which way.
struct Row {
  std::string name;
  std::string value;      // the measured figure, with its unit
  std::string reference;  // the reference's figure
  double ratio = 0;
  double spread = 0;  // half the distance between the smallest and the largest ratio of the rounds
  enum class Bar { kNone, kAtLeast, kAtMost } bar = Bar::kNone;
  double limit = 0;
  std::vector<Cost> costs;
  std::string note;
  bool Passes() const;
};

/// Runs subject and reference alternately, `rounds` times each, and returns both series of figures (rates or seconds).
struct Series {
  std::vector<double> subject;
  std::vector<double> reference;
  /// subject / reference, round by round.
  std::vector<double> Ratios() const;
};
Series Interleave(int rounds, const std::function<double()>& subject, const std::function<double()>& reference);
/// A row from a series; the figures printed are medians.
Row MakeRow(std::string name, const Series& series, const std::string& unit, Row::Bar bar, double limit);
/// A peak of memory, which is to stay below a limit; both in MiB.
Row MemoryRow(const std::string& name, double peak_mib, double limit_mib);

/// The table on stdout, or JSON lines if `json`.
void Print(const std::vector<Row>& rows, bool json);
/// Names the rows that miss their bar on stderr; true if there are none.
bool Check(const std::vector<Row>& rows);

}  // namespace pbfs::bench
