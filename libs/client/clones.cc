// Bucket's clones: a new object that names what exists; no data move.
#include <algorithm>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/client/committer.h"
#include "libs/client/listing.h"
#include "libs/client/metadata.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

constexpr int kSourceRetries = 5;
constexpr size_t kExtentsPerOp = 8192;  // well below the limits of a record, 16,384 bodies among them

CommitPlan PlanFor(ClientCore& core, const ObjectId& object) {
  CommitPlan plan;
  plan.creates = {object};
  plan.ops.push_back({NewRecord(core, OpKind::kClone, object), {}});
  return plan;
}

// One span, or region by region where it is no longer than one.
CommitPlan ByReference(ClientCore& core, const ObjectId& from, int64_t size, const ObjectId& object) {
  CommitPlan plan = PlanFor(core, object);
  OpRecord& record = plan.ops[0].record;
  record.sources = {from};
  for (int64_t at = 0; at < size;) {
    const int64_t end = size > kRegionSize ? size : std::min(size, (RegionOf(at) + 1) << kRegionLog2);
    record.extents.push_back({at, end, {}, at, 0, SourceKind::kObject});
    at = end;
  }
  return plan;
}

/// Collects the visible extents of an object into CLONE ops of bounded size.
class RowCloner {
 public:
  RowCloner(ClientCore& core, const ObjectId& object) : core_(core), object_(object) {}

  void Add(const Listing& listing) {
    for (const SkylinePiece& piece : listing.pieces) {
      const Extent& extent = listing.ExtentOf(piece);
      if (extent.source.kind == SourceKind::kZeros) continue;  // a hole of the new object is zeros too
      OpRecord& record = Room();
      RecordExtent copy{piece.lo, piece.hi, {}, piece.inner, 0, extent.source.kind};
      copy.index = extent.source.kind == SourceKind::kBody ? IndexOf(record, listing.bodies.at(extent.source.body))
                                                           : IndexOf(record, extent.source.object);
      record.extents.push_back(copy);
    }
  }
  std::vector<CommitPlan>& plans() { return plans_; }

 private:
  OpRecord& Room() {
    if (plans_.empty() || plans_.back().ops[0].record.extents.size() >= kExtentsPerOp) {
      plans_.push_back(PlanFor(core_, object_));
      bodies_.clear();
      objects_.clear();
    }
    return plans_.back().ops[0].record;
  }
  uint32_t IndexOf(OpRecord& record, const ListedBody& body) {
    const auto [place, fresh] = bodies_.emplace(body.header.id, record.bodies.size());
    if (fresh) record.bodies.push_back({body.row.header, body.row.ct_root});
    return place->second;
  }
  uint32_t IndexOf(OpRecord& record, const ObjectId& object) {
    const auto [place, fresh] = objects_.emplace(object, record.sources.size());
    if (fresh) record.sources.push_back(object);
    return place->second;
  }

  ClientCore& core_;
  const ObjectId object_;
  std::vector<CommitPlan> plans_;
  std::map<BodyId, uint32_t> bodies_;
  std::map<ObjectId, uint32_t> objects_;
};

struct ClonePlans {
  std::vector<CommitPlan> plans;  // at least one; the last one binds
  int64_t size = 0;
};

constexpr const char* kChanged = "SOURCE_CHANGED";
Status SourceChanged() { return AbortedError("the source has changed meanwhile").WithDetail("pbfs-code", kChanged); }

// Two pages of the source were of different states: list again. (With if_opset it is the caller's to decide.)
bool IsChanged(const Status& status) {
  return status.Detail("pbfs-code") == kChanged && status.Detail("retry").has_value();
}

