#pragma once

#include <functional>
#include <span>
#include <vector>

#include "libs/base/result.h"
#include "libs/catalog/types.h"
#include "libs/model/op_kind.h"

/// A CommitRequest after everything that can be checked without the catalog's state: records decoded, geometry, names,
/// receipts. What Decide (decide.h) works on.
namespace pbfs {

/// A listed source of a REHOME: names one extent. `body` is null for zeros and references.
struct RehomeSource {
  int64_t lo = 0;
  int64_t hi = 0;
  Order order;
  BodyId body;
  friend bool operator==(const RehomeSource&, const RehomeSource&) = default;
};

/// One op record, decoded. Fields that its kind does not have are empty.
struct ParsedOp {
  OpKind kind = OpKind::kWrite;
  OpId op;
  ObjectId object;                    // of an UNBIND: the object seen bound, or null; of a BIND: the object to bind
  Order order;                        // of a REHOME: information only
  Buffer record;                      // verbatim
  std::array<uint8_t, 32> digest{};   // its MAC
  std::vector<Extent> extents;        // WRITE, ZERO, TRUNC, CLONE at `order`; the runs of a REHOME at their own orders
  std::vector<RehomeSource> sources;  // REHOME
  std::string name;                   // BIND, UNBIND, DROP
  Order dropped;                      // DROP: the order of the binding to forget

  bool IsSpan() const;  // TRUNC, or an extent longer than a region: holds the object alone
  bool IsName() const { return kind == OpKind::kBind || kind == OpKind::kUnbind || kind == OpKind::kDrop; }
};

/// A new body, complete but for `missing`, which depends on the placement group's current members.
struct ParsedBody {
  BodyRow row;
  struct Held {
    uint8_t shard = 0;
    StoreId store;
  };
  std::vector<Held> held;  // the verified receipts
  int required = 0;        // of them
};

struct ParsedCommit {
  BucketId bucket;
  std::vector<ParsedOp> ops;       // at least one
  std::vector<ParsedBody> bodies;  // new ones
  std::vector<ObjectId> creates;
  std::optional<Opset> if_opset;
  std::optional<NameCondition> if_name;
  std::optional<UploadId> complete_upload;
  std::optional<Order> if_meta;
  Versioning versioning =
      Versioning::kOff;     // of the bucket, as the client or the catalog remembers it: what is locked depends on it
  size_t record_bytes = 0;  // of all records and inline bodies: what a batch is measured by
  CommitCode refused = CommitCode::kOk;  // kBadOp: answer with it, do not decide

  bool IsRehome() const { return ops[0].kind == OpKind::kRehome; }
  bool HasNames() const;  // whether one of the ops is about a name
};

/// Verifies the MAC of a 64-byte receipt; null where nobody can lie (simulations of honest stores).
using ReceiptVerifier = std::function<bool(ByteSpan receipt, StoreId store)>;

/// What ParseCommit needs to know of the site and the bucket.
struct ParseRules {
  BucketSettings bucket;
  uint8_t default_k = 4;  // of the site, for a bucket without a scheme of its own
  uint8_t default_m = 2;
  ReceiptVerifier verify_receipt;
};

/// Receipts that a commit needs for an encoding: the bucket's w if the encoding has the bucket's scheme and the bucket
/// sets one, else k + ceil(m / 2) (I17).
int RequiredReceipts(const ParseRules& rules, const Encoding& encoding);

/// Errors: INVALID_ARGUMENT for records that do not decode, more than 64 ops, a REHOME among others, names or metadata out
/// of bounds, receipts that do not verify or are too few. Well-formed records that break a rule of geometry give
/// `refused` = kBadOp.
Result<ParsedCommit> ParseCommit(const CommitRequest& request, const ParseRules& rules);

}  // namespace pbfs
