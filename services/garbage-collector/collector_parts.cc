#include "services/garbage-collector/collector_parts.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include "libs/adapters/grpc/catalog_pool.h"
#include "libs/adapters/grpc/garbage_pool.h"
#include "libs/adapters/grpc/grpc_fragment_stores.h"
#include "libs/model/limits.h"
#include "libs/runtime/coordinator.h"
#include "libs/runtime/program.h"
#include "services/garbage-collector/collector_loop.h"

namespace pbfs::collector {
namespace {

constexpr Duration kAttempt = std::chrono::minutes(2);  // of one step at one catalog: a page of deletions

/// Which of several collectors is at work: who holds the lease. Two at once do no harm, so nothing needs to be fenced.
class Turn {
 public:
  static Result<std::unique_ptr<Turn>> Begin(const LeaseSettings& settings, Random& random) {
    auto turn = std::make_unique<Turn>();
    PBFS_ASSIGN_OR_RETURN(turn->coordinator_, Coordinator::Open(settings));
    Coordinator& coordinator = *turn->coordinator_;
    if (coordinator.leases() == nullptr) return turn;
    const LeaseInfo lease{"roles/garbage-collector", BucketId::NewRandom(random).ToString(), ""};
    turn->keeper_ = std::make_unique<LeaseKeeper>(*coordinator.leases(), lease, coordinator.keeping());
    return turn;
  }
  bool IsMine() const { return keeper_ == nullptr || keeper_->Held(); }

 private:
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<LeaseKeeper> keeper_;
};

/// Totals since the start, as gauges that only grow.
class CollectorMetrics {
 public:
  explicit CollectorMetrics(Metrics& metrics)
      : family_(prometheus::BuildGauge()
                    .Name("pbfs_collector_done")
                    .Help("What the garbage collector has done since it started")
                    .Register(metrics.registry())) {}
  void Report(const Collected& all) {
    Set("catalog_passes", all.passes), Set("failed_passes", all.failed_passes);
    Set("objects", all.catalog.objects), Set("past_extents", all.catalog.past_extents);
    Set("bodies", all.catalog.bodies), Set("fragments", all.catalog.fragments);
    Set("fragments_unreached", all.catalog.unreached), Set("orphaned_fragments", all.orphans);
  }

 private:
  void Set(const char* what, int64_t value) { family_.Add({{"what", what}}).Set(static_cast<double>(value)); }
  prometheus::Family<prometheus::Gauge>& family_;
};

}  // namespace

Status Collect(const GarbageCollectorSettings& settings, const TransportSecurity& security) {
  Metrics metrics;
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-garbage-collector", settings, metrics));
  if (settings.grace < std::chrono::milliseconds(kListLeaseMs))
    spdlog::warn("grace_ms is shorter than readers' leases of 15 minutes: reads under way may find fragments gone");
  SystemClock clock;
  SystemRandom random;
  CatalogPool catalog(settings.catalogs, security, random, {});
  GarbagePool garbage(settings.catalogs, security, kAttempt);
  GrpcFragmentStores stores(catalog.ports().groups, security);
  Collector::Options options;
  options.grace = settings.grace;
  options.brake = settings.brake;
  Collector collector({garbage, catalog.ports().groups, stores, &catalog, clock}, options);
  PBFS_ASSIGN_OR_RETURN(const auto turn, Turn::Begin(settings.leases, random));
  CollectorMetrics report(metrics);
  const CollectorLoop loop(
      collector, catalog.ports().groups, [&] { return turn->IsMine(); },
      [&](const Collected& all) { report.Report(all); }, {settings.interval, settings.sweep_interval});
  AwaitSignal();
  return OkStatus();
}

}  // namespace pbfs::collector