Result<ClonePlans> PlanClone(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                             const ObjectId& from, const ObjectId& object, const CloneOptions& options,
                             bool may_refer) {
  RowCloner rows(core, object);
  int64_t size = 0;
  bool by_reference = false;
  std::optional<Opset> opset;  // of the first page
  for (int64_t at = 0; at == 0 || at < size;) {
    const bool now = !options.as_of.has_value();
    PBFS_ASSIGN_OR_RETURN(const Listing listing,
                          ListVerified(context, core, bucket, from, at, kMaxObjectSize, options.as_of, now));
    if (options.if_opset.has_value() && listing.reply.opset != options.if_opset) return SourceChanged();
    if (at > 0 && listing.reply.opset != opset) return SourceChanged().WithDetail("retry", "yes");
    opset = listing.reply.opset;
    size = listing.reply.size;
    by_reference = listing.reply.sealed && size > 0 && may_refer;
    if (by_reference || size == 0) break;
    rows.Add(listing);
    if (listing.reply.covered_hi <= at) break;
    at = listing.reply.covered_hi;
  }
  std::vector<CommitPlan> plans = std::move(rows.plans());
  if (by_reference) plans = {ByReference(core, from, size, object)};
  // A trailing hole: the size must be kept all the same.
  const bool short_of_size = plans.empty() || plans.back().ops[0].record.extents.back().hi < size;
  if (short_of_size && size > 0 && !IsMutant(Mutant::kCloneForgetsSize)) {
    CommitPlan trunc = PlanFor(core, object);
    trunc.ops[0].record.kind = OpKind::kTrunc;
    trunc.ops[0].record.trunc_length = size;
    trunc.ops[0].record.extents = {{size, kTruncEnd, {}, 0, 0, SourceKind::kZeros}};
    plans.insert(plans.begin(), std::move(trunc));
  }
  if (plans.empty()) {
    plans.emplace_back();
    plans.back().creates = {object};
  }
  return ClonePlans{std::move(plans), size};
}

bool IsSourceGone(const Status& status) {
  return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kSourceGone);
}

}  // namespace

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
    const bool changed = cloned.status().code() == StatusCode::kAborted && !options.if_opset.has_value();
    if (!changed || attempt >= kSourceRetries) return cloned;
  }
}

Result<Written> Bucket::Clone(const Context& context, ObjectId from, const std::string& to,
                              const CloneOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(to));
  PBFS_RETURN_IF_ERROR(EncodeMetadata(options.metadata.value_or(ObjectMetadata{})).status());
  const Context step = context.Within(core_->options.timeout);
  for (int attempt = 0;; ++attempt) {
    const ObjectId object = ObjectId::New(core_->clock.NowMillis(), core_->to.random);
    const bool may_refer = attempt == 0;
    Result<ClonePlans> planned = PlanClone(step, *core_, *state_, from, object, options, may_refer);
    if (!planned.ok() && (!IsChanged(planned.status()) || attempt >= kSourceRetries)) return planned.status();
    if (!planned.ok()) continue;
    std::vector<CommitPlan>& plans = planned->plans;
    Written written{object, {}, 0, planned->size, 0, Opset{}};
    for (const CommitPlan& plan : plans) {
      for (size_t i = 0; i < written.opset->size(); ++i) (*written.opset)[i] ^= OpsetOf(plan)[i];
    }
    ObjectMetadata metadata = options.metadata.value_or(ObjectMetadata{});
    PinTo(*written.opset, metadata);
    PBFS_ASSIGN_OR_RETURN(Bytes encoded, EncodeMetadata(metadata));
    PlannedOp bind{NewRecord(*core_, OpKind::kBind, object), std::move(encoded)};
    bind.record.name = to;
    plans.back().ops.push_back(std::move(bind));
    if (options.if_none_match) plans.back().if_name = NameCondition{};
    Status failed;
    for (const CommitPlan& plan : plans) {
      const Result<Committed> done = CommitOps(step, *core_, *state_, plan);
      failed = done.status();
      if (!failed.ok()) break;
      written.order = done->orders.back();
      ++written.ops;
    }
    if (failed.ok()) return written;
    const bool too_deep = failed.Detail("pbfs-code") == CommitCodeName(CommitCode::kTooDeep);
    if ((!IsSourceGone(failed) && !too_deep) || attempt >= kSourceRetries) return failed;
  }
}

}  // namespace pbfs
