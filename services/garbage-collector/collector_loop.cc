#include "services/garbage-collector/collector_loop.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace pbfs::collector {

CollectorLoop::CollectorLoop(Collector& collector, Groups& groups, std::function<bool()> active,
                             std::function<void(const Collected&)> report, const Options& options)
    : collector_(collector),
      groups_(groups),
      active_(std::move(active)),
      report_(std::move(report)),
      options_(options),
      next_sweep_(MonotonicNow() + options.interval),
      thread_("collector", [this] { Run(); }) {}

CollectorLoop::~CollectorLoop() {
  stop_.Stop();
  context_.Cancel();
  thread_.Join();
}

void CollectorLoop::Run() {
  while (stop_.Pause(options_.interval)) {
    if (!active_()) continue;
    Note("a pass over the catalog", CollectCatalog());
    if (MonotonicNow() >= next_sweep_) Note("a pass over the stores", SweepStores());
    report_(collected_);
  }
}

Status CollectorLoop::CollectCatalog() {
  PBFS_ASSIGN_OR_RETURN(const CatalogPass pass, collector_.CollectCatalog(context_.Within(options_.patience)));
  CatalogPass& all = collected_.catalog;
  all.past_extents += pass.past_extents, all.objects += pass.objects, all.extents += pass.extents;
  all.bodies += pass.bodies, all.encodings += pass.encodings, all.fragments += pass.fragments,
      all.unreached += pass.unreached;
  ++collected_.passes;
  if (pass.objects + pass.bodies + pass.encodings + pass.past_extents > 0)
    spdlog::info(
        "collected {} objects, {} bodies, {} old encodings, {} past extents; {} fragments deleted, {} left to a later "
        "sweep",
        pass.objects, pass.bodies, pass.encodings, pass.past_extents, pass.fragments, pass.unreached);
  return OkStatus();
}

// A store that is away, or braked, holds up no other; the first failure is what the pass ends with.
Status CollectorLoop::SweepStores() {
  const Context context = context_.Within(options_.patience);
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, groups_.WatchMap(context, -1));
  Status first;
  int64_t deleted = 0;
  for (const StoreInfo& store : map.stores) {
    const Result<StorePass> pass = collector_.SweepStore(context, store.id);
    if (pass.ok()) deleted += pass->deleted;
    if (first.ok()) first = pass.status();
  }
  collected_.orphans += deleted;
  PBFS_ASSIGN_OR_RETURN(const int64_t confirmed, collector_.ConfirmOrphans(context));
  if (deleted + confirmed > 0)
    spdlog::info("swept {} stores: {} orphaned fragments deleted, {} encodings confirmed", map.stores.size(), deleted,
                 confirmed);
  if (confirmed == 0) next_sweep_ = MonotonicNow() + options_.sweep_interval;  // else in the next round, to delete them
  return first;
}

void CollectorLoop::Note(const char* what, const Status& status) {
  if (!status.ok()) ++collected_.failed_passes;
  if (!status.ok() && status.code() != last_failure_) spdlog::warn("{} failed: {}", what, status.ToString());
  last_failure_ = status.code();
}

}  // namespace pbfs::collector
