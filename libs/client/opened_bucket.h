#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/sync.h"
#include "libs/catalog/types.h"
#include "libs/format/keys.h"
#include "libs/format/op_record.h"

namespace pbfs {

/// What one version of a bucket's keyring gives this client. Immutable; holds secrets, so it is never printed.
struct OpenedKeyring {
  BucketId bucket;
  int64_t version = 0;
  std::vector<BucketKeys> keys;  // newest epoch first, at least one
  /// With more than one recipient a MAC proves only that some key holder made a record, so each carries the signature of a
  /// writer (format, section 12).
  bool must_sign = false;
  std::vector<PublicKey> writers;  // whose signatures count

  /// What new bodies and records are made with.
  const BucketKeys& newest() const { return keys.front(); }
  /// Errors: DATA_LOSS with detail pbfs-code UNKNOWN_EPOCH: this keyring has no such key. A newer one may (WithNewestKeys).
  Result<const BucketKeys*> KeysOf(uint32_t epoch) const;
};

/// An opened bucket: its settings, and the newest of its keyrings that this client knows. Shared by whoever works on it.
/// Whoever needs several things of the keyring to fit together takes it once. Threads: any.
class OpenedBucket : public std::enable_shared_from_this<OpenedBucket> {
 public:
  OpenedBucket(BucketInfo shown, std::shared_ptr<const OpenedKeyring> keyring)
      : info(std::move(shown)), versioning_(info.settings.versioning), keyring_(std::move(keyring)) {}

  const BucketInfo info;  // as it was when it was opened
  uint8_t k = 4, m = 2;   // of new encodings
  SigningKey signing;     // this client's

  std::shared_ptr<const OpenedKeyring> keyring() const;
  /// From now on everybody who works on the bucket has this one, unless theirs is newer.
  void Adopt(std::shared_ptr<const OpenedKeyring> newer) const;
  /// Errors: PERMISSION_DENIED this client is a reader: nobody would believe its records.
  Status CheckMayWrite() const;
  const BucketId& id() const { return info.id; }
  uint8_t n() const { return static_cast<uint8_t>(k + m); }
  /// Receipts that a commit needs for an encoding of (shards k of n): k + ceil(m / 2), or the bucket's own w (I17).
  int RequiredReceipts(uint8_t shards_k, uint8_t shards_n) const;
  /// As the catalog said it last.
  Versioning versioning() const { return versioning_; }
  void Learn(Versioning versioning) const { versioning_ = versioning; }

 private:
  mutable std::atomic<Versioning> versioning_;
  mutable Mutex mutex_;
  mutable std::shared_ptr<const OpenedKeyring> keyring_ PBFS_GUARDED_BY(mutex_);
};

/// A record as a catalog shows it: decoded, of this bucket, its MAC right, and signed by a writer where that is asked for.
/// Errors: DATA_LOSS with detail pbfs-code BAD_RECORD, or UNKNOWN_EPOCH (OpenedKeyring::KeysOf).
Result<OpRecord> VerifyRecord(const OpenedKeyring& keyring, ByteSpan bytes);
/// DATA_LOSS with detail pbfs-code BAD_RECORD.
Status BadRecord(const std::string& what);
/// DATA_LOSS with detail pbfs-code STALE_OR_ROLLBACK: what a catalog shows is older than what this client knows.
Status StaleOrRollback(const std::string& what);

}  // namespace pbfs
