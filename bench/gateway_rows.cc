// The gateway over HTTP against the client library used directly: same cluster, same run, in turns.
#include <fmt/format.h>

#include "bench/gateway_work.h"
#include "bench/rows.h"

namespace pbfs::bench {
namespace {

constexpr int64_t kLarge = int64_t{64} << 20;
constexpr int kLargeObjects = 4;  // a round
constexpr size_t kConnections = 64;

/// CPU seconds of the kinds of processes that take part.
struct CpuTimes {
  double client = 0, gateway = 0, catalogs = 0, postgres = 0, stores = 0;
};

/// What the gateway's rounds cost, added up.
class Meter {
 public:
  explicit Meter(const BenchCluster& cluster) : cluster_(cluster) {}
  double Around(double units, const std::function<double()>& round) {
    const CpuTimes before = Read();
    const double rate = round();  // thousands a second, where there are no units
    const CpuTimes after = Read();
    sum_.client += after.client - before.client, sum_.gateway += after.gateway - before.gateway;
    sum_.catalogs += after.catalogs - before.catalogs, sum_.postgres += after.postgres - before.postgres;
    sum_.stores += after.stores - before.stores;
    units_ += units == 0 ? rate * kSmallSeconds : units;
    return rate;
  }
  std::vector<Cost> costs() const {
    return {{"client", sum_.client / units_},
            {"gateway", sum_.gateway / units_},
            {"catalogs", sum_.catalogs / units_},
            {"postgres", sum_.postgres / units_},
            {"stores", sum_.stores / units_}};
  }

 private:
  CpuTimes Read() const {
    return {CpuSeconds(), cluster_.CpuOf(local::ProcessKind::kGateway), cluster_.CpuOf(local::ProcessKind::kCatalog),
            cluster_.CpuOf(local::ProcessKind::kPostgres), cluster_.CpuOf(local::ProcessKind::kStore)};
  }

  const BenchCluster& cluster_;
  CpuTimes sum_;
  double units_ = 0;
};

/// Compares one thing done by the gateway and by the client library. `units`: what a round does, for the costs; 0: its rate times its time.
Row Compare(const BenchCluster& cluster, int rounds, const std::string& name, const std::string& unit, double units,
            const std::function<double()>& gateway, const std::function<double()>& native, Row::Bar bar, double limit) {
  (void)native(), (void)gateway();  // connections, tokens, the first volume
  Meter of_gateway(cluster), of_native(cluster);
  Row row = MakeRow(
      name,
      Interleave(
          rounds, [&] { return of_gateway.Around(units, gateway); }, [&] { return of_native.Around(units, native); }),
      unit, bar, limit);
  row.costs = of_gateway.costs();
  row.note = "native:";
  for (const Cost& cost : of_native.costs()) row.note += fmt::format(" {} {:.2f}", cost.process, cost.cpu_seconds);
  return row;
}

/// Rows of one cluster.
class Table {
 public:
  explicit Table(const Options& options) : cluster_(options.directory), site_(cluster_), rounds_(options.rounds) {}
  const GatewaySite& site() const { return site_; }
  Bucket MakeBucket(const std::string& name, Etag etag) { return site_.MakeBucket(name, etag); }
  void Compare(const std::string& name, const std::string& unit, double units, const std::function<double()>& gateway,
               const std::function<double()>& native, Row::Bar bar = Row::Bar::kNone, double limit = 0) {
    rows_.push_back(bench::Compare(cluster_, rounds_, name, unit, units, gateway, native, bar, limit));
  }
  std::vector<Row> rows() { return std::move(rows_); }

 private:
  BenchCluster cluster_;
  GatewaySite site_;
  const int rounds_;
  std::vector<Row> rows_;
};

}  // namespace

std::vector<Row> GatewayLargeRows(const Options& options) {
  Table table(options);
  LargeObjects opaque(table.site(), table.MakeBucket("large-opaque", Etag::kOpaque), kLarge, kLargeObjects);
  LargeObjects md5(table.site(), table.MakeBucket("large-md5", Etag::kMd5), kLarge, kLargeObjects);
  const double gigabytes = opaque.gigabytes();
  table.Compare(
      "gateway: put 64 MiB, opaque ETags", "GB/s", gigabytes, [&] { return opaque.PutByGateway(); },
      [&] { return opaque.PutByClient(); }, Row::Bar::kAtLeast, 0.8);
  table.Compare(
      "gateway: put 64 MiB, MD5 ETags", "GB/s", gigabytes, [&] { return md5.PutByGateway(); },
      [&] { return md5.PutByClient(); });
  opaque.PutByGateway();
  opaque.CheckContents();
  table.Compare(
      "gateway: get 64 MiB", "GB/s", gigabytes, [&] { return opaque.GetByGateway(); },
      [&] { return opaque.GetByClient(); }, Row::Bar::kAtLeast, 0.8);
  return table.rows();
}

std::vector<Row> GatewaySmallRows(const Options& options) {
  Table table(options);
  SmallObjects small(table.site(), table.MakeBucket("small-opaque", Etag::kOpaque), kConnections);
  table.Compare(
      "gateway: put 4 KiB, 64 connections", "k/s", 0, [&] { return small.PutByGateway(); },
      [&] { return small.PutByClient(); }, Row::Bar::kAtLeast, 0.6);
  table.Compare(
      "gateway: get 4 KiB, 64 connections", "k/s", 0, [&] { return small.GetByGateway(); },
      [&] { return small.GetByClient(false); }, Row::Bar::kAtLeast, 0.6);
  table.Compare(
      "  the same, native of the newest state", "k/s", 0, [&] { return small.GetByGateway(); },
      [&] { return small.GetByClient(true); });
  return table.rows();
}

}  // namespace pbfs::bench
