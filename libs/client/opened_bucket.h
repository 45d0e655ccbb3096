#pragma once

#include <memory>
#include <vector>

#include "libs/catalog/types.h"
#include "libs/format/keys.h"
#include "libs/format/op_record.h"

namespace pbfs {

/// An opened bucket: its settings and its keys. Immutable, shared by whoever works on it; holds secrets, so it is never
/// printed.
/// Threads: any.
struct OpenedBucket : std::enable_shared_from_this<OpenedBucket> {
  BucketInfo info;
  uint8_t k = 4, m = 2;          // of new encodings
  std::vector<BucketKeys> keys;  // newest epoch first, at least one
  /// With more than one recipient a MAC proves only that some key holder made a record, so each carries the signature of a
  /// writer (format, section 12).
  bool must_sign = false;
  SigningKey signing;              // this client's
  std::vector<PublicKey> writers;  // whose signatures count

  /// Errors: PERMISSION_DENIED this client is a reader: nobody would believe its records.
  Status CheckMayWrite() const;
  const BucketId& id() const { return info.id; }
  uint8_t n() const { return static_cast<uint8_t>(k + m); }
  /// Receipts that a commit needs for an encoding of (shards k of n): k + ceil(m / 2), or the bucket's own w (I17).
  int RequiredReceipts(uint8_t shards_k, uint8_t shards_n) const;
  /// Of the newest epoch: what new bodies and records are made with.
  const BucketKeys& newest_keys() const { return keys.front(); }
  /// Errors: DATA_LOSS an epoch that the keyring does not have.
  Result<const BucketKeys*> KeysOf(uint32_t epoch) const;
};

/// A record as a catalog shows it: decoded, of this bucket, its MAC right, and signed by a writer where that is asked for.
/// Errors: DATA_LOSS with detail pbfs-code BAD_RECORD; DATA_LOSS an epoch that the keyring does not have.
Result<OpRecord> VerifyRecord(const OpenedBucket& bucket, ByteSpan bytes);
/// DATA_LOSS with detail pbfs-code BAD_RECORD.
Status BadRecord(const std::string& what);

}  // namespace pbfs
