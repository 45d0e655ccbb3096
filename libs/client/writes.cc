// Bucket's writes: every one is a patch, a body of its own (or zeros), placed by one op in one Commit.
#include <algorithm>

#include "libs/client/metadata.h"
#include "libs/client/stream_upload.h"
#include "libs/client/write_plans.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

constexpr int kUploadRetries = 3;  // of a body whose encoding expired before the commit
constexpr int kAppendRetries = 64;

// Makes bodies durable and commits `plan`, which names them; an expired encoding is uploaded again.
Result<Committed> UploadAndCommit(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                  const std::vector<NewBody>& bodies, CommitPlan plan) {
  for (int attempt = 0;; ++attempt) {
    const Context step = context.Within(core.options.timeout);
    PBFS_RETURN_IF_ERROR(UploadBodies(step, core, bucket, bodies, plan.bodies, plan.ops[0].record.bodies));
    Result<Committed> done = CommitOps(step, core, bucket, plan);
    if (done.ok() || !IsEncodingExpired(done.status()) || attempt >= kUploadRetries) return done;
  }
}

// One body as one WRITE at `offset`.
CommitPlan WritePlan(ClientCore& core, const ObjectId& object, int64_t offset, ByteSpan bytes) {
  CommitPlan plan;
  plan.ops.push_back({NewRecord(core, OpKind::kWrite, object), {}});
  PlaceBody(plan.ops[0].record, offset, static_cast<int64_t>(bytes.size()), 0, 0);
  return plan;
}

struct StreamTarget {
  ObjectId object;
  int64_t offset = 0;
  bool create = false;
  std::optional<Opset> if_opset;  // of the first piece
};

struct StreamResult {
  int64_t end = 0;
  int64_t ops = 0;
  Order order;    // the greatest
  Opset opset{};  // how they changed the object's
};

/// Uploads chunks side by side, each committed by itself; the first alone if it is conditional.
class StreamWriter {
 public:
  StreamWriter(const Context& context, ClientCore& core, std::shared_ptr<const OpenedBucket> bucket,
               StreamTarget target)
      : context_(context),
        core_(core),
        bucket_(std::move(bucket)),
        target_(target),
        tasks_(core.streams, core.options.streams_in_flight) {}

  /// Bytes until the next region border: where the next chunk ends.
  int64_t Room() const { return kRegionSize - (at_ + target_.offset) % kRegionSize; }

  Status Add(const Chunk& chunk, MemoryShare share) {
    const int64_t offset = target_.offset + at_;
    at_ += static_cast<int64_t>(chunk.bytes.size());
    PBFS_RETURN_IF_ERROR(CheckRange(offset, static_cast<int64_t>(chunk.bytes.size())));
    const bool conditional = offset == target_.offset && target_.if_opset.has_value();
    auto held = std::make_shared<MemoryShare>(std::move(share));
    PBFS_RETURN_IF_ERROR(
        tasks_.Start([this, chunk, held, offset, conditional] { return WriteOne(chunk, offset, conditional); }));
    return conditional ? tasks_.Finish() : OkStatus();
  }
  Result<StreamResult> Finish() {
    PBFS_RETURN_IF_ERROR(tasks_.Finish());
    MutexLock lock(mutex_);
    result_.end = target_.offset + at_;
    return result_;
  }

 private:
  Status WriteOne(const Chunk& chunk, int64_t offset, bool conditional) {
    CommitPlan plan = WritePlan(core_, target_.object, offset, chunk.bytes);
    if (target_.create) plan.creates = {target_.object};
    if (conditional) plan.if_opset = target_.if_opset;
    const OpId op = plan.ops[0].record.op;
    PBFS_ASSIGN_OR_RETURN(
        const Committed done,
        UploadAndCommit(context_, core_, *bucket_, {MakeNewBody(core_, *bucket_, chunk.bytes)}, std::move(plan)));
    MutexLock lock(mutex_);
    result_.opset = OpsetAfter(result_.opset, op);
    result_.order = std::max(result_.order, done.orders[0]);
    ++result_.ops;
    return OkStatus();
  }

