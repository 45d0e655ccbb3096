#pragma once

#include <memory>
#include <unordered_map>

#include "libs/client/client_core.h"
#include "libs/model/skyline.h"

namespace pbfs {

/// A body that a verified record names, with its key.
struct ListedBody {
  BodyRow row;
  BodyHeader header;
  Key32 dek;
  Geometry geometry() const {
    return row.encoding ? header.GeometryFor(row.encoding->k, row.encoding->n) : header.GeometryFor(1, 1);
  }
};

/// A stretch of an object whose bytes come from one place, verified (I28).
struct ViewPiece {
  int64_t lo = 0;
  int64_t hi = 0;
  Extent extent;       // the catalog's row, uncut
  int64_t inner = 0;   // where in the source byte lo is
  std::shared_ptr<const ListedBody> body;  // of a body
};

/// What a catalog says of a range of an object, verified: the visible pieces, and what they rest on.
struct ObjectView {
  int64_t lo = 0;
  int64_t hi = 0;
  int64_t size = 0;
  Opset opset{};
  bool sealed = false;
  Hlc frontier = 0;
  Hlc span_hlc = 0;
  std::vector<RegionHead> regions;
  std::vector<Extent> extents;     // all that were listed
  std::vector<ViewPiece> pieces;   // disjoint, in order
  std::unordered_map<OpId, OpKind> ops;  // of the records
  MonotonicTime lease_end;
};

/// Lists [lo, hi) and verifies every visible row.
/// Errors: NOT_FOUND, OUT_OF_RANGE, UNAVAILABLE; DATA_LOSS with detail pbfs-code BAD_RECORD or STALE_OR_ROLLBACK.
Result<ObjectView> ViewObject(const Context& context, ClientCore& core, const BucketState& bucket, ObjectId object,
                              int64_t lo, int64_t hi, std::optional<Hlc> as_of = {});

/// A record as it came from a catalog: decoded, of this bucket, its MAC and signature right.
/// Errors: DATA_LOSS with detail pbfs-code BAD_RECORD.
Result<OpRecord> VerifyRecord(const BucketState& bucket, ByteSpan bytes);
Status BadRecord(const std::string& what);

}  // namespace pbfs
