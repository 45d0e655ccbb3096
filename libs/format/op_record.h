#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libs/base/ids.h"
#include "libs/format/body.h"
#include "libs/format/keys.h"
#include "libs/model/extent.h"
#include "libs/model/op_kind.h"

namespace pbfs {

/// A body as an op record names it.
struct RecordBody {
  BodyHeaderBytes header{};
  Digest32 ct_root{};  // zeros in crc32c mode
  friend bool operator==(const RecordBody&, const RecordBody&) = default;
};

/// A placed range, or a run of a REHOME. `index` counts within bodies or sources; 0 for zeros.
struct RecordExtent {
  int64_t lo = 0;
  int64_t hi = 0;
  Order order;
  int64_t inner = 0;
  uint32_t index = 0;
  SourceKind kind = SourceKind::kZeros;
  friend bool operator==(const RecordExtent&, const RecordExtent&) = default;
};

/// An extent that a REHOME copied; `body` is null for zeros and references.
struct ListedSource {
  int64_t lo = 0;
  int64_t hi = 0;
  Order order;
  BodyId body;
  friend bool operator==(const ListedSource&, const ListedSource&) = default;
};

/// The authenticated statement of one op (format, section 6). Its bytes are made once by the client, shipped and stored
/// verbatim, never made again; its digest is its MAC. Fields that its kind does not have are empty.
struct OpRecord {
  OpKind kind = OpKind::kWrite;
  BucketId bucket;
  OpId op;
  ObjectId object;         // of an UNBIND: the object seen bound, or null
  Order order;             // of a REHOME: information only
  Hlc observed = 0;        // the greatest hlc that the writer had seen
  uint32_t key_epoch = 0;  // of the MAC
  SiteId site;             // where it is to be committed
  bool is_signed = false;

  std::vector<RecordBody> bodies;     // in the order of first use
  std::vector<ObjectId> sources;      // sealed objects, likewise
  std::vector<RecordExtent> extents;  // sorted by lo, disjoint

  int64_t trunc_length = 0;          // TRUNC
  std::string name;                  // BIND, UNBIND, DROP
  Bytes metadata;                    // BIND, META: sealed
  Hlc list_frontier = 0;             // REHOME
  std::vector<ListedSource> listed;  // REHOME
  Order dropped;                     // DROP

  /// Where the source of `extent` is, as the catalog keeps it.
  Source SourceOf(const RecordExtent& extent) const;
  friend bool operator==(const OpRecord&, const OpRecord&) = default;
};

/// Appends extents of an own-order op that place `size` bytes of source `index` at `lo`, split at region borders.
void PlaceBody(OpRecord& record, int64_t lo, int64_t size, int64_t inner, uint32_t index);

/// What is wrong with a record by itself: geometry, canonical order, limits, fields that its kind does not have. Encode()
/// requires it to be OK, Decode() tests it. Errors: INVALID_ARGUMENT (the caller answers BAD_OP).
Status CheckRecord(const OpRecord& record);

inline constexpr size_t kRecordMacSize = 32;
inline constexpr size_t kRecordSignatureSize = 64;

/// The canonical bytes with their MAC, and a signature if `signing` is given (it sets is_signed). To give an op a new order,
/// change the record and encode again: a few microseconds.
Bytes EncodeRecord(OpRecord record, const BucketKeys& keys, const SigningKey* signing = nullptr);
/// The fields, unauthenticated. Errors: INVALID_ARGUMENT not canonical, beyond a limit, or not of version 1.
Result<OpRecord> DecodeRecord(ByteSpan bytes);
/// The MAC bytes of a record that decoded: its digest.
Digest32 RecordDigest(ByteSpan bytes);
/// Whether the MAC is that of `keys`, in constant time.
bool VerifyRecordMac(ByteSpan bytes, const BucketKeys& keys);
/// Whether the record carries a signature of `signer`.
bool VerifyRecordSignature(ByteSpan bytes, const PublicKey& signer);

}  // namespace pbfs
