// Bucket's clones: a new object that names what exists; no data move.
#include "libs/client/clones.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/client/metadata.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

constexpr int kSourceRetries = 5;
constexpr const char* kChanged = "SOURCE_CHANGED";
constexpr const char* kChangedBetween = "SOURCE_CHANGED_BETWEEN";
constexpr size_t kExtentsPerOp = 8192;  // well below the limits of a record, 16,384 bodies among them

bool HasCode(const Status& status, CommitCode code) { return status.Detail("pbfs-code") == CommitCodeName(code); }

int64_t EndOfRegion(int64_t at) { return (RegionOf(at) + 1) << kRegionLog2; }

/// What CloneRange is to commit, for one attempt.
struct ClonePlan {
  std::vector<CommitPlan> commits;
  int64_t size = 0;
};

// `between`: two pages of the source were of different states, and may not be the next time.
Status SourceChanged(bool between) {
  return AbortedError("the source has changed meanwhile").WithDetail("pbfs-code", between ? kChangedBetween : kChanged);
}

Result<ClonePlan> PlanRange(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                            const CloneSource& source, const ObjectId& object, bool may_refer) {
  RowCloner rows(core, object);
  ClonePlan plan;
  const int64_t hi = source.hi.value_or(kMaxObjectSize);
  std::optional<Opset> opset;  // of the first page: all are of one state
  for (int64_t at = source.lo; at == source.lo || at < source.lo + plan.size;) {
    const bool now = !source.as_of.has_value();
    PBFS_ASSIGN_OR_RETURN(const Listing listing,
                          ListVerified(context, core, bucket, source.from, at, hi, source.as_of, now));
    if (source.if_opset.has_value() && listing.reply.opset != source.if_opset) return SourceChanged(false);
    if (at > source.lo && listing.reply.opset != opset) return SourceChanged(true);
    opset = listing.reply.opset;
    const int64_t size = listing.reply.size;
    if (source.lo > size || source.hi.value_or(size) > size)
      return OutOfRangeError(fmt::format("bytes [{}, {}) of an object of {}", source.lo, hi, size));
    plan.size = std::min(hi, size) - source.lo;
    if (plan.size == 0) break;
    if (listing.reply.sealed && may_refer) {
      plan.commits = {PlanClone(core, object)};
      AddReference(plan.commits[0].ops[0].record, source.from, source.lo, source.lo + plan.size, 0);
      return plan;
    }
    rows.Add(listing, -source.lo);
    if (listing.reply.covered_hi <= at) break;
    at = listing.reply.covered_hi;
  }
  plan.commits = std::move(rows.plans());
  // A trailing hole: the size must be kept all the same.
  const bool short_of_size = plan.commits.empty() || plan.commits.back().ops[0].record.extents.back().hi < plan.size;
  if (short_of_size && plan.size > 0 && !IsMutant(Mutant::kCloneForgetsSize)) {
    CommitPlan trunc = PlanClone(core, object);
    trunc.ops[0].record.kind = OpKind::kTrunc;
    trunc.ops[0].record.trunc_length = plan.size;
    trunc.ops[0].record.extents = {{plan.size, kTruncEnd, {}, 0, 0, SourceKind::kZeros}};
    plan.commits.insert(plan.commits.begin(), std::move(trunc));
  }
  if (plan.commits.empty()) {
    plan.commits.emplace_back();
    plan.commits.back().creates = {object};
  }
  return plan;
}

}  // namespace

CommitPlan PlanClone(ClientCore& core, const ObjectId& object) {
  CommitPlan plan;
  plan.creates = {object};
  plan.ops.push_back({NewRecord(core, OpKind::kClone, object), {}});
  return plan;
}

