#pragma once

#include <memory>
#include <optional>
#include <string>

#include "libs/client/key_store.h"
#include "libs/client/parts.h"

namespace pbfs {

/// A bucket as a catalog shows it, and the newest of its keyrings that this client had seen before it asked for a state with
/// that: another process may see a newer one at any time.
struct ShownBucket {
  BucketInfo info;
  std::optional<SeenKeyring> seen;
};

/// The bucket of this name. Errors: those of FindBucket.
Result<ShownBucket> FindNewest(const Context& context, ClientCore& core, const std::string& name);
/// The bucket with this id of that name, with a keyring of at least this version, if there is one.
/// Errors: NOT_FOUND it is gone; those of FindBucket.
Result<ShownBucket> FindAgain(const Context& context, ClientCore& core, const BucketInfo& bucket, int64_t min_keyring);

/// The keyring of `shown`, opened with this client's key, and remembered if it is the newest that was seen of its bucket
/// (durable on return; format, section 4).
/// Errors: PERMISSION_DENIED it is not signed by the pinned administrator key, it is another bucket's, or this client is no
/// recipient; DATA_LOSS with detail pbfs-code STALE_OR_ROLLBACK it is older than one seen before, or does not follow it.
Result<std::shared_ptr<const OpenedKeyring>> OpenShownKeyring(KeyStore& keys, const ShownBucket& shown);

/// Fetches the keyring anew: from now on whoever works on the bucket has it. Without effect if there is no newer one.
/// Errors: NOT_FOUND the bucket is gone; DATA_LOSS with detail pbfs-code STALE_OR_ROLLBACK also if it lacks a key that this
/// client has; those of OpenShownKeyring and the catalog.
Status RenewKeyring(const Context& context, ClientCore& core, const OpenedBucket& bucket);

/// Whether something was verified in vain for want of a key that a newer keyring may have.
bool IsUnknownEpoch(const Status& status);

/// Verifies something that the catalog showed. Another client may have rotated the bucket's key since the bucket was opened:
/// where an epoch turns up that the keyring does not have, it is fetched anew and `verify` gets a second turn. An epoch that
/// the newest does not have either is a BAD_RECORD.
template <typename Verify>
auto WithNewestKeys(const Context& context, ClientCore& core, const OpenedBucket& bucket, const Verify& verify)
    -> decltype(verify(*bucket.keyring())) {
  auto first = verify(*bucket.keyring());
  if (!IsUnknownEpoch(first.status())) return first;
  PBFS_RETURN_IF_ERROR(RenewKeyring(context, core, bucket));
  auto second = verify(*bucket.keyring());
  if (IsUnknownEpoch(second.status())) return BadRecord(second.status().message());
  return second;
}

}  // namespace pbfs
