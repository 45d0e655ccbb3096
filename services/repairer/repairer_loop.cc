#include "services/repairer/repairer_loop.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace pbfs::repairer {

RepairerLoop::RepairerLoop(Repairer& repairer, Repairs& repairs, std::function<bool()> active,
                           std::function<void(const RepairProgress&)> report, const Options& options)
    : repairer_(repairer),
      repairs_(repairs),
      active_(std::move(active)),
      report_(std::move(report)),
      options_(options),
      thread_("repairer", [this] { Run(); }) {}

RepairerLoop::~RepairerLoop() {
  stop_.Stop();
  context_.Cancel();
  thread_.Join();
}

void RepairerLoop::Run() {
  for (bool more = false; more ? !stop_.stopped() : stop_.Pause(options_.interval);) {
    more = false;
    if (!active_()) continue;
    const Result<bool> progress = Pass();
    Note(progress.status());
    more = progress.ok() && *progress;
    report_(progress_);
  }
}

// True if there was progress and may be more at once.
Result<bool> RepairerLoop::Pass() {
  const Context context = context_.Within(options_.patience);
  PBFS_ASSIGN_OR_RETURN(const int64_t corrupt, repairer_.MarkCorrupt(context));
  progress_.corrupt += corrupt;
  PBFS_ASSIGN_OR_RETURN(const CheckPass checks, repairer_.CheckGroups(context));
  progress_.checks.groups += checks.groups, progress_.checks.shards += checks.shards;
  progress_.checks.missing += checks.missing, progress_.checks.waiting = checks.waiting;
  const MonotonicTime began = MonotonicNow();
  PBFS_ASSIGN_OR_RETURN(const RepairPass repairs, repairer_.RepairMissing(context));
  const std::chrono::duration<double> took = MonotonicNow() - began;
  RepairPass& all = progress_.repairs;
  all.bodies += repairs.bodies, all.shards += repairs.shards, all.left = repairs.left;
  all.bytes_read += repairs.bytes_read, all.bytes_written += repairs.bytes_written;
  all.unchecked += repairs.unchecked, all.suspects += repairs.suspects;
  if (repairs.bytes_written > 0 && took.count() > 0)
    progress_.bytes_per_second = static_cast<double>(repairs.bytes_written) / took.count();
  PBFS_ASSIGN_OR_RETURN(const CopiesPass copies, repairer_.DropOldCopies(context));
  progress_.copies.stores += copies.stores, progress_.copies.waiting = copies.waiting;
  progress_.copies.dropped += copies.dropped, progress_.copies.bytes += copies.bytes;
  if (copies.dropped > 0)
    spdlog::info("dropped {} old copies of moved fragments, {:.1f} MiB", copies.dropped,
                 static_cast<double>(copies.bytes) / (1 << 20));
  PBFS_ASSIGN_OR_RETURN(const RecodePass recodes, RecodeBuckets(context));
  PBFS_ASSIGN_OR_RETURN(progress_.redundancy, repairs_.GetRedundancy(context));
  ++progress_.passes;
  Log(checks, repairs);
  // Groups that wait for a store to come back are looked at in every pass: that alone is no progress.
  return checks.missing > 0 || repairs.shards > 0 || (recodes.more && recodes.bodies > 0);
}

Result<RecodePass> RepairerLoop::RecodeBuckets(const Context& context) {
  const MonotonicTime began = MonotonicNow();
  PBFS_ASSIGN_OR_RETURN(RecodePass pass, repairer_.RecodeBuckets(context));
  const std::chrono::duration<double> took = MonotonicNow() - began;
  RecodePass& all = progress_.recodes;
  all.bodies += pass.bodies, all.left = pass.left, all.suspects += pass.suspects;
  all.bytes_read += pass.bytes_read, all.bytes_written += pass.bytes_written;
  if (pass.bytes_written > 0 && took.count() > 0)
    progress_.recode_bytes_per_second = static_cast<double>(pass.bytes_written) / took.count();
  if (pass.bodies > 0)
    spdlog::info("encoded {} bodies anew, {:.1f} MiB at {:.1f} MiB/s", pass.bodies,
                 static_cast<double>(pass.bytes_written) / (1 << 20), progress_.recode_bytes_per_second / (1 << 20));
  if (pass.left > 0) spdlog::warn("{} bodies could not be encoded anew yet: {}", pass.left, pass.trouble.ToString());
  return pass;
}

void RepairerLoop::Log(const CheckPass& checks, const RepairPass& repairs) const {
  if (checks.missing + repairs.shards > 0)
    spdlog::info(
        "looked for {} shards of {} groups, {} missing; repaired {} bodies with {} shards, {:.1f} MiB at {:.1f} MiB/s; "
        "{} "
        "left, {} groups to look at",
        checks.shards, checks.groups, checks.missing, repairs.bodies, repairs.shards,
        static_cast<double>(repairs.bytes_written) / (1 << 20), progress_.bytes_per_second / (1 << 20), repairs.left,
        progress_.redundancy.unchecked);
  if (repairs.left > 0 && !repairs.trouble.ok())
    spdlog::warn("{} bodies wait for repair: {}", repairs.left, repairs.trouble.ToString());
}

void RepairerLoop::Note(const Status& status) {
  if (!status.ok()) ++progress_.failed_passes;
  if (!status.ok() && status.code() != last_failure_) spdlog::warn("a pass failed: {}", status.ToString());
  last_failure_ = status.code();
}

}  // namespace pbfs::repairer
