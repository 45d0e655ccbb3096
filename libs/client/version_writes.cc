// Bucket's versions out of older ones: by reference, with one more op on top.
#include <algorithm>

#include "libs/client/clones.h"
#include "libs/client/metadata.h"
#include "libs/client/range_writer.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

// One that was bound before versions were kept is sealed when it is first referred to; while they are suspended it takes writes, and its
// rows are copied.
Result<WholeObject> SourceOf(const Context& context, Bucket& bucket, const ObjectStat& version) {
  if (bucket.versioning() == Versioning::kOff && !version.sealed)
    return FailedPreconditionError("only a version can be patched anew");
  WholeObject source{version.object, version.size};
  if (version.sealed) return source;
  if (bucket.versioning() == Versioning::kEnabled) {
    PBFS_RETURN_IF_ERROR(bucket.Seal(context, version.object).status());
  } else {
    source.unsealed = version.opset;
  }
  return source;
}

// What a new version of `name` is made of, if there is nothing against it.
Result<WholeObject> FindSource(const Context& context, Bucket& bucket, const std::string& name, const ObjectId& from,
                               const PutOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  PBFS_RETURN_IF_ERROR(EncodeMetadata(options.metadata).status());
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, bucket.Stat(context, from));
  return SourceOf(context, bucket, stat);
}

// The object of a version that is made with this op: a repeat with its id makes no other.
ObjectId ObjectOfVersion(ClientCore& core, const PutOptions& options) {
  if (options.op.has_value()) return ObjectId::FromBytes(options.op->span());
  return ObjectId::New(core.clock.NowMillis(), core.to.random);
}

// One Commit: a new object of the first bytes of `from`, changed by one more op, bound to a name.
Result<Written> CommitVersion(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                              const std::string& name, const WholeObject& from, const PlannedOp& change,
                              const std::vector<BodyUpload>& uploads, const PutOptions& options) {
  const ObjectId object = change.record.object;
  Written written{object, {}, 0, 0, 1, {}};
  const LastOp bind = Binding(core, name, options);
  const auto commit = [&](CommitPlan plan) -> Status {
    plan.ops.push_back(change);
    written.opset = OpsetOf(plan);
    PBFS_ASSIGN_OR_RETURN(PlannedOp op, bind(object, *written.opset));
    plan.ops.push_back(std::move(op));
    plan.bodies = uploads;
    plan.if_name = ConditionOf(options);
    PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context, core, bucket, plan));
    SetBound(done, written);
    return OkStatus();
  };
  PBFS_RETURN_IF_ERROR(CommitWhole(context, core, bucket, object, {from}, commit));
  return written;
}

Result<Written> CommitPatched(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                              const std::string& name, const WholeObject& from, const RangesPlan& plan,
                              const std::vector<BodyUpload>& uploads, const PutOptions& options) {
  PBFS_ASSIGN_OR_RETURN(Written written,
                        CommitVersion(context, core, bucket, name, from, plan.write, uploads, options));
  written.lo = plan.lo, written.hi = plan.hi;
  return written;
}

}  // namespace

Result<Written> Bucket::PatchVersion(const Context& context, const std::string& name, ObjectId from,
                                     const std::vector<RangeWrite>& ranges, const PutOptions& options) {
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const WholeObject source, FindSource(step, *this, name, from, options));
  PBFS_ASSIGN_OR_RETURN(BodiesPlan plan,
                        PlanBodies(*core_, *state_, ObjectOfVersion(*core_, options), ranges, options.op));
  PBFS_ASSIGN_OR_RETURN(const MemoryShare share,
                        core_->budget.Take(context, std::min(2 * plan.ranges.total, kUploadSlack)));
  std::vector<BodyUpload> uploads;
  PBFS_RETURN_IF_ERROR(UploadBodies(step, *core_, *state_, plan.bodies, uploads, plan.ranges.write.record.bodies));
  return CommitPatched(step, *core_, *state_, name, source, plan.ranges, uploads, options);
}

Result<Written> Bucket::PatchVersion(const Context& context, const std::string& name, ObjectId from,
                                     RangeWriter& ranges, const PutOptions& options) {
  PBFS_ASSIGN_OR_RETURN(const PlacedRanges placed,
                        ranges.impl_->Place(*state_, ObjectOfVersion(*core_, options), options.op));
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const WholeObject source, FindSource(step, *this, name, from, options));
  Result<Written> written = CommitPatched(step, *core_, *state_, name, source, placed.plan, placed.uploads, options);
  PBFS_RETURN_IF_ERROR(OfPieces(written.status()));
  return written;
}

Result<Written> Bucket::ResizeVersion(const Context& context, const std::string& name, ObjectId from, int64_t size,
                                      const PutOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckSize(size));
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(WholeObject source, FindSource(step, *this, name, from, options));
  source.size = std::min(source.size, size);
  const PlannedOp change = TruncateOp(*core_, ObjectOfVersion(*core_, options), size, options.op);
  PBFS_ASSIGN_OR_RETURN(Written written, CommitVersion(step, *core_, *state_, name, source, change, {}, options));
  written.lo = written.hi = size;
  return written;
}

Result<Written> Bucket::ZeroVersion(const Context& context, const std::string& name, ObjectId from, int64_t lo,
                                    int64_t hi, const PutOptions& options) {
  PBFS_ASSIGN_OR_RETURN(const PlannedOp change, ZeroOp(*core_, ObjectOfVersion(*core_, options), lo, hi, options.op));
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const WholeObject source, FindSource(step, *this, name, from, options));
  PBFS_ASSIGN_OR_RETURN(Written written, CommitVersion(step, *core_, *state_, name, source, change, {}, options));
  written.lo = lo, written.hi = hi;
  return written;
}

}  // namespace pbfs