  const Context context_;
  ClientCore& core_;
  const std::shared_ptr<const OpenedBucket> bucket_;
  const StreamTarget target_;
  int64_t at_ = 0;
  Mutex mutex_;
  StreamResult result_ PBFS_GUARDED_BY(mutex_);
  BoundedTasks tasks_;  // last: its tasks use the rest
};

Result<StreamResult> WriteChunks(const Context& context, ClientCore& core,
                                 const std::shared_ptr<const OpenedBucket>& bucket, const StreamTarget& target,
                                 ChunkReader& reader, std::optional<Chunk> first = {}, MemoryShare first_share = {}) {
  StreamWriter writer(context, core, bucket, target);
  bool last = false;
  if (first.has_value()) {
    last = first->last;
    PBFS_RETURN_IF_ERROR(writer.Add(*first, std::move(first_share)));
  }
  while (!last) {
    const int64_t room = writer.Room();
    PBFS_ASSIGN_OR_RETURN(MemoryShare share, ShareFor(context, core, room));
    PBFS_ASSIGN_OR_RETURN(const Chunk chunk, reader.Next(context, room));
    last = chunk.last;
    if (chunk.bytes.empty()) break;
    const int64_t size = static_cast<int64_t>(chunk.bytes.size());
    share.ShrinkTo(std::min(share.bytes(), size + std::min(size, kUploadSlack)));
    PBFS_RETURN_IF_ERROR(writer.Add(chunk, std::move(share)));
  }
  return writer.Finish();
}

Written ToWritten(const ObjectId& object, int64_t lo, const StreamResult& result) {
  return {object, result.order, lo, result.end, result.ops, {}};
}

// A new object from `reader`. Its last op, if it has one, comes with the only patch, or in a Commit of its own behind several.
Result<Written> PutChunks(const Context& context, ClientCore& core, const std::shared_ptr<const OpenedBucket>& bucket,
                          ChunkReader& reader, const LastOp& last, std::optional<NameCondition> condition) {
  const ObjectId object = ObjectId::New(core.clock.NowMillis(), core.to.random);
  PBFS_ASSIGN_OR_RETURN(MemoryShare share, ShareFor(context, core, kMaxBodySize));
  PBFS_ASSIGN_OR_RETURN(const Chunk first, reader.Next(context, kMaxBodySize));
  const int64_t size = static_cast<int64_t>(first.bytes.size());
  share.ShrinkTo(std::min(share.bytes(), size + std::min(size, kUploadSlack)));
  Written written{object, {}, 0, size, 0, Opset{}};
  CommitPlan plan;
  if (!first.last) {
    PBFS_ASSIGN_OR_RETURN(const StreamResult result,
                          WriteChunks(context, core, bucket, {object, 0, true, {}}, reader, first, std::move(share)));
    written = ToWritten(object, 0, result);
    written.opset = result.opset;
    if (!last) return written;
  } else if (size > 0) {
    plan = WritePlan(core, object, 0, first.bytes);
    written.opset = OpsetOf(plan);
  } else if (!last) {
    return InvalidArgumentError("an object without a name needs at least one byte");
  }
  if (first.last)
    plan.creates = {object};  // else it is there, and if it was reaped meanwhile no empty one may take its place
  if (last) {
    PBFS_ASSIGN_OR_RETURN(PlannedOp op, last(object, *written.opset));
    plan.ops.push_back(std::move(op));
    plan.if_name = condition;
  }
  std::vector<NewBody> bodies;
  if (first.last && size > 0) bodies.push_back(MakeNewBody(core, *bucket, first.bytes));
  PBFS_ASSIGN_OR_RETURN(const Committed done, UploadAndCommit(context, core, *bucket, bodies, std::move(plan)));
  SetBound(done, written);
  ++written.ops;
  return written;
}

