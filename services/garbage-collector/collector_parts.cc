#include "services/garbage-collector/collector_parts.h"

#include <algorithm>

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
      : done_(metrics, "pbfs_collector_done", "What the garbage collector has done since it started", "what"),
        waits_(metrics, "pbfs_garbage_waiting", "What waits to be collected, as of some minutes ago", "what"),
        state_(metrics, "pbfs_collector_state", "How the garbage collector is", "what"),
        failed_(metrics, "pbfs_collector_failed", "Whether the last pass failed, for one store or all", "pass"),
        succeeded_(metrics, "pbfs_collector_success_timestamp_seconds", "When a pass went well last", "pass") {}
  void Report(const Collected& all) {
    done_.Set("catalog_passes", all.passes), done_.Set("failed_passes", all.failed_passes);
    done_.Set("objects", all.catalog.objects), done_.Set("past_extents", all.catalog.past_extents);
    done_.Set("encodings", all.catalog.encodings);
    done_.Set("bodies", all.catalog.bodies), done_.Set("fragments", all.catalog.fragments);
    done_.Set("fragments_unreached", all.catalog.unreached), done_.Set("orphaned_fragments", all.orphans);
    done_.Set("past_names", all.catalog.past_names), done_.Set("zeros", all.tombstones.zeros);
    done_.Set("encodings_forgotten", all.tombstones.encodings), done_.Set("journal_days", all.tombstones.journal_days);
    for (const auto& [kind, at_ms] : all.succeeded_ms) succeeded_.Set(kind, static_cast<double>(at_ms) / 1000);
    for (const auto& [kind, failed] : all.failed) failed_.Set(kind, failed ? 1 : 0);
    ReportWaiting(all.state);
  }

 private:
  void ReportWaiting(const GarbageState& state) {
    if (state.now_ms == 0) return;  // not looked yet
    waits_.Set("objects", state.expired_objects + state.unbound_objects + state.reaped_objects);
    state_.Set("frozen", state.frozen() ? 1 : 0);
    waits_.Set("bodies", state.bodies), waits_.Set("bytes", state.bytes);
    waits_.Set("purging_bodies", state.purging_bodies), waits_.Set("marked_encodings", state.marked_encodings);
    const int64_t age_ms = state.since_ms ? std::max<int64_t>(0, state.now_ms - *state.since_ms) : 0;
    waits_.Set("oldest_body_seconds", static_cast<double>(age_ms) / 1000);
  }
  Gauges done_, waits_, state_, failed_, succeeded_;
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
  CollectorLoop::Options pace;
  pace.interval = settings.interval, pace.sweep_interval = settings.sweep_interval;
  const CollectorLoop loop(
      {collector, garbage, catalog.ports().groups, clock}, [&] { return turn->IsMine(); },
      [&](const Collected& all) { report.Report(all); }, pace);
  AwaitSignal();
  return OkStatus();
}

}  // namespace pbfs::collector
