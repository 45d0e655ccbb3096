#include "services/garbage-collector/collector_parts.h"

#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <spdlog/spdlog.h>

#include "libs/adapters/grpc/catalog_pool.h"
#include "libs/adapters/grpc/garbage_pool.h"
#include "libs/adapters/grpc/grpc_fragment_stores.h"
#include "libs/adapters/grpc/recodes_pool.h"
#include "libs/model/limits.h"
#include "libs/runtime/program.h"
#include "libs/runtime/role_turn.h"
#include "services/garbage-collector/collector_loop.h"

namespace pbfs::collector {
namespace {

constexpr Duration kAttempt = std::chrono::minutes(2);  // of one step at one catalog: a page of deletions

/// Totals since the start, as gauges that only grow.
class CollectorMetrics {
 public:
  explicit CollectorMetrics(Metrics& metrics)
      : done_(metrics, "pbfs_collector_done", "What the garbage collector has done since it started", "what") {}
  void Report(const Collected& all) {
    done_.Set("catalog_passes", all.passes), done_.Set("failed_passes", all.failed_passes);
    done_.Set("objects", all.catalog.objects), done_.Set("past_extents", all.catalog.past_extents);
    done_.Set("encodings", all.catalog.encodings);
    done_.Set("bodies", all.catalog.bodies), done_.Set("fragments", all.catalog.fragments);
    done_.Set("fragments_unreached", all.catalog.unreached), done_.Set("orphaned_fragments", all.orphans);
  }

 private:
  Gauges done_;
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
  RecodesPool recodes(settings.catalogs, security, kAttempt);
  GrpcFragmentStores stores(catalog.ports().groups, security);
  Collector::Options options;
  options.grace = settings.grace;
  options.brake = settings.brake;
  Collector collector({garbage, catalog.ports().groups, stores, &catalog, clock, &recodes}, options);
  PBFS_ASSIGN_OR_RETURN(const auto turn, RoleTurn::Begin(settings.leases, "garbage-collector", random));
  CollectorMetrics report(metrics);
  const CollectorLoop loop(
      collector, catalog.ports().groups, [&] { return turn->IsMine(); },
      [&](const Collected& all) { report.Report(all); }, {settings.interval, settings.sweep_interval});
  AwaitSignal();
  return OkStatus();
}

}  // namespace pbfs::collector
