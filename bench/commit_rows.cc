#include <algorithm>
#include <array>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "bench/bench_cluster.h"
#include "bench/pgbench.h"
#include "bench/rows.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "libs/catalog/receipts.h"
#include "libs/catalog/testing/test_client.h"

namespace pbfs::bench {
namespace {

constexpr int kWriters = 32;
constexpr int kSeconds = 4;      // of a measurement with many writers, and of R3 with as many connections
constexpr int kLoneSeconds = 2;  // the same of one
constexpr uint8_t kK = 4, kN = 6;

Context Patience() { return Context::WithTimeout(std::chrono::minutes(2)); }

// Runs `work` on as many threads and returns the seconds until the last one has ended.
double OnThreads(int count, const std::function<void(size_t)>& work) {
  const double start = Now();
  {
    std::vector<Thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back("writer", [&work, i] { work(static_cast<size_t>(i)); });
  }
  return Now() - start;
}

/// CPU seconds of each kind of process while it runs, per thousand operations.
class Meter {
 public:
  explicit Meter(const BenchCluster& cluster) : cluster_(cluster) {}
  void Start() { Add(-1); }
  void Stop() { Add(1); }
  std::vector<Cost> PerThousand(double operations) const {
    std::vector<Cost> costs;
    for (size_t i = 0; i < used_.size(); ++i) costs.push_back({kNames[i], 1000 * used_[i] / operations});
    return costs;
  }

 private:
  static constexpr std::array<const char*, 3> kNames = {"bench", "catalog", "postgres"};
  void Add(double sign) {
    used_[0] += sign * CpuSeconds();
    used_[1] += sign * cluster_.CpuOf(local::ProcessKind::kCatalog);
    used_[2] += sign * cluster_.CpuOf(local::ProcessKind::kPostgres);
  }
  const BenchCluster& cluster_;
  std::array<double, 3> used_{};
};

// ---- the commit path in process -----------------------------------------------------------------------------------------------

/// A catalog in this process, on the cluster's PostgreSQL, and 32 writers that wait for their Commits: each Commit a new
/// encoded body of 64 KiB with its receipts, and a record that places it in an object of the writer's own. Requests are made
/// before the clock runs: what is measured begins where a servant has decoded a call.
class CommitPath {
 public:
  explicit CommitPath(BenchCluster& cluster) : cluster_(cluster), catalog_(OptionsFor(cluster)) {
    bucket_ = cluster.MakeBucket("commit-path").info().id;
    groups_ = Need(catalog_.WatchMap(Patience(), -1)).groups;
    SystemRandom random;
    for (int i = 0; i < kWriters; ++i) writers_.emplace_back(clock_, bucket_, random.U64());
  }

  /// Commits a second.
  double Run() {
    double seconds = 0;
    int64_t count = 0;
    Meter meter(cluster_);
    while (seconds < kSeconds) {
      const auto requests = MakeRequests();
      meter.Start();
      seconds += OnThreads(kWriters, [&](size_t writer) {
        for (const CommitRequest& request : requests[writer]) {
          const CommitReply reply = Need(catalog_.Commit(Patience(), request));
          PBFS_CHECK(reply.code == CommitCode::kOk, CommitCodeName(reply.code));
        }
      });
      meter.Stop();
      count += kWriters * kRequests;
    }
    costs_ = meter.PerThousand(static_cast<double>(count));
    return static_cast<double>(count) / seconds;
  }
  const std::vector<Cost>& costs() const { return costs_; }

  /// Every extent is there: none overlaps another, so none may be gone.
  void Check() {
    for (const Writer& writer : writers_) {
      const ObjectInfo info = Need(catalog_.Stat(Patience(), {bucket_, writer.object}));
      PBFS_CHECK(info.extents == writer.next, "a commit that was acknowledged has no extent");
    }
  }

 private:
  static constexpr int kRequests = 200;        // of one writer before the clock stands still again
  static constexpr int64_t kSlots = 32 << 10;  // of 64 KiB: 32 regions
  struct Writer {
    Writer(const Clock& clock, BucketId bucket, uint64_t seed)
        : client(clock, bucket, seed), object(client.NewObject()) {}
    TestClient client;
    ObjectId object;
    int64_t next = 0;
  };

  static PostgresOptions OptionsFor(BenchCluster& cluster) {
    PostgresOptions options;
    options.local_dsn = cluster.local().AdminConnectionString(1);
    options.verify_receipt = VerifyWithSiteSecret(TestSiteSecret(), SiteId{1});
    return options;
  }
  std::vector<std::vector<CommitRequest>> MakeRequests() {
    std::vector<std::vector<CommitRequest>> requests(kWriters);
    for (size_t i = 0; i < writers_.size(); ++i) {
      for (int j = 0; j < kRequests; ++j) requests[i].push_back(MakeRequest(writers_[i]));
    }
    return requests;
  }
  CommitRequest MakeRequest(Writer& writer) {
    TestCommit commit(writer.client);
    if (writer.next == 0) commit.Creates(writer.object);
    const auto group = static_cast<uint16_t>(writer.client.random().Below(kPlacementGroups));
    const std::vector<StoreId>& placed = groups_[group].stores;
    const BodyUpload body =
        writer.client.MakeEncoded({}, kK, kN, group, clock_.NowMillis(), {placed.begin(), placed.begin() + kN});
    const int64_t slot = writer.next++ * 20'011 % kSlots;  // odd, so every slot comes once before one comes again
    PBFS_CHECK(writer.next <= kSlots);
    commit.WriteBody(writer.object, slot << 16, 1 << 16, body);
    return commit.request();
  }

