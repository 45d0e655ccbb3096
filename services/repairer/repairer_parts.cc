#include "services/repairer/repairer_parts.h"

#include "libs/adapters/grpc/catalog_pool.h"
#include "libs/adapters/grpc/grpc_fragment_stores.h"
#include "libs/adapters/grpc/recodes_pool.h"
#include "libs/adapters/grpc/repairs_pool.h"
#include "libs/runtime/program.h"
#include "libs/runtime/role_turn.h"
#include "services/repairer/repairer_loop.h"

namespace pbfs::repairer {
namespace {

constexpr Duration kAttempt = std::chrono::seconds(30);  // of one step at one catalog

/// Totals since the start, as gauges that only grow, and where things stand.
class RepairerMetrics {
 public:
  explicit RepairerMetrics(Metrics& metrics)
      : done_(metrics, "pbfs_repairer_done", "What the repairer has done since it started", "what"),
        state_(metrics, "pbfs_redundancy", "Where redundancy stands, as the repairer saw it last", "what"),
        degraded_(metrics, "pbfs_bodies_degraded", "Bodies with missing shards, by how many more they may lose",
                  "margin") {
    degraded_.Set("0", 0);  // said before there is one, or nobody could tell none from nothing known
  }
  void Report(const RepairProgress& all) {
    done_.Set("passes", all.passes), done_.Set("failed_passes", all.failed_passes);
    done_.Set("groups_checked", all.checks.groups), done_.Set("shards_checked", all.checks.shards);
    done_.Set("shards_found_missing", all.checks.missing), done_.Set("fragments_reported_corrupt", all.corrupt);
    done_.Set("bodies", all.repairs.bodies), done_.Set("shards", all.repairs.shards);
    done_.Set("bytes_read", all.repairs.bytes_read), done_.Set("bytes_written", all.repairs.bytes_written);
    done_.Set("unchecked", all.repairs.unchecked), done_.Set("suspects", all.repairs.suspects);
    done_.Set("copies_dropped", all.copies.dropped), done_.Set("bytes_dropped", all.copies.bytes);
    done_.Set("bodies_recoded", all.recodes.bodies);
    done_.Set("recode_bytes_read", all.recodes.bytes_read),
        done_.Set("recode_bytes_written", all.recodes.bytes_written);
    const Redundancy& now = all.redundancy;
    state_.Set("suspects", now.suspects), state_.Set("groups", now.groups);
    state_.Set("groups_backfilling", now.backfilling), state_.Set("groups_unchecked", now.unchecked);
    state_.Set("bodies_waiting", all.repairs.left), state_.Set("copies_waiting", all.copies.waiting);
    state_.Set("bytes_per_second", all.bytes_per_second);
    state_.Set("bodies_waiting_for_recode", all.recodes.left);
    state_.Set("recode_bytes_per_second", all.recode_bytes_per_second);
    for (const auto& [margin, bodies] : seen_) degraded_.Set(std::to_string(margin), 0);
    seen_ = now.degraded;
    for (const auto& [margin, bodies] : seen_) degraded_.Set(std::to_string(margin), bodies);
  }

 private:
  Gauges done_, state_, degraded_;
  std::map<int, int64_t> seen_;  // margins that have a value
};

}  // namespace

Status RunRepairs(const RepairerSettings& settings, const TransportSecurity& security) {
  Metrics metrics;
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-repairer", settings, metrics));
  SystemClock clock;
  SystemRandom random;
  CatalogPool catalog(settings.catalogs, security, random, {});
  RepairsPool repairs(settings.catalogs, security, kAttempt);
  RecodesPool recodes(settings.catalogs, security, kAttempt);
  GrpcFragmentStores stores(catalog.ports().groups, security);
  Executor executor("repair", static_cast<size_t>(settings.threads), 1024);
  Repairer::Options options;
  options.check_every = settings.check_interval;
  options.bytes_per_second = settings.bytes_per_second;
  options.old_copies = settings.old_copies;
  Repairer repairer({repairs, catalog.ports().groups, stores, &catalog, clock, executor, &recodes, &random}, options);
  PBFS_ASSIGN_OR_RETURN(const auto turn, RoleTurn::Begin(settings.leases, "repairer", random));
  RepairerMetrics report(metrics);
  const RepairerLoop loop(
      repairer, repairs, [&] { return turn->IsMine(); }, [&](const RepairProgress& all) { report.Report(all); },
      {settings.interval});
  AwaitSignal();
  return OkStatus();
}

}  // namespace pbfs::repairer
