#include "libs/client/keyrings.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/client/listing.h"
#include "libs/format/keyring.h"

namespace pbfs {
namespace {

Status CheckFollows(const Keyring& shown, const Digest32& hash, const SeenKeyring& seen) {
  if (shown.version < seen.version || (shown.version == seen.version && hash != seen.hash))
    return StaleOrRollback("the catalog shows an older keyring than one seen before");
  if (shown.version == seen.version + 1 && shown.previous_hash != seen.hash)
    return StaleOrRollback("the catalog shows a keyring that does not follow the one seen before");
  return OkStatus();
}

bool SameKeys(const BucketKeys& a, const BucketKeys& b) {
  return ConstantTimeEqual(a.kek.span(), b.kek.span()) && ConstantTimeEqual(a.kmac.span(), b.kmac.span()) &&
         ConstantTimeEqual(a.kmeta.span(), b.kmeta.span());
}

// Where versions in between were never seen, their hashes say nothing: but no key is ever dropped or changed.
Status CheckKeepsKeys(const OpenedKeyring& next, const OpenedKeyring& now) {
  for (const BucketKeys& have : now.keys) {
    const Result<const BucketKeys*> kept = next.KeysOf(have.epoch);
    if (!kept.ok() || !SameKeys(**kept, have))
      return StaleOrRollback(fmt::format("the newest keyring lacks the key of epoch {}", have.epoch));
  }
  return OkStatus();
}

}  // namespace

Result<ShownBucket> FindNewest(const Context& context, ClientCore& core, const std::string& name) {
  Buckets& buckets = core.to.catalog.buckets;
  ShownBucket shown;
  PBFS_ASSIGN_OR_RETURN(shown.info, RetryRead(context, [&] { return buckets.FindBucket(context, name, 0); }));
  PBFS_ASSIGN_OR_RETURN(shown.seen, core.to.keys.LastKeyring(shown.info.id));
  if (!shown.seen.has_value() || shown.info.keyring_version >= shown.seen->version) return shown;
  return FindAgain(context, core, shown.info, 0);
}

Result<ShownBucket> FindAgain(const Context& context, ClientCore& core, const BucketInfo& bucket, int64_t min_keyring) {
  Buckets& buckets = core.to.catalog.buckets;
  const std::string& name = bucket.settings.name;
  ShownBucket shown;
  PBFS_ASSIGN_OR_RETURN(shown.seen, core.to.keys.LastKeyring(bucket.id));
  const int64_t wanted = std::max(min_keyring, shown.seen.has_value() ? shown.seen->version : 0);
  PBFS_ASSIGN_OR_RETURN(shown.info, RetryRead(context, [&] { return buckets.FindBucket(context, name, wanted); }));
  if (shown.info.id == bucket.id) return shown;
  return NotFoundError("bucket " + name + ": it is gone, and another has its name");
}

Result<std::shared_ptr<const OpenedKeyring>> OpenShownKeyring(KeyStore& keys, const ShownBucket& shown) {
  const BucketId bucket = shown.info.id;
  PBFS_ASSIGN_OR_RETURN(const ClientIdentity identity, keys.Identity());
  PBFS_ASSIGN_OR_RETURN(const PublicKey admin, keys.AdminPublicKey());
  PBFS_ASSIGN_OR_RETURN(const Keyring keyring, Keyring::Decode(shown.info.keyring, admin));
  if (keyring.bucket != bucket) return PermissionDeniedError("the catalog shows the keyring of another bucket");
  const Digest32 hash = Sha256(shown.info.keyring);
  if (shown.seen.has_value()) PBFS_RETURN_IF_ERROR(CheckFollows(keyring, hash, *shown.seen));
  PBFS_ASSIGN_OR_RETURN(const auto last, keys.LastKeyring(bucket));
  if (!last.has_value() || last->version < keyring.version)
    PBFS_RETURN_IF_ERROR(keys.RememberKeyring(bucket, {keyring.version, hash}));
  PBFS_ASSIGN_OR_RETURN(const auto bucket_keys, OpenKeyring(keyring, identity.box));
  auto opened = std::make_shared<OpenedKeyring>();
  opened->bucket = bucket;
  opened->version = keyring.version;
  for (const auto& [epoch, key] : bucket_keys) opened->keys.push_back(BucketKeys::Derive(bucket, epoch, key));
  opened->must_sign = keyring.recipients.size() > 1;
  for (const Keyring::Recipient& recipient : keyring.recipients) {
    if (recipient.role == KeyringRole::kWriter) opened->writers.push_back(recipient.signing);
  }
  return std::shared_ptr<const OpenedKeyring>(std::move(opened));
}

Status RenewKeyring(const Context& context, ClientCore& core, const OpenedBucket& bucket) {
  const auto now = bucket.keyring();
  PBFS_ASSIGN_OR_RETURN(const ShownBucket shown,
                        FindAgain(context.Within(core.options.timeout), core, bucket.info, now->version + 1));
  PBFS_ASSIGN_OR_RETURN(auto opened, OpenShownKeyring(core.to.keys, shown));
  PBFS_RETURN_IF_ERROR(CheckKeepsKeys(*opened, *now));
  bucket.Adopt(std::move(opened));
  return OkStatus();
}

bool IsUnknownEpoch(const Status& status) { return status.Detail("pbfs-code") == "UNKNOWN_EPOCH"; }

}  // namespace pbfs