  BenchCluster& cluster_;
  const SystemClock clock_;
  PostgresCatalog catalog_;
  BucketId bucket_;
  std::vector<PlacementGroup> groups_;
  std::deque<Writer> writers_;  // they do not move
  std::vector<Cost> costs_;
};

// ---- end to end ---------------------------------------------------------------------------------------------------------------

/// Writers that patch 4 KiB at random places of 1 GiB, each in an object of its own, through one client over mutual TLS.
class Patches {
 public:
  explicit Patches(BenchCluster& cluster) : cluster_(cluster), bucket_(cluster.MakeBucket("patches")) {
    for (uint64_t i = 0; i < kWriters; ++i) writers_.emplace_back(i, MakeObject(i));
  }

  /// Patches a second of 32 writers.
  double Rate() {
    const std::vector<double> millis = Run(kWriters, kSeconds);
    return static_cast<double>(millis.size()) / kSeconds;
  }
  /// Median of the milliseconds that one writer waits for a patch.
  double LoneMedian() { return Median(Run(1, kLoneSeconds)); }
  const std::vector<Cost>& costs() const { return costs_; }

  void Check() {
    for (const Writer& writer : writers_) {
      for (const auto& [offset, patch] : writer.last) {
        std::array<uint8_t, kSize> found{};
        PBFS_CHECK(Need(bucket_.Read(Patience(), writer.object, offset, found)) == kSize);
        PBFS_CHECK(found == patch, "a patch does not read back");
      }
    }
  }

 private:
  static constexpr int64_t kSize = 4096, kSlots = 1 << 18;
  using Patch = std::array<uint8_t, kSize>;
  struct Writer {
    Writer(uint64_t seed, ObjectId id) : random(seed), object(id) {}
    SeededRandom random;
    ObjectId object;
    std::map<int64_t, Patch> last;  // the newest few, by offset
  };

  ObjectId MakeObject(size_t i) {
    const Bytes first(1, 1);
    return Need(bucket_.Put(Patience(), "patched-" + std::to_string(i), first)).object;
  }
  // Milliseconds of each patch.
  std::vector<double> Run(int count, int seconds) {
    Mutex mutex;
    std::vector<double> all;
    Meter meter(cluster_);
    meter.Start();
    OnThreads(count, [&](size_t i) {
      std::vector<double> own = WriteUntil(writers_[i], Now() + seconds);
      MutexLock lock(mutex);
      all.insert(all.end(), own.begin(), own.end());
    });
    meter.Stop();
    costs_ = meter.PerThousand(static_cast<double>(all.size()));
    return all;
  }
  std::vector<double> WriteUntil(Writer& writer, double end) {
    std::vector<double> millis;
    Patch patch;
    writer.last.clear();
    for (double now = Now(); now < end;) {
      writer.random.Fill(patch);
      const int64_t offset = static_cast<int64_t>(writer.random.Below(kSlots)) * kSize;
      Need(bucket_.Write(Patience(), writer.object, offset, patch));
      const double after = Now();
      millis.push_back(1000 * (after - now));
      now = after;
      if (writer.last.size() < 4 || writer.last.count(offset) != 0) writer.last[offset] = patch;
    }
    return millis;
  }

  BenchCluster& cluster_;
  Bucket bucket_;
  std::deque<Writer> writers_;  // they do not move
  std::vector<Cost> costs_;
};

}  // namespace

std::vector<Row> CommitRows(const Options& options) {
  BenchCluster cluster(options.directory);
  const Pgbench pgbench(cluster.local().AdminConnectionString(1), options.directory + "/pgbench");
  CommitPath path(cluster);
  Patches patches(cluster);
  Series in_process, end_to_end, lone;
  std::vector<Cost> lone_costs, many_costs;
  for (int round = 0; round < options.rounds; ++round) {
    const double inserts = pgbench.Run(kWriters, kSeconds).rate;
    in_process.reference.push_back(inserts), end_to_end.reference.push_back(inserts);
    in_process.subject.push_back(path.Run());
    end_to_end.subject.push_back(patches.Rate());
    many_costs = patches.costs();
    lone.reference.push_back(pgbench.Run(1, kLoneSeconds).p50_millis);
    lone.subject.push_back(patches.LoneMedian());
    lone_costs = patches.costs();
  }
  path.Check();
  patches.Check();
  std::vector<Row> rows = {
      MakeRow("commit path in process, 32 waiting (R3)", in_process, "/s", Row::Bar::kAtLeast, 0.8),
      MakeRow("4 KiB patches, 32 writers (R3)", end_to_end, "/s", Row::Bar::kAtLeast, 0.5),
      MakeRow("p50 of a 4 KiB patch, 1 writer (R3)", lone, "ms", Row::Bar::kAtMost, 4)};
  rows[0].costs = path.costs(), rows[1].costs = many_costs, rows[2].costs = lone_costs;
  for (Row& row : rows) row.note = "CPU-s per 1,000";
  return rows;
}

}  // namespace pbfs::bench
