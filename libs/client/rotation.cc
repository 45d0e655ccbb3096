// Bucket's rotation of its key: a new keyring, then the keys of all bodies wrapped under it.
#include <algorithm>

#include <fmt/format.h>

#include "libs/client/committer.h"
#include "libs/client/keyrings.h"
#include "libs/client/listing.h"
#include "libs/format/keyring.h"

namespace pbfs {
namespace {

constexpr int kMostRaces = 100;

/// The keyring after the one that is shown: the same recipients, a fresh key, and all keys so far. Signed only if what is shown
/// is none of the past.
Result<Buffer> NextKeyring(ClientCore& core, const ShownBucket& shown) {
  PBFS_RETURN_IF_ERROR(OpenShownKeyring(core.to.keys, shown).status());
  const BucketInfo& now = shown.info;
  PBFS_ASSIGN_OR_RETURN(const SigningKey admin, core.to.keys.AdminKey());
  PBFS_ASSIGN_OR_RETURN(const ClientIdentity identity, core.to.keys.Identity());
  PBFS_ASSIGN_OR_RETURN(const Keyring keyring, Keyring::Decode(now.keyring, admin.public_key));
  PBFS_ASSIGN_OR_RETURN(const auto keys, OpenKeyring(keyring, identity.box));
  Key32 fresh;
  core.to.random.Fill(fresh.mutable_span());
  return Buffer::FromBytes(
      RotateKeyring(keyring, now.keyring, keys, fresh, keyring.recipients, core.to.random).Encode(admin));
}

/// One new keyring on its way into the catalog.
class KeyringChange {
 public:
  KeyringChange(const Context& context, ClientCore& core, const OpenedBucket& bucket)
      : context_(context.Within(core.options.timeout)), core_(core), bucket_(bucket) {}

  /// True: the bucket has a new key of this call's. False: somebody else made one meanwhile.
  /// Errors: in doubt; those of the catalog and the keys.
  Result<bool> Run() {
    const uint32_t before = bucket_.keyring()->newest().epoch;
    for (int race = 0; race < kMostRaces; ++race) {
      PBFS_ASSIGN_OR_RETURN(const ShownBucket now,
                            FindAgain(context_, core_, bucket_.info, bucket_.keyring()->version));
      PBFS_ASSIGN_OR_RETURN(const Buffer next, NextKeyring(core_, now));
      PBFS_ASSIGN_OR_RETURN(const bool set, Set(now.info, next));
      PBFS_RETURN_IF_ERROR(RenewKeyring(context_, core_, bucket_));
      if (set || bucket_.keyring()->newest().epoch > before) return set;
    }
    return AbortedError("the keyring changes too often");
  }

 private:
  /// Whether the bucket has `next`. The same request again is no second change: it says which version it replaces. What the
  /// catalog shows tells what became of one that nobody answered.
  Result<bool> Set(const BucketInfo& now, const Buffer& next) {
    const int64_t version = now.keyring_version;
    Status last;
    const auto set = [&]() -> Result<bool> {
      const Status status = core_.to.catalog.buckets.SetKeyring(context_, now.id, version, next);
      if (status.ok()) return true;
      const bool changed = status.code() == StatusCode::kAborted;
      if (changed && last.ok()) return false;
      if (!changed && !MayHaveHappened(status)) return status;
      last = status;
      PBFS_ASSIGN_OR_RETURN(const BucketInfo shown,
                            core_.to.catalog.buckets.FindBucket(context_, bucket_.info.settings.name, version + 1));
      if (shown.keyring_version <= version) return status;
      return Equal(shown.keyring, next);
    };
    const Result<bool> done = RetryRead(context_, set);
    return done.ok() || last.ok()
               ? done
               : Result<bool>(InDoubt("rotation in doubt: the bucket may have a new key", done.status()));
  }

  const Context context_;
  ClientCore& core_;
  const OpenedBucket& bucket_;
};

/// Wraps the keys of all bodies of older epochs under the newest key.
class Rewrapping {
 public:
  Rewrapping(const Context& context, ClientCore& core, const OpenedBucket& bucket, const RotationOptions& options,
             RotationReport& report)
      : context_(context),
        core_(core),
        bucket_(bucket),
        keyring_(bucket.keyring()),
        options_(options),
        report_(report) {}

  Status Run() {
    report_.epoch = keyring_->newest().epoch;
    WrappedQuery query{bucket_.id(), report_.epoch, {}, options_.page};
    for (bool more = true; more;) {
      const Context step = context_.Within(core_.options.timeout);
      PBFS_ASSIGN_OR_RETURN(const auto page,
                            RetryRead(step, [&] { return core_.to.catalog.buckets.ListWrapped(step, query); }));
      if (page.empty()) return OkStatus();
      PBFS_RETURN_IF_ERROR(RewrapPage(step, page));
      more = page.size() == static_cast<size_t>(options_.page);
      query.after = {page.back().key_epoch, page.back().body};
    }
    return OkStatus();
  }

 private:
  Status RewrapPage(const Context& step, const std::vector<WrappedBody>& page) {
    RewrapRequest request{bucket_.id(), report_.epoch, {}};
    for (const WrappedBody& body : page) {
      Result<WrappedDek> wrapped = WrapAnew(body);
      if (!wrapped.ok())
        ++report_.unreadable;
      else
        request.changes.push_back({body.body, body.wrapped_dek, *wrapped});
    }
    PBFS_ASSIGN_OR_RETURN(const int64_t changed,
                          RetryRead(step, [&] { return core_.to.catalog.buckets.Rewrap(step, request); }));
    report_.rewrapped += changed;
    report_.passed_over += static_cast<int64_t>(request.changes.size()) - changed;
    if (options_.progress) options_.progress(report_);
    return OkStatus();
  }

  Result<WrappedDek> WrapAnew(const WrappedBody& body) {
    PBFS_ASSIGN_OR_RETURN(const BucketKeys* keys, keyring_->KeysOf(body.key_epoch));
    PBFS_ASSIGN_OR_RETURN(const Key32 dek, UnwrapDek(*keys, body.body, body.wrapped_dek));
    return WrapDek(keyring_->newest(), body.body, dek, core_.to.random);
  }

  const Context context_;
  ClientCore& core_;
  const OpenedBucket& bucket_;
  const std::shared_ptr<const OpenedKeyring> keyring_;
  const RotationOptions& options_;
  RotationReport& report_;
};

}  // namespace

Result<RotationReport> Bucket::RotateKey(const Context& context, const RotationOptions& options) {
  PBFS_RETURN_IF_ERROR(RenewKeyring(context, *core_, *state_));
  PBFS_RETURN_IF_ERROR(state_->CheckMayWrite());
  RotationReport report;
  if (options.fresh_key) {
    PBFS_ASSIGN_OR_RETURN(report.fresh_key, KeyringChange(context, *core_, *state_).Run());
  }
  PBFS_RETURN_IF_ERROR(Rewrapping(context, *core_, *state_, options, report).Run());
  return report;
}

}  // namespace pbfs
