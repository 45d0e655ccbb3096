#include "libs/client/commit_draft.h"

#include <fmt/format.h>

#include "libs/client/metadata.h"

namespace pbfs {
namespace {

constexpr int kMaxStale = 64;

/// The status of a refusal (format, section 16).
Status StatusOf(CommitCode code) {
  const auto make = [&](StatusCode status, const char* what) {
    return Status(status, fmt::format("{}: {}", CommitCodeName(code), what)).WithDetail("pbfs-code", CommitCodeName(code));
  };
  switch (code) {
    case CommitCode::kOk:
    case CommitCode::kReplay: return OkStatus();
    case CommitCode::kOrderStale: return make(StatusCode::kAborted, "other writers were always faster; try again");
    case CommitCode::kEncodingExpired: return make(StatusCode::kAborted, "the upload took too long; upload again");
    case CommitCode::kSourceGone: return make(StatusCode::kAborted, "what it refers to was replaced meanwhile; try again");
    case CommitCode::kObjectGone: return make(StatusCode::kNotFound, "the object is deleted or was never there");
    case CommitCode::kDrift: return make(StatusCode::kFailedPrecondition, "this clock is too far ahead; set it right");
    case CommitCode::kPrecondition: return make(StatusCode::kFailedPrecondition, "the condition does not hold");
    case CommitCode::kSealed: return make(StatusCode::kFailedPrecondition, "the object is sealed and takes no writes");
    case CommitCode::kTooDeep: return make(StatusCode::kFailedPrecondition, "references nest too deep; clone by rows");
    case CommitCode::kOpTooOld: return make(StatusCode::kFailedPrecondition, "the op id is too old; begin again");
    case CommitCode::kOpIdReused: return make(StatusCode::kAlreadyExists, "the op id was used for something else");
    case CommitCode::kBrokenPromise:
    case CommitCode::kBadOp: return make(StatusCode::kInvalidArgument, "the catalog refuses this op as malformed");
  }
  return InternalError(fmt::format("the catalog answered with code {}", static_cast<int>(code)));
}

Status InDoubt(const Status& status) {
  const StatusCode code = IsRetryable(status) ? status.code() : StatusCode::kUnavailable;
  Status doubt(code, fmt::format("the commit is in doubt: no catalog said whether it happened ({}); read before you write "
                                 "it again", status.message()));
  return std::move(doubt).WithDetail("pbfs-outcome", "in-doubt");
}

class Committer {
 public:
  Committer(const Context& context, ClientCore& core, const BucketState& bucket, CommitDraft draft)
      : context_(core.Step(context)), core_(core), bucket_(bucket), draft_(std::move(draft)), backoff_(core.world.random) {
    request_.bucket = bucket.info.id;
    request_.bodies = std::move(draft_.bodies);
    request_.creates = std::move(draft_.creates);
    request_.if_opset = draft_.if_opset;
    request_.if_name = draft_.if_name;
  }

  Result<Committed> Run() {
    Hlc above = 0;
    for (int stale = 0; stale < kMaxStale; ++stale) {
      PBFS_RETURN_IF_ERROR(MakeRecords(above));
      Result<CommitReply> reply = Send();
      if (!reply.ok()) return reply.status();
      core_.Observe(reply->max_hlc, reply->now_ms);
      if (reply->code == CommitCode::kOk || reply->code == CommitCode::kReplay) return Done(*reply);
      if (reply->code != CommitCode::kOrderStale) return StatusOf(reply->code);
      ++core_.counters.orders_stale;
      above = reply->max_hlc;
      if (stale >= 4) PBFS_RETURN_IF_ERROR(backoff_.Pause(context_));
    }
    return StatusOf(CommitCode::kOrderStale);
  }

 private:
  Status MakeRecords(Hlc above) {
    request_.records.clear();
    PBFS_ASSIGN_OR_RETURN(const auto map, core_.cluster.Map(context_));
    for (CommitDraft::Op& op : draft_.ops) {
      OpRecord& record = op.record;
      record.observed = core_.hlc.Seen();
      record.order = {core_.NextHlc(above), core_.wid};
      above = record.order.hlc;
      record.site = map->site;
      record.key_epoch = bucket_.epoch;
      if (record.kind != OpKind::kRehome) {
        for (RecordExtent& extent : record.extents) extent.order = record.order;
      }
      if (op.metadata) {
        record.metadata = SealMetadata(bucket_.newest(), record.object, record.order, EncodeMetadata(*op.metadata),
                                       core_.world.random);
      }
      PBFS_RETURN_IF_ERROR(CheckRecord(record));
      request_.records.push_back(Buffer::FromBytes(
          EncodeRecord(record, bucket_.newest(), bucket_.must_sign() ? &bucket_.signing : nullptr)));
    }
    return OkStatus();
  }

  /// The same request until somebody says what came of it.
  Result<CommitReply> Send() {
    for (;;) {
      ++core_.counters.commits;
      Result<CommitReply> reply =
          core_.world.catalog.commits.Commit(context_.Within(std::chrono::seconds(10)), request_);
      if (reply.ok()) return reply;
      const Status status = reply.status();
      if (IsRetryable(status) || status.code() == StatusCode::kCancelled) in_doubt_ = true;
      if (!MayPass(status)) return in_doubt_ && !IsRefusal(status) ? InDoubt(status) : status.Annotate("commit: ");
      if (!backoff_.Pause(context_, status).ok()) return in_doubt_ ? InDoubt(status) : status.Annotate("commit: ");
      ++core_.counters.commits_in_doubt;
    }
  }

  /// An answer of the catalog to this very request: nothing of it happened, now or before.
  static bool IsRefusal(const Status& status) {
    return status.code() == StatusCode::kInvalidArgument || status.code() == StatusCode::kNotFound;
  }

  Committed Done(const CommitReply& reply) {
    Committed committed;
    committed.reply = reply;
    for (CommitDraft::Op& op : draft_.ops) {
      core_.own.Note(op.record);
      committed.records.push_back(std::move(op.record));
    }
    return committed;
  }

  const Context context_;
  ClientCore& core_;
  const BucketState& bucket_;
  CommitDraft draft_;
  CommitRequest request_;
  Backoff backoff_;
  bool in_doubt_ = false;
};

}  // namespace

Result<Committed> CommitOps(const Context& context, ClientCore& core, const BucketState& bucket, CommitDraft draft) {
  return Committer(context, core, bucket, std::move(draft)).Run();
}

CommitDraft::Op NewOp(ClientCore& core, const BucketState& bucket, OpKind kind, ObjectId object) {
  CommitDraft::Op op;
  op.record.kind = kind;
  op.record.bucket = bucket.info.id;
  op.record.op = core.NewOpId();
  op.record.object = object;
  return op;
}

bool HasCode(const Status& status, CommitCode code) { return status.Detail("pbfs-code") == CommitCodeName(code); }

}  // namespace pbfs