void AddReference(OpRecord& clone, const ObjectId& from, int64_t lo, int64_t hi, int64_t at) {
  const auto index = static_cast<uint32_t>(clone.sources.size());
  clone.sources.push_back(from);
  const bool is_span = hi - lo > kRegionSize;
  while (lo < hi) {
    const int64_t size = is_span ? hi - lo : std::min(hi - lo, EndOfRegion(at) - at);
    clone.extents.push_back({at, at + size, {}, lo, index, SourceKind::kObject});
    lo += size;
    at += size;
  }
}

void RowCloner::Add(const Listing& listing, int64_t shift) {
  for (const SkylinePiece& piece : listing.pieces) {
    const Extent& extent = listing.ExtentOf(piece);
    if (extent.source.kind == SourceKind::kZeros) continue;  // a hole of the new object is zeros too
    const bool is_span = piece.hi - piece.lo > kRegionSize;
    for (int64_t at = piece.lo; at < piece.hi;) {
      const int64_t end = is_span ? piece.hi : std::min(piece.hi, EndOfRegion(at + shift) - shift);
      OpRecord& record = Room();
      RecordExtent copy{at + shift, end + shift, {}, piece.inner + at - piece.lo, 0, extent.source.kind};
      copy.index = extent.source.kind == SourceKind::kBody ? IndexOf(record, listing.bodies.at(extent.source.body))
                                                           : IndexOf(record, extent.source.object);
      record.extents.push_back(copy);
      at = end;
    }
  }
}

OpRecord& RowCloner::Room() {
  if (plans_.empty() || plans_.back().ops[0].record.extents.size() >= kExtentsPerOp) {
    plans_.push_back(PlanClone(core_, object_));
    bodies_.clear();
    objects_.clear();
  }
  return plans_.back().ops[0].record;
}

uint32_t RowCloner::IndexOf(OpRecord& record, const ListedBody& body) {
  const auto [place, fresh] = bodies_.emplace(body.header.id, record.bodies.size());
  if (fresh) record.bodies.push_back({body.row.header, body.row.ct_root});
  return place->second;
}

uint32_t RowCloner::IndexOf(OpRecord& record, const ObjectId& object) {
  const auto [place, fresh] = objects_.emplace(object, record.sources.size());
  if (fresh) record.sources.push_back(object);
  return place->second;
}

namespace {

// By reference; without an op if there is not a byte.
CommitPlan PlanReferences(ClientCore& core, const ObjectId& object, const std::vector<WholeObject>& parts) {
  CommitPlan plan = PlanClone(core, object);
  int64_t at = 0;
  for (const WholeObject& part : parts) {
    if (part.size > 0) AddReference(plan.ops[0].record, part.object, 0, part.size, at);
    at += part.size;
  }
  if (at == 0) plan.ops.clear();
  return plan;
}

// By the rows of their visible extents: where they are references themselves, as deep as may be.
Result<CommitPlan> PlanRows(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                            const ObjectId& object, const std::vector<WholeObject>& parts) {
  RowCloner rows(core, object);
  int64_t begin = 0;
  for (const WholeObject& part : parts) {
    for (int64_t at = 0; at < part.size;) {
      PBFS_ASSIGN_OR_RETURN(const Listing listing, ListVerified(context, core, bucket, part.object, at, part.size, {},
                                                                part.unsealed.has_value()));
      if (part.unsealed.has_value() && listing.reply.opset != part.unsealed)
        return AbortedError("what a new version is to be made of has changed");
      rows.Add(listing, begin);
      if (listing.reply.covered_hi <= at) break;
      at = listing.reply.covered_hi;
    }
    begin += part.size;
  }
  CommitPlan whole = PlanClone(core, object);
  whole.ops.clear();
  for (CommitPlan& plan : rows.plans()) whole.ops.push_back(std::move(plan.ops[0]));
  // A trailing hole: the size must be kept all the same.
  if (begin > 0 && (whole.ops.empty() || whole.ops.back().record.extents.back().hi < begin)) {
    PlannedOp trunc{NewRecord(core, OpKind::kTrunc, object), {}};
    trunc.record.trunc_length = begin;
    trunc.record.extents = {{begin, kTruncEnd, {}, 0, 0, SourceKind::kZeros}};
    whole.ops.insert(whole.ops.begin(), std::move(trunc));
  }
  return whole;
}

bool IsTooDeep(const Status& status) { return HasCode(status, CommitCode::kTooDeep); }

}  // namespace

