#include "libs/client/committer.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/client/metadata.h"

namespace pbfs {
namespace {

constexpr int kMaxStaleRetries = 1000;
constexpr int64_t kDriftWaitedMs = 10'000;  // by how much orders may be ahead of the catalog's clock, to be waited for
constexpr Duration kFirstBackOff = std::chrono::milliseconds(5);
constexpr Duration kLongestBackOff = std::chrono::milliseconds(500);
constexpr Duration kCommitPatience = std::chrono::seconds(10);  // of one call; the catalog's own limit is 20 s

constexpr const char* kCommitInDoubt = "commit in doubt: it may have happened, whole";

Status Refusal(CommitCode code, const std::string& what, StatusCode status) {
  return Status(status, what).WithDetail("pbfs-code", CommitCodeName(code));
}

Status RefusalOf(CommitCode code) {
  switch (code) {
    case CommitCode::kEncodingExpired:
      return Refusal(code, "the upload took too long or was swept; upload again", StatusCode::kFailedPrecondition);
    case CommitCode::kObjectGone: return Refusal(code, "the object does not exist any more", StatusCode::kNotFound);
    case CommitCode::kDrift:
      return Refusal(code, "this client's clock runs ahead; set it", StatusCode::kFailedPrecondition);
    case CommitCode::kPrecondition:
      return Refusal(code, "the condition does not hold: the object or name has changed",
                     StatusCode::kFailedPrecondition);
    case CommitCode::kOpIdReused:
      return Refusal(code, "op id used before with other content", StatusCode::kAlreadyExists);
    case CommitCode::kSealed:
      return Refusal(code, "the object is sealed: write to a clone of it", StatusCode::kFailedPrecondition);
    case CommitCode::kSourceGone: return Refusal(code, "a source is gone; list again", StatusCode::kAborted);
    case CommitCode::kTooDeep:
      return Refusal(code, "references nest too deep; clone by rows", StatusCode::kFailedPrecondition);
    case CommitCode::kBadOp: return Refusal(code, "the catalog calls the op malformed", StatusCode::kInvalidArgument);
    case CommitCode::kOpTooOld:
      return Refusal(code, "the op is older than a day, or this client's clock is behind: set it",
                     StatusCode::kFailedPrecondition);
    default: return Refusal(code, fmt::format("refused: {}", CommitCodeName(code)), StatusCode::kAborted);
  }
}

// An id that is null: no record can name it, and nobody has it.
bool NamesNobody(const PlannedOp& op) {
  const OpKind kind = op.record.kind;
  return op.record.object.IsNull() && kind != OpKind::kUnbind && kind != OpKind::kDrop;
}

Buffer EncodePlanned(ClientCore& core, const OpenedKeyring& keyring, const SigningKey& signing,
                     const PlannedOp& planned, const Order& order) {
  OpRecord record = planned.record;
  record.order = order;
  if (record.kind != OpKind::kRehome) {
    for (RecordExtent& extent : record.extents) extent.order = order;
  }
  if (!planned.metadata.empty()) {
    record.metadata = SealMetadata(keyring.newest(), record.object, order, planned.metadata, core.to.random);
  }
  return Buffer::FromBytes(EncodeRecord(std::move(record), keyring.newest(), keyring.must_sign ? &signing : nullptr));
}

// An answer about this very request: then nothing of it happened, nor will.
bool IsRefusal(const Status& status) {
  return status.code() == StatusCode::kInvalidArgument || status.code() == StatusCode::kNotFound;
}

// Would a copy of the request that is still on its way meet the same answer? Not if clocks decide, or names: an object without one may
// get one again. Orders only rise, a set of ops never comes back, and seals, purges and reaping are for good.
bool MayPassLater(CommitCode code, const CommitRequest& request) {
  if (IsMutant(Mutant::kLateCopyForgotten)) return false;
  const bool by_clock = code == CommitCode::kDrift || code == CommitCode::kEncodingExpired;
  const bool by_name = code == CommitCode::kObjectGone || (code == CommitCode::kPrecondition && request.if_name);
  const bool by_upload = code == CommitCode::kObjectGone && request.complete_upload;  // which never comes back
  return by_clock || (by_name && !by_upload) || code == CommitCode::kVersioning;
}

// Sends one request until its outcome is known. A refusal is no outcome while an earlier copy may arrive yet.
Result<CommitReply> SendUntilKnown(const Context& context, ClientCore& core, const CommitRequest& request) {
  Duration back_off = kFirstBackOff;
  bool in_doubt = false;
  for (;;) {
    Result<CommitReply> reply = core.to.catalog.commits.Commit(context.Within(kCommitPatience), request);
    const bool copies = reply.ok() && (in_doubt || reply->repeated);
    if (copies && MayPassLater(reply->code, request)) return InDoubt(kCommitInDoubt, RefusalOf(reply->code));
    if (reply.ok() || IsRefusal(reply.status())) return reply;
    const bool busy = reply.status().code() == StatusCode::kResourceExhausted;
    in_doubt = in_doubt || MayHaveHappened(reply.status());
    const bool give_up = !(busy || IsRetryable(reply.status())) || !context.Check().ok();
    if (IsMutant(Mutant::kDoubtNotTold)) in_doubt = false;
    if (give_up) return in_doubt ? InDoubt(kCommitInDoubt, reply.status()) : reply.status();
    ++core.counters.commits_in_doubt;
    const auto jitter = Duration(static_cast<int64_t>(core.to.random.Below(static_cast<uint64_t>(back_off.count()))));
    SleepUntil(std::min(MonotonicNow() + back_off / 2 + jitter, context.deadline()));
    back_off = std::min(back_off * 2, kLongestBackOff);
  }
}

void NoteAcknowledged(ClientCore& core, const OpenedBucket& bucket, const CommitPlan& plan,
                      const std::vector<Order>& orders) {
  for (size_t i = 0; i < plan.ops.size(); ++i) {
    OpRecord record = plan.ops[i].record;
    record.bucket = bucket.id();
    core.acknowledged.Note(record, orders[i]);
    core.offers.NoteOp(bucket, record);
  }
}

// After a failover the catalog's clock may be behind what the one before it said. Orders never go back, so they are ahead until it has
// caught up: that is waited for. True if it has by now.
bool AwaitCatalogsClock(const Context& context, const Order& order, const CommitReply& reply) {
  const int64_t ahead = HlcMillis(order.hlc) - reply.now_ms;
  const MonotonicTime caught_up = MonotonicNow() + std::chrono::milliseconds(ahead);
  if (ahead <= 0 || ahead > kDriftWaitedMs || caught_up > context.deadline()) return false;
  SleepUntil(caught_up);
  return true;
}

}  // namespace

bool MayHaveHappened(const Status& status) { return IsRetryable(status) || status.code() == StatusCode::kCancelled; }

Status InDoubt(const std::string& what, const Status& last) {
  const StatusCode code = last.code() == StatusCode::kDeadlineExceeded ? last.code() : StatusCode::kUnavailable;
  return Status(code, what + "; " + last.message()).WithDetail("pbfs-outcome", "in-doubt");
}

OpRecord NewRecord(ClientCore& core, OpKind kind, const ObjectId& object) {
  OpRecord record;
  record.kind = kind;
  record.op = OpId::New(core.clock.NowMillis(), core.to.random);
  record.object = object;
  return record;
}

std::optional<NameCondition> ConditionOf(const PutOptions& options) {
  if (options.if_bound_to.has_value()) return NameCondition{*options.if_bound_to};
  if (options.if_none_match) return NameCondition{};
  return std::nullopt;
}

LastOp Binding(ClientCore& core, const std::string& name, const PutOptions& options) {
  return [&core, name, &options](const ObjectId& object, const Opset& opset) -> Result<PlannedOp> {
    ObjectMetadata metadata = options.metadata;
    if (options.at_end) PBFS_RETURN_IF_ERROR(options.at_end(metadata));
    PinTo(opset, metadata);
    PBFS_ASSIGN_OR_RETURN(Bytes encoded, EncodeMetadata(metadata));
    PlannedOp bind{NewRecord(core, OpKind::kBind, object), std::move(encoded)};
    bind.record.name = name;
    return bind;
  };
}

LastOp Sealing(ClientCore& core) {
  return [&core](const ObjectId& object, const Opset&) -> Result<PlannedOp> {
    return PlannedOp{NewRecord(core, OpKind::kSeal, object), {}};
  };
}

void SetBound(const Committed& done, Written& written) {
  written.order = done.orders.back();
  written.versioning = done.versioning;
}

Opset OpsetOf(const CommitPlan& plan) {
  Opset opset{};
  for (const PlannedOp& op : plan.ops) {
    const OpKind kind = op.record.kind;
    if (kind != OpKind::kWrite && kind != OpKind::kZero && kind != OpKind::kTrunc && kind != OpKind::kClone) continue;
    opset = OpsetAfter(opset, op.record.op);
  }
  return opset;
}

Result<Committed> CommitOps(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                            const CommitPlan& plan) {
  PBFS_RETURN_IF_ERROR(bucket.CheckMayWrite());
  if (std::any_of(plan.ops.begin(), plan.ops.end(), NamesNobody)) return RefusalOf(CommitCode::kObjectGone);
  PBFS_ASSIGN_OR_RETURN(const SiteId site, core.cluster.Site(context));
  Hlc above = 0;
  for (int attempt = 0; attempt < kMaxStaleRetries; ++attempt) {
    PBFS_RETURN_IF_ERROR(context.Check());
    Committed done;
    const auto keyring = bucket.keyring();
    CommitRequest request;
    request.bucket = bucket.id();
    request.bodies = plan.bodies;
    request.creates = plan.creates;
    request.if_opset = plan.if_opset;
    request.if_name = plan.if_name;
    request.complete_upload = plan.complete_upload;
    request.if_meta = plan.if_meta;
    request.versioning = done.versioning = bucket.versioning();
    for (const PlannedOp& planned : plan.ops) {
      PlannedOp op = planned;
      op.record.observed = core.clock.Seen();
      op.record.site = site;
      above = core.NextHlc(above);
      done.orders.push_back({above, core.wid});
      request.records.push_back(EncodePlanned(core, *keyring, bucket.signing, op, done.orders.back()));
    }
    PBFS_ASSIGN_OR_RETURN(done.reply, SendUntilKnown(context, core, request));
    core.Observe(done.reply.max_hlc, done.reply.now_ms);
    ++core.counters.commits;
    const bool stale_is_done = IsMutant(Mutant::kStaleTakenForDone) && done.reply.code == CommitCode::kOrderStale;
    if (done.reply.code == CommitCode::kOk || done.reply.code == CommitCode::kReplay || stale_is_done) {
      NoteAcknowledged(core, bucket, plan, done.orders);
      return done;
    }
    if (done.reply.code == CommitCode::kVersioning) {
      bucket.Learn(done.reply.versioning);
      continue;
    }
    if (done.reply.code == CommitCode::kEncodingExpired) core.cluster.Invalidate();  // its stores may be gone
    if (done.reply.code == CommitCode::kDrift && AwaitCatalogsClock(context, done.orders.back(), done.reply)) continue;
    if (done.reply.code != CommitCode::kOrderStale) return RefusalOf(done.reply.code);
    ++core.counters.orders_stale;
    above = done.reply.max_hlc;
  }
  return AbortedError("the region is too busy: every order was stale");
}

bool IsEncodingExpired(const Status& status) {
  return status.Detail("pbfs-code") == CommitCodeName(CommitCode::kEncodingExpired);
}

}  // namespace pbfs
