#include <atomic>

#include "bench/bench_cluster.h"
#include "bench/reference_transfer.h"
#include "bench/rows.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"

namespace pbfs::bench {
namespace {

constexpr int64_t kObject = int64_t{64} << 20;
constexpr int kObjects = 8;  // a round
constexpr int kInFlight = 4;
constexpr double kGigabytes = static_cast<double>(kObjects * kObject) / 1e9;

Context Patience() { return Context::WithTimeout(std::chrono::minutes(2)); }

/// One plaintext and one place for what is read, for each object in flight.
struct Lane {
  explicit Lane(uint64_t seed) : plaintext(kObject), out(kObject) { SeededRandom(seed).Fill(plaintext); }
  Bytes plaintext, out;
};

/// `work(lane, object)` for every object of a round, four at a time; GB of plaintext a second.
double Round(std::vector<Lane>& lanes, const std::function<void(Lane&, int)>& work) {
  const double start = Now();
  {
    std::atomic<int> next{0};
    std::vector<Thread> threads;
    for (Lane& lane : lanes) {
      threads.emplace_back("object", [&] {
        for (int object = next++; object < kObjects; object = next++) work(lane, object);
      });
    }
  }
  return kGigabytes / (Now() - start);
}

/// CPU seconds of all process kinds, at a moment or between two.
struct CpuTimes {
  double client = 0, stores = 0, catalogs = 0, postgres = 0, reference_stores = 0;
};

/// What both sides cost, added up over the rounds.
class Meter {
 public:
  Meter(const BenchCluster& cluster, const ReferenceTransfer& reference) : cluster_(cluster), reference_(reference) {}

  std::function<double()> Subject(std::function<double()> round) { return Metered(std::move(round), subject_); }
  std::function<double()> Reference(std::function<double()> round) { return Metered(std::move(round), compared_); }
  std::vector<Cost> PerGigabyte(int rounds) const {
    const double gigabytes = kGigabytes * rounds;
    return {{"client", subject_.client / gigabytes},     {"stores", subject_.stores / gigabytes},
            {"catalogs", subject_.catalogs / gigabytes}, {"postgres", subject_.postgres / gigabytes},
            {"R2-client", compared_.client / gigabytes}, {"R2-stores", compared_.reference_stores / gigabytes}};
  }

 private:
  std::function<double()> Metered(std::function<double()> round, CpuTimes& sum) {
    return [this, round = std::move(round), &sum] {
      const CpuTimes before = Read();
      const double rate = round();
      const CpuTimes after = Read();
      sum.client += after.client - before.client;
      sum.stores += after.stores - before.stores;
      sum.catalogs += after.catalogs - before.catalogs;
      sum.postgres += after.postgres - before.postgres;
      sum.reference_stores += after.reference_stores - before.reference_stores;
      return rate;
    };
  }
  CpuTimes Read() const {
    return {CpuSeconds(), cluster_.CpuOf(local::ProcessKind::kStore), cluster_.CpuOf(local::ProcessKind::kCatalog),
            cluster_.CpuOf(local::ProcessKind::kPostgres), reference_.StoresCpu()};
  }

  const BenchCluster& cluster_;
  const ReferenceTransfer& reference_;
  CpuTimes subject_, compared_;
};

/// Both sides over one cluster: what is put in the last round is what is read.
class Transfer {
 public:
  Transfer(const Options& options, BenchCluster::Transport transport)
      : rounds_(options.rounds),
        cluster_(options.directory, transport),
        reference_(cluster_, options.directory),
        bucket_(cluster_.MakeBucket("transfer")),
        objects_(kObjects),
        lane_of_(kObjects) {
    for (uint64_t i = 0; i < kInFlight; ++i) lanes_.emplace_back(i);
  }

  Row Puts(const std::string& name, Row::Bar bar, double limit) {
    (void)PutByReference(), (void)PutByProduct();  // connections, tokens, the first volume
    return Measure(
        name, [&] { return PutByProduct(); }, [&] { return PutByReference(); }, bar, limit);
  }
  Row Gets(const std::string& name, Row::Bar bar, double limit) {
    (void)GetByReference();
    CheckContents();
    return Measure(
        name, [&] { return GetByProduct(); }, [&] { return GetByReference(); }, bar, limit);
  }

 private:
  Row Measure(const std::string& name, std::function<double()> product, std::function<double()> reference, Row::Bar bar,
              double limit) {
    Meter meter(cluster_, reference_);
    Row row =
        MakeRow(name, Interleave(rounds_, meter.Subject(std::move(product)), meter.Reference(std::move(reference))),
                "GB/s", bar, limit);
    row.costs = meter.PerGigabyte(rounds_);
    return row;
  }
  double PutByProduct() {
    return Round(lanes_, [&](Lane& lane, int i) {
      objects_[static_cast<size_t>(i)] = Need(bucket_.Put(Patience(), "object-" + std::to_string(i), lane.plaintext));
      lane_of_[static_cast<size_t>(i)] = &lane;
    });
  }
  double PutByReference() {
    return Round(lanes_, [&](Lane& lane, int i) { reference_.Put(static_cast<uint8_t>(i), lane.plaintext); });
  }
  double GetByProduct() {
    return Round(lanes_, [&](Lane& lane, int i) {
      const Written& object = objects_[static_cast<size_t>(i)];
      PBFS_CHECK(Need(bucket_.Read(Patience(), object.object, 0, lane.out)) == kObject);
    });
  }
  double GetByReference() {
    return Round(lanes_, [&](Lane& lane, int i) { reference_.Get(static_cast<uint8_t>(i), lane.out); });
  }
  void CheckContents() {
    for (size_t i = 0; i < kObjects; ++i) {
      Lane& lane = *lane_of_[i];
      std::fill(lane.out.begin(), lane.out.end(), uint8_t{0});
      PBFS_CHECK(Need(bucket_.Read(Patience(), objects_[i].object, 0, lane.out)) == kObject);
      PBFS_CHECK(lane.out == lane.plaintext, "what was read is not what was written");
    }
  }

  const int rounds_;
  BenchCluster cluster_;
  ReferenceTransfer reference_;
  Bucket bucket_;
  std::vector<Lane> lanes_;
  std::vector<Written> objects_;
  std::vector<Lane*> lane_of_;  // whose plaintext each object holds
};

}  // namespace

std::vector<Row> TransferRows(const Options& options) {
  Transfer transfer(options, BenchCluster::Transport::kMutualTls);
  return {transfer.Puts("put 64 MiB, 4+2, TLS (R2-PUT)", Row::Bar::kAtLeast, 0.6),
          transfer.Gets("get 64 MiB, 4+2, TLS (R2-GET)", Row::Bar::kAtLeast, 0.6)};
}

std::vector<Row> TransferInClearRows(const Options& options) {
  Transfer transfer(options, BenchCluster::Transport::kInClear);
  return {transfer.Puts("put 64 MiB, 4+2, in clear (R2-PUT)", Row::Bar::kNone, 0),
          transfer.Gets("get 64 MiB, 4+2, in clear (R2-GET)", Row::Bar::kNone, 0)};
}

}  // namespace pbfs::bench
