#include "libs/base/mutants.h"
#include "libs/catalog/decider.h"
#include "libs/model/limits.h"

/// REHOME: no compare-and-swap. Runs are facts that stay true whatever happened meanwhile; only sources that are proven
/// covered go.
namespace pbfs {
namespace {

/// I12: a run above the region's newest order would hide writes to come.
bool RunsAreSound(const ParsedOp& op, const ParsedCommit& commit, Hlc newest) {
  std::unordered_set<BodyId> uploads;
  for (const ParsedBody& body : commit.bodies) uploads.insert(body.row.id);
  return std::all_of(op.extents.begin(), op.extents.end(),
                     [&](const Extent& run) { return run.order.hlc <= newest && uploads.contains(run.source.body); });
}

class Rehomer {
 public:
  Rehomer(const LoadedState& state, const ParsedCommit& commit)
      : state_(state), commit_(commit), op_(commit.ops[0]), decider_(state) {}

  RehomeDecision Run() {
    decision_.reply.now_ms = state_.site.now_ms;
    decision_.reply.code = Try();
    if (decision_.reply.code == CommitCode::kOk) {
      decider_.Keep();
      decision_.changes = decider_.TakeChanges();
    }
    return std::move(decision_);
  }

 private:
  CommitCode Try() {
    if (const CommitCode code = decider_.Replay(commit_); code != CommitCode::kOk) return code;
    if (op_.op.Millis() < state_.site.now_ms - kMaxOpAgeMs) return CommitCode::kOpTooOld;
    const auto object = state_.objects.find(op_.object);
    if (object == state_.objects.end() || object->second.inserted || object->second.life == ObjectLife::kReaped ||
        object->second.bucket != commit_.bucket) {
      return CommitCode::kObjectGone;
    }
    const Hlc newest = NewestOf(object->second);
    if (!RunsAreSound(op_, commit_, newest)) return CommitCode::kBadOp;
    if (const CommitCode code = decider_.AddBodies(commit_); code != CommitCode::kOk) return code;
    decider_.AddOp(op_, std::nullopt);
    AddRuns(object->second);
    decision_.gone = newest;
    decision_.gone_span = std::max(newest, object->second.heads_max);
    return CommitCode::kOk;
  }

  Hlc NewestOf(const ObjectState& object) {
    const auto head = state_.heads.find({op_.object, RegionOf(op_.sources[0].lo)});
    const Hlc newest = std::max(object.span_hlc, head == state_.heads.end() ? 0 : head->second.max_hlc);
    decision_.reply.max_hlc = newest;
    return newest;
  }

  /// I14: a run at or below a tombstone that was dropped would bring deleted bytes back. Its body may be left with no row
  /// that names it, so it is queued to be looked at.
  void AddRuns(const ObjectState& object) {
    bool discarded = false;
    for (const Extent& run : op_.extents) {
      if (run.order.hlc > object.zero_floor) {
        decider_.draft().extents.push_back({op_.object, run});
        if (IsMutant(Mutant::kRunAtNewestOrder))
          decider_.draft().extents.back().extent.order.hlc = decision_.reply.max_hlc;
      } else {
        discarded = true;
      }
    }
    if (!discarded) return;
    for (const ParsedBody& body : commit_.bodies) decider_.draft().garbage.push_back(body.row.id);
  }

  const LoadedState& state_;
  const ParsedCommit& commit_;
  const ParsedOp& op_;
  Decider decider_;
  RehomeDecision decision_;
};

/// I7, I11: may `extent` stand for `source` over the bytes that they share?
bool Covers(const Extent& extent, const Extent& source, OpId rehome) {
  if (extent.order != source.order) return extent.order > source.order;
  if (extent.source.kind != SourceKind::kBody) return false;
  if (source.source.kind != SourceKind::kBody) return true;  // a reference, or zeros, ranks below its copies
  return extent.op == rehome && extent.source.body != source.source.body;
}

bool IsCovered(std::span<const Extent> extents, const Extent& source, OpId rehome) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const Extent& extent : extents) {
    if (extent.lo < source.hi && extent.hi > source.lo && Covers(extent, source, rehome)) {
      ranges.emplace_back(extent.lo, extent.hi);
    }
  }
  std::sort(ranges.begin(), ranges.end());
  int64_t covered = source.lo;
  for (const auto& [lo, hi] : ranges) {
    if (lo > covered) return false;
    covered = std::max(covered, hi);
  }
  return covered >= source.hi;
}

bool Names(const RehomeSource& source, const Extent& extent) {
  return extent.lo == source.lo && extent.hi == source.hi && extent.order == source.order &&
         extent.source.body == source.body;
}

}  // namespace

RehomeDecision DecideRehome(const LoadedState& state, const ParsedCommit& commit) {
  PBFS_CHECK(commit.ops.size() == 1 && commit.IsRehome() && !commit.ops[0].sources.empty());
  return Rehomer(state, commit).Run();
}

SourceVerdicts JudgeSources(std::span<const Extent> overlapping, std::span<const RehomeSource> sources, OpId rehome) {
  // Only body copies and extents above some source can cover; by lo, so that each source looks at its neighbourhood only.
  std::vector<Extent> by_lo(overlapping.begin(), overlapping.end());
  std::sort(by_lo.begin(), by_lo.end(), [](const Extent& a, const Extent& b) { return a.lo < b.lo; });
  std::vector<int64_t> greatest_hi(by_lo.size());  // of all up to here: bounds how far left an overlap can start
  int64_t greatest = INT64_MIN;
  for (size_t i = 0; i < by_lo.size(); ++i) greatest_hi[i] = greatest = std::max(greatest, by_lo[i].hi);

  SourceVerdicts verdicts;
  for (const RehomeSource& source : sources) {
    const auto begin = std::upper_bound(greatest_hi.begin(), greatest_hi.end(), source.lo) - greatest_hi.begin();
    const auto end = std::lower_bound(by_lo.begin(), by_lo.end(), source.hi,
                                      [](const Extent& extent, int64_t hi) { return extent.lo < hi; }) -
                     by_lo.begin();
    if (begin >= end) continue;
    const std::span<const Extent> near(by_lo.data() + begin, by_lo.data() + end);
    const auto present = std::find_if(near.begin(), near.end(), [&](const Extent& e) { return Names(source, e); });
    if (present == near.end()) continue;  // somebody else superseded it meanwhile: fine
    if (IsCovered(near, *present, rehome)) {
      verdicts.removed.push_back(*present);
    } else {
      ++verdicts.kept;
    }
  }
  return verdicts;
}

}  // namespace pbfs
