#include "libs/client/opened_bucket.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/mutants.h"

namespace pbfs {

int OpenedBucket::RequiredReceipts(uint8_t shards_k, uint8_t shards_n) const {
  if (IsMutant(Mutant::kQuorumOfK)) return shards_k;
  const bool own_scheme = shards_k == k && shards_n == n();
  if (own_scheme && info.settings.w.has_value()) return *info.settings.w;
  return shards_k + (shards_n - shards_k + 1) / 2;
}

Result<const BucketKeys*> OpenedKeyring::KeysOf(uint32_t epoch) const {
  for (const BucketKeys& of_epoch : keys) {
    if (of_epoch.epoch == epoch) return &of_epoch;
  }
  return DataLossError(fmt::format("keyring version {} has no key of epoch {}", version, epoch))
      .WithDetail("pbfs-code", "UNKNOWN_EPOCH");
}

std::shared_ptr<const OpenedKeyring> OpenedBucket::keyring() const {
  MutexLock lock(mutex_);
  return keyring_;
}

void OpenedBucket::Adopt(std::shared_ptr<const OpenedKeyring> newer) const {
  MutexLock lock(mutex_);
  if (newer->version > keyring_->version) keyring_ = std::move(newer);
}

Status OpenedBucket::CheckMayWrite() const {
  const auto now = keyring();
  const bool writer = std::find(now->writers.begin(), now->writers.end(), signing.public_key) != now->writers.end();
  if (!now->must_sign || writer) return OkStatus();
  return PermissionDeniedError(fmt::format("bucket {}: this client's key may read, not write", info.settings.name));
}

Status BadRecord(const std::string& what) {
  return DataLossError("BAD_RECORD: " + what + "; the catalog shows something that no key holder wrote")
      .WithDetail("pbfs-code", "BAD_RECORD");
}

Status StaleOrRollback(const std::string& what) {
  return DataLossError("STALE_OR_ROLLBACK: " + what).WithDetail("pbfs-code", "STALE_OR_ROLLBACK");
}

Result<OpRecord> VerifyRecord(const OpenedKeyring& keyring, ByteSpan bytes) {
  Result<OpRecord> record = DecodeRecord(bytes);
  if (!record.ok()) return BadRecord(record.status().message());
  if (record->bucket != keyring.bucket) return BadRecord("a record of another bucket");
  PBFS_ASSIGN_OR_RETURN(const BucketKeys* keys, keyring.KeysOf(record->key_epoch));
  if (!VerifyRecordMac(bytes, *keys) && !IsMutant(Mutant::kRecordMacUnchecked))
    return BadRecord("a MAC that does not fit");
  const bool signed_by_writer =
      !keyring.must_sign || std::any_of(keyring.writers.begin(), keyring.writers.end(),
                                        [&](const PublicKey& writer) { return VerifyRecordSignature(bytes, writer); });
  if (!signed_by_writer) return BadRecord("no writer's signature");
  return record;
}

}  // namespace pbfs
