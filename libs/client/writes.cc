// Bucket's writes: every one is a patch, a body of its own (or zeros), placed by one op in one Commit.
#include <algorithm>

#include <fmt/format.h>

#include "libs/base/executor.h"
#include "libs/client/body_upload.h"
#include "libs/client/clones.h"
#include "libs/client/committer.h"
#include "libs/client/listing.h"
#include "libs/client/metadata.h"
#include "libs/client/stream_upload.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

constexpr int kUploadRetries = 3;  // of a body whose encoding expired before the commit
constexpr int kAppendRetries = 64;
constexpr int64_t kMaxRangesTotal = int64_t{1} << 30;
constexpr int64_t kUploadSlack =
    32 << 20;  // fragments of one body on their way: of each a window, and what waits to be sent

Status CheckRange(int64_t offset, int64_t size) {
  if (size <= 0) return InvalidArgumentError("an empty write: give at least one byte");
  if (offset < 0) return InvalidArgumentError("offset is negative");
  if (offset > kMaxObjectSize - size) {
    return InvalidArgumentError(
        fmt::format("bytes [{}, +{}) reach beyond the largest object, 2^43 bytes", offset, size));
  }
  return OkStatus();
}

// Makes bodies durable, side by side.
Status UploadBodies(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                    const std::vector<NewBody>& bodies, std::vector<BodyUpload>& uploads,
                    std::vector<RecordBody>& records) {
  std::vector<Result<UploadedBody>> all(bodies.size(), UnavailableError("not tried"));
  ParallelFor(core.executor, bodies.size(), [&](size_t i) { all[i] = UploadBody(context, core, bucket, bodies[i]); });
  uploads.clear();
  records.clear();
  for (Result<UploadedBody>& body : all) {
    PBFS_RETURN_IF_ERROR(body.status());
    uploads.push_back(body->upload);
    records.push_back(body->record);
  }
  return OkStatus();
}

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

// One body as one WRITE at `offset`, followed by `more` ops in the same Commit.
Result<Committed> WriteBody(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                            const ObjectId& object, int64_t offset, ByteSpan bytes, CommitPlan more) {
  PlannedOp write{NewRecord(core, OpKind::kWrite, object), {}};
  PlaceBody(write.record, offset, static_cast<int64_t>(bytes.size()), 0, 0);
  more.ops.insert(more.ops.begin(), std::move(write));
  return UploadAndCommit(context, core, bucket, {MakeNewBody(core, bucket, bytes)}, std::move(more));
}

Opset OpsetAfter(Opset opset, const OpId& op) {
  const Digest32 bits = Sha256(op.span());
  for (size_t i = 0; i < opset.size(); ++i) opset[i] ^= bits[i];
  return opset;
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
  Order order;  // the greatest
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
    CommitPlan plan;
    if (target_.create) plan.creates = {target_.object};
    if (conditional) plan.if_opset = target_.if_opset;
    PBFS_ASSIGN_OR_RETURN(const Committed done,
                          WriteBody(context_, core_, *bucket_, target_.object, offset, chunk.bytes, std::move(plan)));
    MutexLock lock(mutex_);
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

// Memory for a chunk of up to `size` bytes and its fragments.
Result<MemoryShare> ShareFor(const Context& context, ClientCore& core, int64_t size) {
  return core.budget.Take(context, size + std::min(size, kUploadSlack));
}

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

// A new object from `reader`; `bind` (if any) comes with the only patch, or in a Commit of its own behind several.
Result<Written> PutChunks(const Context& context, ClientCore& core, const std::shared_ptr<const OpenedBucket>& bucket,
                          ChunkReader& reader, std::optional<PlannedOp> bind, const ObjectId& object,
                          std::optional<NameCondition> condition) {
  PBFS_ASSIGN_OR_RETURN(MemoryShare share, ShareFor(context, core, kMaxBodySize));
  PBFS_ASSIGN_OR_RETURN(const Chunk first, reader.Next(context, kMaxBodySize));
  const int64_t size = static_cast<int64_t>(first.bytes.size());
  share.ShrinkTo(std::min(share.bytes(), size + std::min(size, kUploadSlack)));
  Written written{object, {}, 0, size, 1, {}};
  CommitPlan plan;
  plan.creates = {object};
  plan.if_name = condition;
  if (!first.last) {
    PBFS_ASSIGN_OR_RETURN(const StreamResult result,
                          WriteChunks(context, core, bucket, {object, 0, true, {}}, reader, first, std::move(share)));
    written = ToWritten(object, 0, result);
    if (!bind.has_value()) return written;
    plan.ops.push_back(*std::move(bind));
    PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context.Within(core.options.timeout), core, *bucket, plan));
    written.order = done.orders.back();
    ++written.ops;
    return written;
  }
  if (bind.has_value()) plan.ops.push_back(*std::move(bind));
  if (size == 0) {
    if (plan.ops.empty()) return InvalidArgumentError("an object without a name needs at least one byte");
    PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context.Within(core.options.timeout), core, *bucket, plan));
    written.order = done.orders.back();
    return written;
  }
  PBFS_ASSIGN_OR_RETURN(const Committed done,
                        WriteBody(context, core, *bucket, object, 0, first.bytes, std::move(plan)));
  written.order = done.orders.back();
  return written;
}

