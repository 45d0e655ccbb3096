// Bar 6: what patches cost a reader, what a rehome gives back, and what both cost a writer beside them.
#include <algorithm>
#include <atomic>
#include <functional>

#include <fmt/format.h>

#include "bench/bench_cluster.h"
#include "bench/patch_writer.h"
#include "bench/rows.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"

namespace pbfs::bench {
namespace {

constexpr int64_t kObject = 64 << 20;  // one region
constexpr int kPatches = 1000;
constexpr int kWriteEveryMs = 25;
constexpr int kWrites = 120;  // of the writer, a phase

Context Patience() { return Context::WithTimeout(std::chrono::minutes(2)); }

/// An object and what it has to contain.
struct Patched {
  ObjectId object;
  Bytes content;
};

Bytes RandomBytes(Random& random, size_t size) {
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

Patched PutObject(Bucket& bucket, const std::string& name, Random& random) {
  Patched made;
  made.content = RandomBytes(random, kObject);
  made.object = Need(bucket.Put(Patience(), name, made.content)).object;
  return made;
}

void PatchOften(Bucket& bucket, Patched& object, Random& random) {
  for (int i = 0; i < kPatches; ++i) {
    const auto [offset, bytes] = RandomPatch(random, kObject);
    Need(bucket.Write(Patience(), object.object, offset, bytes));
    std::copy(bytes.begin(), bytes.end(), object.content.begin() + offset);
  }
}

// Seconds that it takes; the content is compared outside of them.
double ReadAll(Bucket& bucket, const Patched& object) {
  Bytes out(kObject);
  const double start = Now();
  const int64_t got = Need(bucket.Read(Patience(), object.object, 0, out));
  const double seconds = Now() - start;
  PBFS_CHECK(got == kObject && out == object.content, "what was read is not what was written");
  return seconds;
}

RehomePolicy Rewriting() {
  RehomePolicy policy;
  policy.always_rewrite = true;
  return policy;
}

/// CPU seconds of everybody, by kind.
class CpuMeter {
 public:
  explicit CpuMeter(const BenchCluster& cluster) : cluster_(cluster) { Take(before_); }
  /// A GB (1e9 bytes) of `bytes` moved since it was made.
  std::vector<Cost> PerGb(int64_t bytes) const {
    double now[4];
    Take(now);
    const double gb = static_cast<double>(bytes) / 1e9;
    return {{"client", (now[0] - before_[0]) / gb},
            {"stores", (now[1] - before_[1]) / gb},
            {"catalogs", (now[2] - before_[2]) / gb},
            {"postgres", (now[3] - before_[3]) / gb}};
  }

 private:
  void Take(double (&out)[4]) const {
    out[0] = CpuSeconds();
    out[1] = cluster_.CpuOf(local::ProcessKind::kStore);
    out[2] = cluster_.CpuOf(local::ProcessKind::kCatalog);
    out[3] = cluster_.CpuOf(local::ProcessKind::kPostgres);
  }
  const BenchCluster& cluster_;
  double before_[4];
};

Row ReadRow(const std::string& name, BenchCluster& cluster, Bucket& bucket, const Patched& patched,
            const Patched& plain, double limit, int rounds) {
  (void)ReadAll(bucket, patched);  // connections, tokens and caches are warm on both sides
  (void)ReadAll(bucket, plain);
  const ClientStats before = cluster.client().Stats();
  const Series series = Interleave(
      rounds, [&] { return ReadAll(bucket, patched); }, [&] { return ReadAll(bucket, plain); });
  const ClientStats after = cluster.client().Stats();
  Row row = MakeRow(name, series, "s", Row::Bar::kAtMost, limit);
  const CpuMeter meter(cluster);
  (void)ReadAll(bucket, patched);
  row.costs = meter.PerGb(kObject);
  row.note = fmt::format("{} extents; {} reads of both: {} lists, {} calls to stores",
                         Need(bucket.Extents(Patience(), patched.object, 0, kObject)).size(), 2 * rounds,
                         after.lists - before.lists, after.read_calls - before.read_calls);
  return row;
}

/// Repeats something on a thread of its own until it goes.
class Background {
 public:
  Background(const std::string& name, std::function<void()> work)
      : thread_(name, [this, work = std::move(work)] {
          for (; !stop_; ++done_) work();
        }) {}
  ~Background() {
    stop_ = true;
    thread_.Join();
  }
  int64_t done() const { return done_; }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> done_{0};
  Thread thread_;
};

/// A writer of one region, alone and beside others.
class WriterRows {
 public:
  WriterRows(BenchCluster& cluster, Bucket& bucket, Patched& busy)
      : bucket_(bucket),
        busy_(busy),
        writer_(cluster.local().client_config(), bucket.info().settings.name, busy.object, kObject) {
    (void)Phase();  // its connections
  }

  std::vector<Row> Run(int rounds) {
    Series reads, rehome, both;
    std::vector<double> alone_all, both_all;
    std::vector<double> busy_alone, busy_both;
    int64_t read_count = 0, rehome_count = 0;
    for (int round = 0; round < rounds; ++round) {
      const BusyProcessors in_this_round;
      const double alone = P99(Phase(), &alone_all);
      busy_alone.push_back(in_this_round.Share());
      for (Series* series : {&reads, &rehome, &both}) series->reference.push_back(alone);
      {
        const Background reader("reader", Reading());
        reads.subject.push_back(P99(Phase()));
      }
      {
        const Background rehomer("rehome", Rehoming());
        rehome.subject.push_back(P99(Phase()));
      }
      const Background reader("reader", Reading()), rehomer("rehome", Rehoming());
      const BusyProcessors beside_both;
      both.subject.push_back(P99(Phase(), &both_all));
      busy_both.push_back(beside_both.Share());
      read_count += reader.done(), rehome_count += rehomer.done();
    }
    (void)ReadAll(bucket_, busy_);
    std::vector<Row> rows = {MakeRow("merge: p99 of a writer beside reads", reads, "ms", Row::Bar::kNone, 0),
                             MakeRow("merge: p99 of a writer beside a rehome", rehome, "ms", Row::Bar::kNone, 0),
                             MakeRow("merge: p99 of a writer beside both", both, "ms", Row::Bar::kAtMost, 2)};
    rows[2].note = fmt::format(
        "p50 {:.1f} ms, alone {:.1f}; {} patches a side, one each {} ms; meanwhile {} reads, {} rehomes; "
        "processors {:.0f} % busy, alone {:.0f} %",
        Median(both_all), Median(alone_all), both_all.size(), kWriteEveryMs, read_count, rehome_count,
        1e2 * Median(busy_both), 1e2 * Median(busy_alone));
    return rows;
  }

 private:
  std::vector<double> Phase() {
    const uint64_t seed = next_seed_++;
    std::vector<double> latencies = writer_.Patch(seed, kWrites, kWriteEveryMs);
    SeededRandom same(seed);
    for (int i = 0; i < kWrites; ++i) {
      const auto [offset, bytes] = RandomPatch(same, kObject);
      std::copy(bytes.begin(), bytes.end(), busy_.content.begin() + offset);
    }
    return latencies;
  }
  static double P99(std::vector<double> latencies, std::vector<double>* all = nullptr) {
    if (all != nullptr) all->insert(all->end(), latencies.begin(), latencies.end());
    return Percentile(std::move(latencies), 99);
  }
  std::function<void()> Reading() {
    return [this, out = Bytes(kObject)]() mutable { Need(bucket_.Read(Patience(), busy_.object, 0, out)); };
  }
  std::function<void()> Rehoming() {
    return [this] { Need(bucket_.Rehome(Patience(), busy_.object, Rewriting())); };
  }

  Bucket& bucket_;
  Patched& busy_;
  PatchWriter writer_;
  uint64_t next_seed_ = 1;
};

}  // namespace

std::vector<Row> MergeRows(const Options& options) {
  BenchCluster cluster(options.directory);
  Bucket bucket = cluster.MakeBucket("merge");
  SystemRandom random;
  const Patched plain = PutObject(bucket, "plain", random);
  Patched patched = PutObject(bucket, "patched", random);
  Patched busy = PutObject(bucket, "busy", random);
  PatchOften(bucket, patched, random);
  PatchOften(bucket, busy, random);

  std::vector<Row> rows;
  rows.push_back(ReadRow("merge: read 64 MiB under 1,000 patches", cluster, bucket, patched, plain, 3, options.rounds));
  const double start = Now();
  const RehomeReport report = Need(bucket.Rehome(Patience(), patched.object, Rewriting()));
  const double seconds = Now() - start;
  rows.push_back(
      ReadRow("merge: read 64 MiB after a rewriting rehome", cluster, bucket, patched, plain, 1.1, options.rounds));
  rows.back().note += fmt::format("; rehome {:.2f} s, {} sources gone, {} kept", seconds, report.removed, report.kept);
  for (Row& row : WriterRows(cluster, bucket, busy).Run(options.rounds)) rows.push_back(std::move(row));
  return rows;
}

}  // namespace pbfs::bench
