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

Result<const BucketKeys*> OpenedBucket::KeysOf(uint32_t epoch) const {
  for (const BucketKeys& of_epoch : keys) {
    if (of_epoch.epoch == epoch) return &of_epoch;
  }
  return DataLossError(
      fmt::format("bucket {}: the keyring has no key of epoch {}; open the bucket again", info.settings.name, epoch));
}

Status OpenedBucket::CheckMayWrite() const {
  const bool writer = std::find(writers.begin(), writers.end(), signing.public_key) != writers.end();
  if (!must_sign || writer) return OkStatus();
  return PermissionDeniedError(fmt::format("bucket {}: this client's key may read, not write", info.settings.name));
}

Status BadRecord(const std::string& what) {
  return DataLossError("BAD_RECORD: " + what + "; the catalog shows something that no key holder wrote")
      .WithDetail("pbfs-code", "BAD_RECORD");
}

Result<OpRecord> VerifyRecord(const OpenedBucket& bucket, ByteSpan bytes) {
  Result<OpRecord> record = DecodeRecord(bytes);
  if (!record.ok()) return BadRecord(record.status().message());
  if (record->bucket != bucket.id()) return BadRecord("a record of another bucket");
  PBFS_ASSIGN_OR_RETURN(const BucketKeys* keys, bucket.KeysOf(record->key_epoch));
  if (!VerifyRecordMac(bytes, *keys) && !IsMutant(Mutant::kRecordMacUnchecked))
    return BadRecord("a MAC that does not fit");
  const bool signed_by_writer =
      !bucket.must_sign || std::any_of(bucket.writers.begin(), bucket.writers.end(),
                                       [&](const PublicKey& writer) { return VerifyRecordSignature(bytes, writer); });
  if (!signed_by_writer) return BadRecord("no writer's signature");
  return record;
}

}  // namespace pbfs
