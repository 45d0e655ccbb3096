#include <algorithm>

#include <fmt/format.h>

#include "bench/bench_cluster.h"
#include "bench/rows.h"
#include "libs/base/random.h"
#include "libs/client/streams.h"

namespace pbfs::bench {
namespace {

constexpr int64_t kObject = int64_t{1} << 30;
constexpr int kWarmUps = 8;
constexpr int kPatches = 24;
constexpr int kInlinePatches = 1000;           // small ones: what PostgreSQL writes beside them once should not count
constexpr double kExpansion = 6.0 / 4 * 1.03;  // 4+2, and 3 % for headers, CRCs, padding and frames
constexpr double kAllowance = 4096;            // of a patch: its Commit

Context Patience() { return Context::WithTimeout(std::chrono::minutes(2)); }

/// `size` random bytes.
class RandomSource final : public ByteSource {
 public:
  explicit RandomSource(int64_t size) : left_(size) {}
  Result<size_t> Read(const Context&, MutableByteSpan out) override {
    const auto count = static_cast<size_t>(std::min<int64_t>(left_, static_cast<int64_t>(out.size())));
    random_.Fill(out.first(count));
    left_ -= static_cast<int64_t>(count);
    return count;
  }

 private:
  SeededRandom random_{1};
  int64_t left_;
};

int64_t Traffic() {
  const TcpBytes bytes = OpenSocketBytes();
  return bytes.sent + bytes.received;
}

/// What the servers have written to their disks so far.
struct Writes {
  int64_t stores = 0, primary = 0, standby = 0;
};
Writes ReadWrites(const BenchCluster& cluster) {
  return {cluster.WrittenBy(local::ProcessKind::kStore), cluster.WrittenBy("postgres-1"),
          cluster.WrittenBy("postgres-2")};
}

class Patches {
 public:
  explicit Patches(const Options& options)
      : cluster_(options.directory, BenchCluster::Transport::kInClear), bucket_(cluster_.MakeBucket("traffic")) {
    RandomSource source(kObject);
    object_ = Need(bucket_.Put(Patience(), "object", source)).object;
  }

  Row Measure(const std::string& name, int64_t size, int count, double limit) {
    Bytes bytes(static_cast<size_t>(size));
    for (int i = 0; i < kWarmUps; ++i) Patch(bytes);
    std::vector<double> series;
    const Writes before = ReadWrites(cluster_);
    for (int i = 0; i < count; ++i) {
      const int64_t start = Traffic();
      Patch(bytes);
      series.push_back(static_cast<double>(Traffic() - start));
    }
    const Writes after = ReadWrites(cluster_);
    Row row;
    row.name = name;
    row.value = fmt::format("{:.0f} B", Median(series));
    row.reference = fmt::format("{} B", size);
    row.ratio = Median(series) / static_cast<double>(size);
    row.spread = (Percentile(series, 100) - Percentile(series, 0)) / 2 / static_cast<double>(size);
    row.bar = Row::Bar::kAtMost;
    row.limit = limit / static_cast<double>(size);
    double total = 0;
    for (const double traffic : series) total += traffic;
    row.note = fmt::format("mean {:.0f} B; written for each: stores {}, PostgreSQL {}, standby {} B", total / count,
                           (after.stores - before.stores) / count, (after.primary - before.primary) / count,
                           (after.standby - before.standby) / count);
    return row;
  }

 private:
  void Patch(Bytes& bytes) {
    random_.Fill(bytes);
    const int64_t room = kObject - static_cast<int64_t>(bytes.size());
    const auto offset = static_cast<int64_t>(random_.Below(static_cast<uint64_t>(room)));
    Need(bucket_.Write(Patience(), object_, offset, bytes));
  }

  BenchCluster cluster_;
  Bucket bucket_;
  ObjectId object_;
  SeededRandom random_{2};
};

double Limit(int64_t size) { return static_cast<double>(size) * kExpansion + kAllowance; }

}  // namespace

std::vector<Row> TrafficRows(const Options& options) {
  Patches patches(options);
  std::vector<Row> rows;
  rows.push_back(patches.Measure("sent and received: a patch of 4 KiB", 4096, kInlinePatches, 12 * 1024));
  for (const auto& [text, size] :
       {std::pair<const char*, int64_t>{"64 KiB", 64 << 10}, {"1 MiB", 1 << 20}, {"16 MiB", 16 << 20}}) {
    rows.push_back(patches.Measure(fmt::format("sent and received: a patch of {}", text), size, kPatches, Limit(size)));
  }
  return rows;
}

}  // namespace pbfs::bench
