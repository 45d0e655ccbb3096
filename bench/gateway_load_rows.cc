// The gateway under many connections: its memory, and what slow clients do to the others.
#include <deque>

#include <fmt/format.h>
#include <sys/resource.h>

#include "bench/gateway_work.h"
#include "bench/rows.h"
#include "bench/slow_clients.h"
#include "libs/base/sync.h"

namespace pbfs::bench {
namespace {

constexpr size_t kIdle = 2000, kActive = 64;
constexpr int64_t kLarge = int64_t{64} << 20;
constexpr double kMemoryLimitMib = 600;
constexpr int kLargeObjects = 16;  // a round: some seconds, of which no single event makes much
constexpr int kSlow = 200;
constexpr size_t kOthers = 16;
constexpr double kMiB = 1 << 20;
constexpr auto kUntilTheyDrip = std::chrono::seconds(2);  // what they ask for is begun for all of them at once

void AllowManyFiles() {
  rlimit files{};
  PBFS_CHECK(getrlimit(RLIMIT_NOFILE, &files) == 0);
  files.rlim_cur = files.rlim_max;
  PBFS_CHECK(setrlimit(RLIMIT_NOFILE, &files) == 0);
}

Row GatewayMemoryRow(const std::string& name, const GatewaySite& site) {
  return MemoryRow(name, static_cast<double>(PeakResident(site.s3().pid)) / kMiB, kMemoryLimitMib);
}

/// As many connections at once as `active`, each of which does `work` once with its number.
void AtOnce(const GatewaySite& site, size_t active, const std::function<void(S3Connection&, size_t)>& work) {
  std::vector<Thread> threads;
  for (size_t i = 0; i < active; ++i) {
    threads.emplace_back("active", [&, i] {
      S3Connection connection(site.s3());
      work(connection, i);
    });
  }
}

/// The peak so far, after each kind of work that comes on top of 2,000 connections that were used and are idle.
void AddMemoryRows(const GatewaySite& site, LargeObjects& large, SmallObjects& small, std::vector<Row>& rows) {
  std::deque<S3Connection> idle;
  Bytes scratch(4096);
  for (size_t i = 0; i < kIdle; ++i) idle.emplace_back(site.s3()).GetAndDrop(large.PathOf(kActive), scratch);
  rows.push_back(GatewayMemoryRow("gateway memory: 2,000 idle connections", site));
  (void)small.PutByGateway(), (void)small.GetByGateway();
  rows.push_back(GatewayMemoryRow("  and 64 with objects of 4 KiB", site));
  AtOnce(site, kActive, [&](S3Connection& connection, size_t i) {
    connection.Put(large.PathOf(static_cast<int>(i)), large.content());
  });
  rows.push_back(GatewayMemoryRow("  and 64 that put 64 MiB", site));
  AtOnce(site, kActive, [&](S3Connection& connection, size_t i) {
    Bytes room(256 << 10);
    PBFS_CHECK(connection.GetAndDrop(large.PathOf(static_cast<int>(i)), room) == large.content().size());
  });
  rows.push_back(GatewayMemoryRow("  and 64 that get 64 MiB", site));
}

/// `work` beside slow clients against the same without them.
Row BesideSlowClients(const GatewaySite& site, const LargeObjects& large, int rounds, const std::string& name,
                      const std::string& unit, const std::function<double()>& work) {
  (void)work();
  int64_t thrown_out = 0;
  const auto beside = [&] {
    const SlowClients slow(site.s3(), kSlow, large.PathOf(0), large.PathOf(0) + "-slow-");
    SleepFor(kUntilTheyDrip);
    const double rate = work();
    thrown_out += slow.thrown_out();
    return rate;
  };
  Row row = MakeRow(name, Interleave(rounds, beside, work), unit, Row::Bar::kAtLeast, 0.9);
  row.note = fmt::format("{} thrown out", thrown_out);
  return row;
}

}  // namespace

std::vector<Row> GatewayLoadRows(const Options& options) {
  AllowManyFiles();
  BenchCluster cluster(options.directory);
  GatewaySite site(cluster);
  LargeObjects large(site, site.MakeBucket("large", Etag::kMd5), kLarge, kLargeObjects);
  SmallObjects small(site, site.MakeBucket("small", Etag::kMd5), kActive);
  S3Connection(site.s3()).Put(large.PathOf(kActive), Bytes(100, 1));
  std::vector<Row> rows;
  AddMemoryRows(site, large, small, rows);
  SmallObjects others(site, site.MakeBucket("others", Etag::kMd5), kOthers);
  rows.push_back(BesideSlowClients(site, large, options.rounds, "4 KiB beside 200 slow clients", "k/s",
                                   [&] { return others.BothByGateway(); }));
  rows.push_back(BesideSlowClients(site, large, options.rounds, "get 64 MiB beside 200 slow clients", "GB/s",
                                   [&] { return large.GetByGateway(); }));
  rows.push_back(BesideSlowClients(site, large, options.rounds, "put 64 MiB beside 200 slow clients", "GB/s",
                                   [&] { return large.PutByGateway(); }));
  rows.push_back(GatewayMemoryRow("gateway memory: with those slow clients", site));
  return rows;
}

}  // namespace pbfs::bench
