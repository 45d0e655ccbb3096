#include "libs/client/keyrings.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/client/listing.h"
#include "libs/format/keyring.h"

namespace pbfs {
namespace {

Status Stale(const std::string& what) {
  return DataLossError("STALE_OR_ROLLBACK: " + what).WithDetail("pbfs-code", "STALE_OR_ROLLBACK");
}

Status CheckFollows(const Keyring& shown, const Digest32& hash, const SeenKeyring& seen) {
  if (shown.version < seen.version || (shown.version == seen.version && hash != seen.hash))
    return Stale("the catalog shows an older keyring than one seen before");
  if (shown.version == seen.version + 1 && shown.previous_hash != seen.hash)
    return Stale("the catalog shows a keyring that does not follow the one seen before");
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
      return Stale(fmt::format("the newest keyring lacks the key of epoch {}", have.epoch));
  }
  return OkStatus();
}

}  // namespace

Result<std::shared_ptr<const OpenedKeyring>> OpenShownKeyring(KeyStore& keys, const BucketInfo& shown) {
  PBFS_ASSIGN_OR_RETURN(const ClientIdentity identity, keys.Identity());
  PBFS_ASSIGN_OR_RETURN(const PublicKey admin, keys.AdminPublicKey());
  PBFS_ASSIGN_OR_RETURN(const Keyring keyring, Keyring::Decode(shown.keyring, admin));
  if (keyring.bucket != shown.id) return PermissionDeniedError("the catalog shows the keyring of another bucket");
  const Digest32 hash = Sha256(shown.keyring);
  PBFS_ASSIGN_OR_RETURN(const auto seen, keys.LastKeyring(shown.id));
  if (seen.has_value()) PBFS_RETURN_IF_ERROR(CheckFollows(keyring, hash, *seen));
  if (!seen.has_value() || seen->version < keyring.version)
    PBFS_RETURN_IF_ERROR(keys.RememberKeyring(shown.id, {keyring.version, hash}));
  PBFS_ASSIGN_OR_RETURN(const auto bucket_keys, OpenKeyring(keyring, identity.box));
  auto opened = std::make_shared<OpenedKeyring>();
  opened->bucket = shown.id;
  opened->version = keyring.version;
  for (const auto& [epoch, key] : bucket_keys) opened->keys.push_back(BucketKeys::Derive(shown.id, epoch, key));
  opened->must_sign = keyring.recipients.size() > 1;
  for (const Keyring::Recipient& recipient : keyring.recipients) {
    if (recipient.role == KeyringRole::kWriter) opened->writers.push_back(recipient.signing);
  }
  return std::shared_ptr<const OpenedKeyring>(std::move(opened));
}

Result<BucketInfo> FindNewest(const Context& context, ClientCore& core, const std::string& name) {
  const auto find = [&](int64_t min_keyring) {
    return RetryRead(context, [&] { return core.to.catalog.buckets.FindBucket(context, name, min_keyring); });
  };
  PBFS_ASSIGN_OR_RETURN(BucketInfo info, find(0));
  PBFS_ASSIGN_OR_RETURN(const auto seen, core.to.keys.LastKeyring(info.id));
  if (!seen.has_value() || info.keyring_version >= seen->version) return info;
  return find(seen->version);
}

Status RenewKeyring(const Context& context, ClientCore& core, const OpenedBucket& bucket) {
  const auto now = bucket.keyring();
  const Context step = context.Within(core.options.timeout);
  const std::string& name = bucket.info.settings.name;
  PBFS_ASSIGN_OR_RETURN(const BucketInfo shown, RetryRead(step, [&] {
                          return core.to.catalog.buckets.FindBucket(step, name, now->version + 1);
                        }));
  if (shown.id != bucket.id()) return NotFoundError("bucket " + name + ": it is gone, and another has its name");
  PBFS_ASSIGN_OR_RETURN(auto opened, OpenShownKeyring(core.to.keys, shown));
  PBFS_RETURN_IF_ERROR(CheckKeepsKeys(*opened, *now));
  bucket.Adopt(std::move(opened));
  return OkStatus();
}

bool IsUnknownEpoch(const Status& status) { return status.Detail("pbfs-code") == "UNKNOWN_EPOCH"; }

}  // namespace pbfs