Status CommitWhole(const Context& context, ClientCore& core, const OpenedBucket& bucket, const ObjectId& object,
                   const std::vector<WholeObject>& parts, const std::function<Status(CommitPlan)>& commit) {
  const bool sealed =
      std::none_of(parts.begin(), parts.end(), [](const WholeObject& part) { return part.unsealed.has_value(); });
  if (sealed) {
    const Status done = commit(PlanReferences(core, object, parts));
    if (!IsTooDeep(done)) return done;
  }
  PBFS_ASSIGN_OR_RETURN(CommitPlan rows, PlanRows(context, core, bucket, object, parts));
  return commit(std::move(rows));
}

Result<Written> CloneRange(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                           const CloneSource& source, const LastOp& last, std::optional<NameCondition> condition) {
  for (int attempt = 0;; ++attempt) {
    const ObjectId object = ObjectId::New(core.clock.NowMillis(), core.to.random);
    Result<ClonePlan> plan = PlanRange(context, core, bucket, source, object, attempt == 0);
    if (plan.status().Detail("pbfs-code") == kChangedBetween && attempt < kSourceRetries) continue;
    PBFS_RETURN_IF_ERROR(plan.status());
    Written written{object, {}, 0, plan->size, 0, Opset{}};
    for (const CommitPlan& commit : plan->commits) {
      for (size_t i = 0; i < written.opset->size(); ++i) (*written.opset)[i] ^= OpsetOf(commit)[i];
    }
    PBFS_ASSIGN_OR_RETURN(PlannedOp op, last(object, *written.opset));
    plan->commits.back().ops.push_back(std::move(op));
    plan->commits.back().if_name = condition;
    Status failed;
    for (const CommitPlan& commit : plan->commits) {
      const Result<Committed> done = CommitOps(context, core, bucket, commit);
      failed = done.status();
      if (!failed.ok()) break;
      SetBound(*done, written);
      ++written.ops;
    }
    if (failed.ok()) return written;
    const bool again = HasCode(failed, CommitCode::kSourceGone) || IsTooDeep(failed);
    if (!again || attempt >= kSourceRetries) return failed;
  }
}

Result<Written> Bucket::Clone(const Context& context, const std::string& from, const std::string& to,
                              const CloneOptions& options) {
  for (int attempt = 0;; ++attempt) {
    CloneOptions now = options;
    PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, Stat(context, from, {options.as_of}));
    if (!now.metadata.has_value()) {
      now.metadata = stat.metadata;
      const bool whole = !options.as_of.has_value() && stat.metadata.opset == stat.opset;
      if (!whole) Unpin(*now.metadata);
      if (whole && !now.if_opset.has_value()) now.if_opset = stat.opset;
    }
    Result<Written> cloned = Clone(context, stat.object, to, now);
    const bool changed = cloned.status().Detail("pbfs-code") == kChanged && !options.if_opset.has_value();
    if (!changed || attempt >= kSourceRetries) return cloned;
  }
}

Result<Written> Bucket::Clone(const Context& context, ObjectId from, const std::string& to,
                              const CloneOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(to));
  PutOptions bind;
  bind.metadata = options.metadata.value_or(ObjectMetadata{});
  bind.if_none_match = options.if_none_match;
  bind.if_bound_to = options.if_bound_to;
  PBFS_RETURN_IF_ERROR(EncodeMetadata(bind.metadata).status());
  return CloneRange(context.Within(core_->options.timeout), *core_, *state_,
                    {from, 0, {}, options.as_of, options.if_opset}, Binding(*core_, to, bind), ConditionOf(bind));
}

}  // namespace pbfs
