#pragma once

#include <functional>

#include "libs/client/parts.h"
#include "libs/format/op_record.h"

namespace pbfs {

/// An op before it has an order. Extents of content ops get the op's order when it is drawn; runs of a REHOME keep theirs.
struct PlannedOp {
  OpRecord record;
  Bytes metadata;  // BIND, META: sealed anew under each order
};

/// A Commit as the client wants it.
struct CommitPlan {
  std::vector<PlannedOp> ops;
  std::vector<BodyUpload> bodies;
  std::vector<ObjectId> creates;
  std::optional<Opset> if_opset;
  std::optional<NameCondition> if_name;
  std::optional<UploadId> complete_upload;
  std::optional<Order> if_meta;
};

/// What `options` ask of the name.
std::optional<NameCondition> ConditionOf(const PutOptions& options);

/// The op that comes with the last of a new object, whose content has this opset then: BIND or SEAL.
using LastOp = std::function<Result<PlannedOp>(const ObjectId& object, const Opset& opset)>;
/// BIND: the metadata are completed by PutOptions::at_end and pinned to the content. `options` outlive it.
LastOp Binding(ClientCore& core, const std::string& name, const PutOptions& options);
LastOp Sealing(ClientCore& core);

/// How the content ops of a plan change their object's opset.
Opset OpsetOf(const CommitPlan& plan);

struct Committed {
  std::vector<Order> orders;  // of the ops
  CommitReply reply;
  Versioning versioning = Versioning::kOff;  // of the bucket, if the plan has names
};
/// What a Commit whose last op binds a name says of it.
void SetBound(const Committed& done, Written& written);

/// A new object with all of `source`, sealed with its last Commit, and without a name.
Result<Written> CreateSealed(const Context& context, ClientCore& core,
                             const std::shared_ptr<const OpenedBucket>& bucket, ByteSource& source);

/// A record with a fresh op id.
OpRecord NewRecord(ClientCore& core, OpKind kind, const ObjectId& object);

/// Commits: draws orders, MACs, sends; a stale order means new orders and MACs, never an upload; an unknown outcome means the
/// same request again until the deadline, then UNAVAILABLE "in doubt".
/// Errors: what Client documents; detail pbfs-code carries the catalog's code. ENCODING_EXPIRED is FAILED_PRECONDITION with
/// that code: upload again.
Result<Committed> CommitOps(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                            const CommitPlan& plan);

/// Whether `status` of a change leaves open if it happened.
bool MayHaveHappened(const Status& status);
/// UNAVAILABLE, or DEADLINE_EXCEEDED if that was the last answer, with the detail pbfs-outcome "in-doubt".
Status InDoubt(const std::string& what, const Status& last);

/// Whether `status` says that encodings expired before their commit.
bool IsEncodingExpired(const Status& status);

}  // namespace pbfs