Result<Written> PutNamed(const Context& context, ClientCore& core, const std::shared_ptr<const OpenedBucket>& bucket,
                         const std::string& name, ChunkReader& reader, const PutOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  PBFS_RETURN_IF_ERROR(EncodeMetadata(options.metadata).status());  // before anything is read
  return PutChunks(context, core, bucket, reader, Binding(core, name, options), ConditionOf(options));
}

// A content op without data: ZERO or TRUNC.
Result<Written> CommitZeros(const Context& context, ClientCore& core, const OpenedBucket& bucket, PlannedOp op,
                            int64_t lo, int64_t hi, const WriteOptions& options) {
  CommitPlan plan;
  const ObjectId object = op.record.object;
  const OpId id = op.record.op;
  plan.ops.push_back(std::move(op));
  plan.if_opset = options.if_opset;
  PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context.Within(core.options.timeout), core, bucket, plan));
  Written written{object, done.orders[0], lo, hi, 1, {}};
  if (options.if_opset.has_value()) written.opset = OpsetAfter(*options.if_opset, id);
  return written;
}

}  // namespace

Result<Written> Bucket::Put(const Context& context, const std::string& name, ByteSource& source,
                            const PutOptions& options) {
  SourceChunks reader(source);
  return PutNamed(context, *core_, state_, name, reader, options);
}

Result<Written> Bucket::Put(const Context& context, const std::string& name, ByteSpan bytes,
                            const PutOptions& options) {
  SpanChunks reader(bytes);
  return PutNamed(context, *core_, state_, name, reader, options);
}

Result<Written> Bucket::Create(const Context& context, ByteSource& source) {
  SourceChunks reader(source);
  return PutChunks(context, *core_, state_, reader, {}, {});
}

Result<Written> CreateSealed(const Context& context, ClientCore& core,
                             const std::shared_ptr<const OpenedBucket>& bucket, ByteSource& source) {
  SourceChunks reader(source);
  return PutChunks(context, core, bucket, reader, Sealing(core), {});
}

Result<Written> Bucket::Write(const Context& context, ObjectId object, int64_t offset, ByteSpan bytes,
                              const WriteOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckRange(offset, static_cast<int64_t>(bytes.size())));
  if (static_cast<int64_t>(bytes.size()) > kMaxBodySize) {
    SpanChunks reader(bytes);
    PBFS_ASSIGN_OR_RETURN(const StreamResult result,
                          WriteChunks(context, *core_, state_, {object, offset, false, options.if_opset}, reader));
    return ToWritten(object, offset, result);
  }
  return WriteRanges(context, object, {{offset, bytes}}, options);
}

Result<Written> Bucket::Write(const Context& context, ObjectId object, int64_t offset, ByteSource& source,
                              const WriteOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckRange(offset, 1));
  SourceChunks reader(source);
  PBFS_ASSIGN_OR_RETURN(const StreamResult result,
                        WriteChunks(context, *core_, state_, {object, offset, false, options.if_opset}, reader));
  if (result.ops == 0) return InvalidArgumentError("an empty write: give at least one byte");
  return ToWritten(object, offset, result);
}

Result<Written> Bucket::WriteRanges(const Context& context, ObjectId object, const std::vector<RangeWrite>& ranges,
                                    const WriteOptions& options) {
  PBFS_ASSIGN_OR_RETURN(BodiesPlan planned, PlanBodies(*core_, *state_, object, ranges, options.op));
  const RangesPlan& whole = planned.ranges;
  // The plaintext is the caller's; the budget pays for the fragments on their way.
  PBFS_ASSIGN_OR_RETURN(const MemoryShare share, core_->budget.Take(context, std::min(2 * whole.total, kUploadSlack)));
  CommitPlan plan;
  plan.if_opset = options.if_opset;
  plan.ops.push_back(whole.write);
  PBFS_ASSIGN_OR_RETURN(const Committed done,
                        UploadAndCommit(context, *core_, *state_, planned.bodies, std::move(plan)));
  Written written{object, done.orders[0], whole.lo, whole.hi, 1, {}};
  if (options.if_opset.has_value()) written.opset = OpsetAfter(*options.if_opset, whole.write.record.op);
  return written;
}

