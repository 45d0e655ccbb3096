#pragma once

#include <optional>
#include <vector>

#include "libs/client/client_core.h"

namespace pbfs {

/// One Commit before it has its orders: what stays the same however often it is made again.
struct CommitDraft {
  struct Op {
    OpRecord record;                         // without order and MAC; a REHOME's runs have their own orders
    std::optional<ObjectMetadata> metadata;  // BIND, META: sealed anew for each order
  };
  std::vector<Op> ops;
  std::vector<BodyUpload> bodies;
  std::vector<ObjectId> creates;
  std::optional<Opset> if_opset;
  std::optional<NameCondition> if_name;
};

/// What a Commit came to: the records as they were accepted.
struct Committed {
  std::vector<OpRecord> records;
  CommitReply reply;
  Order order() const { return records.back().order; }
};

/// Makes the records (orders, metadata, MACs), commits, and sees it through (format, section 9.1): ORDER_STALE takes a newer
/// order, an unknown outcome the same request again until the deadline.
/// Errors: ABORTED with detail pbfs-code ENCODING_EXPIRED (upload again under new ids), SOURCE_GONE (list again),
/// ORDER_STALE (lost every race); FAILED_PRECONDITION (PRECONDITION, SEALED, DRIFT ...); NOT_FOUND (OBJECT_GONE);
/// UNAVAILABLE or DEADLINE_EXCEEDED with detail pbfs-outcome in-doubt: it may have happened.
Result<Committed> CommitOps(const Context& context, ClientCore& core, const BucketState& bucket, CommitDraft draft);

/// A fresh op of `kind`.
CommitDraft::Op NewOp(ClientCore& core, const BucketState& bucket, OpKind kind, ObjectId object);
/// The code of a status as CommitOps makes them; none if it has none.
bool HasCode(const Status& status, CommitCode code);

}  // namespace pbfs