Result<Written> PutNamed(const Context& context, ClientCore& core, const std::shared_ptr<const OpenedBucket>& bucket,
                         const std::string& name, ChunkReader& reader, const PutOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  PBFS_ASSIGN_OR_RETURN(Bytes metadata, EncodeMetadata(options.metadata));
  const ObjectId object = ObjectId::New(core.clock.NowMillis(), core.to.random);
  PlannedOp bind{NewRecord(core, OpKind::kBind, object), std::move(metadata)};
  bind.record.name = name;
  std::optional<NameCondition> condition;
  if (options.if_bound_to.has_value())
    condition = NameCondition{*options.if_bound_to};
  else if (options.if_none_match)
    condition = NameCondition{};
  return PutChunks(context, core, bucket, reader, std::move(bind), object, condition);
}

// One WRITE of several ranges, and its bodies.
struct RangesPlan {
  PlannedOp write;
  std::vector<NewBody> bodies;
  int64_t lo = 0, hi = 0;  // all ranges lie in it
  int64_t total = 0;       // bytes
};

Result<RangesPlan> PlanRanges(ClientCore& core, const OpenedBucket& bucket, const ObjectId& object,
                              const std::vector<RangeWrite>& ranges) {
  std::vector<RangeWrite> sorted = ranges;
  std::sort(sorted.begin(), sorted.end(), [](const RangeWrite& a, const RangeWrite& b) { return a.offset < b.offset; });
  if (sorted.empty()) return InvalidArgumentError("no ranges to write");
  RangesPlan plan;
  plan.write.record = NewRecord(core, OpKind::kWrite, object);
  plan.lo = sorted.front().offset;
  for (const RangeWrite& range : sorted) {
    const int64_t size = static_cast<int64_t>(range.bytes.size());
    PBFS_RETURN_IF_ERROR(CheckRange(range.offset, size));
    if (range.offset < plan.hi) return InvalidArgumentError(fmt::format("the ranges overlap at byte {}", range.offset));
    plan.hi = range.offset + size;
    plan.total += size;
    if (plan.total > kMaxRangesTotal) return InvalidArgumentError("more than 1 GiB in one atomic write");
    for (int64_t at = 0; at < size; at += kMaxBodySize) {
      const ByteSpan piece =
          range.bytes.subspan(static_cast<size_t>(at), static_cast<size_t>(std::min(kMaxBodySize, size - at)));
      PlaceBody(plan.write.record, range.offset + at, static_cast<int64_t>(piece.size()), 0,
                static_cast<uint32_t>(plan.bodies.size()));
      plan.bodies.push_back(MakeNewBody(core, bucket, piece));
    }
  }
  return plan;
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
  const ObjectId object = ObjectId::New(core_->clock.NowMillis(), core_->to.random);
  return PutChunks(context, *core_, state_, reader, {}, object, {});
}

Result<Written> CreateSealed(const Context& context, ClientCore& core,
                             const std::shared_ptr<const OpenedBucket>& bucket, ByteSource& source) {
  SourceChunks reader(source);
  const ObjectId object = ObjectId::New(core.clock.NowMillis(), core.to.random);
  return PutChunks(context, core, bucket, reader, PlannedOp{NewRecord(core, OpKind::kSeal, object), {}}, object, {});
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
  PBFS_ASSIGN_OR_RETURN(RangesPlan planned, PlanRanges(*core_, *state_, object, ranges));
  // The plaintext is the caller's; the budget pays for the fragments on their way.
  PBFS_ASSIGN_OR_RETURN(const MemoryShare share,
                        core_->budget.Take(context, std::min(2 * planned.total, kUploadSlack)));
  CommitPlan plan;
  plan.if_opset = options.if_opset;
  const OpId op = planned.write.record.op;
  plan.ops.push_back(std::move(planned.write));
  PBFS_ASSIGN_OR_RETURN(const Committed done,
                        UploadAndCommit(context, *core_, *state_, planned.bodies, std::move(plan)));
  Written written{object, done.orders[0], planned.lo, planned.hi, 1, {}};
  if (options.if_opset.has_value()) written.opset = OpsetAfter(*options.if_opset, op);
  return written;
}