Result<Written> Bucket::Append(const Context& context, ObjectId object, ByteSpan bytes) {
  const int64_t size = static_cast<int64_t>(bytes.size());
  PBFS_RETURN_IF_ERROR(CheckRange(0, size));
  if (size > kMaxBodySize) return InvalidArgumentError("an append has at most 64 MiB; append a stream for more");
  PBFS_ASSIGN_OR_RETURN(const MemoryShare share, core_->budget.Take(context, std::min(2 * size, kUploadSlack)));
  const NewBody body = MakeNewBody(*core_, *state_, bytes);
  std::optional<UploadedBody> uploaded;
  for (int attempt = 0; attempt < kAppendRetries; ++attempt) {
    const Context step = context.Within(core_->options.timeout);
    PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, Stat(step, object));
    PBFS_RETURN_IF_ERROR(CheckRange(stat.size, size));
    if (!uploaded.has_value()) {
      PBFS_ASSIGN_OR_RETURN(uploaded, UploadBody(step, *core_, *state_, body));
    }
    CommitPlan plan;
    plan.ops.push_back({NewRecord(*core_, OpKind::kWrite, object), {}});
    plan.ops[0].record.bodies = {uploaded->record};
    PlaceBody(plan.ops[0].record, stat.size, size, 0, 0);
    plan.bodies = {uploaded->upload};
    plan.if_opset = stat.opset;
    const Result<Committed> done = CommitOps(step, *core_, *state_, plan);
    if (done.ok()) {
      return Written{
          object, done->orders[0], stat.size, stat.size + size, 1, OpsetAfter(stat.opset, plan.ops[0].record.op)};
    }
    if (IsEncodingExpired(done.status())) uploaded.reset();
    const bool lost_race = done.status().Detail("pbfs-code") == CommitCodeName(CommitCode::kPrecondition);
    if (!lost_race && !IsEncodingExpired(done.status())) return done.status();
  }
  return AbortedError("append: too many others append to this object; try again");
}

Result<Written> Bucket::Append(const Context& context, ObjectId object, ByteSource& source) {
  SourceChunks reader(source);
  std::optional<Written> all;
  for (bool last = false; !last;) {
    PBFS_ASSIGN_OR_RETURN(const Chunk chunk, reader.Next(context, kMaxBodySize));
    last = chunk.last;
    if (chunk.bytes.empty()) break;
    PBFS_ASSIGN_OR_RETURN(const Written one, Append(context, object, chunk.bytes));
    if (!all.has_value()) {
      all = one;
      continue;
    }
    all->hi = one.hi;
    all->order = one.order;
    ++all->ops;
  }
  if (!all.has_value()) return InvalidArgumentError("an empty write: give at least one byte");
  return *all;
}

Result<Written> Bucket::Truncate(const Context& context, ObjectId object, int64_t size, const WriteOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckSize(size));
  return CommitZeros(context, *core_, *state_, TruncateOp(*core_, object, size, options.op), size, size, options);
}

Result<Written> Bucket::Zero(const Context& context, ObjectId object, int64_t lo, int64_t hi,
                             const WriteOptions& options) {
  PBFS_ASSIGN_OR_RETURN(PlannedOp op, ZeroOp(*core_, object, lo, hi, options.op));
  return CommitZeros(context, *core_, *state_, std::move(op), lo, hi, options);
}

Result<Order> Bucket::Seal(const Context& context, ObjectId object) {
  CommitPlan plan;
  plan.ops.push_back({NewRecord(*core_, OpKind::kSeal, object), {}});
  PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context.Within(core_->options.timeout), *core_, *state_, plan));
  return done.orders[0];
}

}  // namespace pbfs
