#include "services/garbage-collector/collector_loop.h"

#include <algorithm>
#include <utility>

#include <spdlog/spdlog.h>

namespace pbfs::collector {
namespace {

constexpr Duration kCall = std::chrono::seconds(30);  // of what is no pass
constexpr size_t kMaxTrouble = 1000;                  // of a report: somebody reads it

}  // namespace

CollectorLoop::CollectorLoop(const Ports& ports, std::function<bool()> active,
                             std::function<void(const Collected&)> report, const Options& options)
    : ports_(ports),
      active_(std::move(active)),
      report_(std::move(report)),
      options_(options),
      next_tombstones_(MonotonicNow()),
      next_sweep_(MonotonicNow() + options.interval),
      next_state_(MonotonicNow()),
      thread_("collector", [this] { Run(); }) {}

CollectorLoop::~CollectorLoop() {
  stop_.Stop();
  context_.Cancel();
  thread_.Join();
}

void CollectorLoop::Run() {
  while (AwaitRound()) {
    if (!active_()) continue;
    Round();
    asked_ = false;
    report_(collected_);
  }
}

// Until the interval is over, or somebody asks for a pass. False: it is time to stop.
bool CollectorLoop::AwaitRound() {
  const MonotonicTime until = MonotonicNow() + options_.interval;
  for (Duration rest = options_.interval; rest > Duration(0); rest = until - MonotonicNow()) {
    if (!stop_.Pause(std::min(rest, options_.listen_every))) return false;
    if (MonotonicNow() >= until) break;
    if (!active_()) continue;
    const Result<bool> asked = ports_.garbage.TakeRequest(context_.Within(kCall));
    asked_ = asked.ok() && *asked;  // what fails is tried again soon
    if (asked_) break;
  }
  return true;
}

void CollectorLoop::Round() {
  Pass("catalog", &CollectorLoop::CollectCatalog);
  if (asked_ || MonotonicNow() >= next_tombstones_) Pass("tombstones", &CollectorLoop::CollectTombstones);
  if (asked_ || MonotonicNow() >= next_sweep_) Pass("stores", &CollectorLoop::SweepStores);
  if (!asked_ && MonotonicNow() < next_state_) return;
  Result<GarbageState> state = ports_.garbage.GetGarbage(context_.Within(kCall));
  next_state_ = MonotonicNow() + options_.state_interval;
  if (state.ok()) collected_.state = *std::move(state);
}

void CollectorLoop::Pass(const std::string& kind, Result<Done> (CollectorLoop::*pass)()) {
  const MonotonicTime began = MonotonicNow();
  Result<Done> done = (this->*pass)();
  CollectorPass said{kind, 0, 0, {}, {}};
  said.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(MonotonicNow() - began).count();
  const Status trouble = done.ok() ? std::exchange(sweep_trouble_, OkStatus()) : done.status();
  if (done.ok()) said.done = *std::move(done);
  if (!trouble.ok()) said.trouble = trouble.ToString().substr(0, kMaxTrouble);
  Note(kind, trouble);
  (void)ports_.garbage.ReportPass(context_.Within(kCall), said);  // without a catalog the pass has failed anyway
}

Result<CollectorLoop::Done> CollectorLoop::CollectCatalog() {
  PBFS_ASSIGN_OR_RETURN(const CatalogPass pass, ports_.collector.CollectCatalog(context_.Within(options_.patience)));
  CatalogPass& all = collected_.catalog;
  all.past_extents += pass.past_extents, all.past_names += pass.past_names;
  all.objects += pass.objects, all.extents += pass.extents;
  all.bodies += pass.bodies, all.encodings += pass.encodings, all.fragments += pass.fragments,
      all.unreached += pass.unreached;
  ++collected_.passes;
  if (pass.objects + pass.bodies + pass.encodings + pass.past_extents > 0)
    spdlog::info(
        "collected {} objects, {} bodies, {} old encodings, {} past extents; {} fragments deleted, {} left to a later "
        "sweep",
        pass.objects, pass.bodies, pass.encodings, pass.past_extents, pass.fragments, pass.unreached);
  return Done{{"past_extents", pass.past_extents},
              {"past_names", pass.past_names},
              {"objects", pass.objects},
              {"extents", pass.extents},
              {"bodies", pass.bodies},
              {"encodings", pass.encodings},
              {"fragments", pass.fragments},
              {"fragments_unreached", pass.unreached}};
}

Result<CollectorLoop::Done> CollectorLoop::CollectTombstones() {
  PBFS_ASSIGN_OR_RETURN(const TombstonesPass pass,
                        ports_.collector.CollectTombstones(context_.Within(options_.patience)));
  TombstonesPass& all = collected_.tombstones;
  all.zeros += pass.zeros, all.encodings += pass.encodings, all.journal_days += pass.journal_days;
  next_tombstones_ = MonotonicNow() + options_.tombstones_interval;
  if (pass.zeros + pass.encodings + pass.journal_days > 0)
    spdlog::info("forgot {} tombstones of zeros, {} of encodings, {} days of the journal", pass.zeros, pass.encodings,
                 pass.journal_days);
  return Done{{"zeros", pass.zeros}, {"encodings", pass.encodings}, {"journal_days", pass.journal_days}};
}

// A store that is away, or braked, holds up no other; the first failure is the pass's trouble.
Result<CollectorLoop::Done> CollectorLoop::SweepStores() {
  const Context context = context_.Within(options_.patience);
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, ports_.groups.WatchMap(context, -1));
  int64_t deleted = 0, reported = 0;
  sweep_trouble_ = OkStatus();
  for (const StoreInfo& store : map.stores) {
    const Result<StorePass> pass = ports_.collector.SweepStore(context, store.id);
    if (pass.ok()) deleted += pass->deleted, reported += pass->reported;
    if (sweep_trouble_.ok()) sweep_trouble_ = pass.status();
  }
  collected_.orphans += deleted;
  PBFS_ASSIGN_OR_RETURN(const int64_t confirmed, ports_.collector.ConfirmOrphans(context));
  if (deleted + confirmed > 0)
    spdlog::info("swept {} stores: {} orphaned fragments deleted, {} encodings confirmed", map.stores.size(), deleted,
                 confirmed);
  const Duration next =
      sweep_trouble_.ok() ? options_.sweep_interval : std::min(options_.sweep_interval, options_.sweep_again);
  if (confirmed == 0) next_sweep_ = MonotonicNow() + next;  // else in the next round, to delete them
  return Done{{"fragments_looked_at", reported}, {"orphaned_fragments", deleted}, {"encodings_confirmed", confirmed}};
}

void CollectorLoop::Note(const std::string& kind, const Status& status) {
  StatusCode& last = last_failure_[kind];
  collected_.failed[kind] = !status.ok();
  if (status.ok()) {
    collected_.succeeded_ms[kind] = ports_.clock.NowMillis();
  } else {
    ++collected_.failed_passes;
    next_state_ = MonotonicNow();  // it may say why
    if (status.code() != last) spdlog::warn("a pass over {} failed: {}", kind, status.ToString());
  }
  last = status.code();
}

}  // namespace pbfs::collector