Result<Written> Bucket::PatchVersion(const Context& context, const std::string& name, ObjectId from,
                                     const std::vector<RangeWrite>& ranges, const PutOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  PBFS_ASSIGN_OR_RETURN(const Bytes metadata, EncodeMetadata(options.metadata));
  const Context step = context.Within(core_->options.timeout);
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, Stat(step, from));
  if (!stat.sealed) return FailedPreconditionError("only a version that takes no more writes can be patched anew");
  const ObjectId object = ObjectId::New(core_->clock.NowMillis(), core_->to.random);
  PBFS_ASSIGN_OR_RETURN(RangesPlan planned, PlanRanges(*core_, *state_, object, ranges));
  PBFS_ASSIGN_OR_RETURN(const MemoryShare share,
                        core_->budget.Take(context, std::min(2 * planned.total, kUploadSlack)));
  std::vector<BodyUpload> uploads;
  PBFS_RETURN_IF_ERROR(UploadBodies(step, *core_, *state_, planned.bodies, uploads, planned.write.record.bodies));
  const auto commit = [&](CommitPlan plan) {
    PlannedOp write = planned.write, bind{NewRecord(*core_, OpKind::kBind, object), metadata};
    write.record.op = OpId::New(core_->clock.NowMillis(), core_->to.random);
    bind.record.name = name;
    plan.ops.push_back(std::move(write));
    plan.ops.push_back(std::move(bind));
    plan.bodies = uploads;
    plan.if_name = ConditionOf(options);
    return CommitOps(step, *core_, *state_, plan);
  };
  const std::vector<WholeObject> base = {{from, stat.size}};
  Result<Committed> done = commit(PlanReferences(*core_, object, base));
  if (IsTooDeep(done.status())) {
    PBFS_ASSIGN_OR_RETURN(CommitPlan rows, PlanRows(step, *core_, *state_, object, base));
    done = commit(std::move(rows));
  }
  PBFS_RETURN_IF_ERROR(done.status());
  return Written{object, done->orders.back(), planned.lo, planned.hi, 1, {}};
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
  if (size < 0 || size >= kMaxObjectSize) return InvalidArgumentError("size is out of range: 0 to 2^43 - 1");
  PlannedOp op{NewRecord(*core_, OpKind::kTrunc, object), {}};
  op.record.trunc_length = size;
  op.record.extents = {{size, kTruncEnd, {}, 0, 0, SourceKind::kZeros}};
  return CommitZeros(context, *core_, *state_, std::move(op), size, size, options);
}

Result<Written> Bucket::Zero(const Context& context, ObjectId object, int64_t lo, int64_t hi,
                             const WriteOptions& options) {
  if (lo < 0) return InvalidArgumentError("offset is negative");  // and the difference might not fit
  PBFS_RETURN_IF_ERROR(CheckRange(lo, hi < lo ? 0 : hi - lo));
  PlannedOp op{NewRecord(*core_, OpKind::kZero, object), {}};
  if (hi - lo > kRegionSize) {
    op.record.extents = {{lo, hi, {}, 0, 0, SourceKind::kZeros}};
  } else {
    for (int64_t at = lo; at < hi;) {
      const int64_t end = std::min(hi, (RegionOf(at) + 1) << kRegionLog2);
      op.record.extents.push_back({at, end, {}, 0, 0, SourceKind::kZeros});
      at = end;
    }
  }
  return CommitZeros(context, *core_, *state_, std::move(op), lo, hi, options);
}

Result<Order> Bucket::Seal(const Context& context, ObjectId object) {
  CommitPlan plan;
  plan.ops.push_back({NewRecord(*core_, OpKind::kSeal, object), {}});
  PBFS_ASSIGN_OR_RETURN(const Committed done, CommitOps(context.Within(core_->options.timeout), *core_, *state_, plan));
  return done.orders[0];
}

}  // namespace pbfs
