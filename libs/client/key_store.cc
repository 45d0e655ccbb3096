#include "libs/client/key_store.h"

namespace pbfs {
namespace {

Key32 RandomKey(Random& random) {
  Key32 key;
  random.Fill(key.mutable_span());
  return key;
}

}  // namespace

ClientIdentity NewClientIdentity(Random& random) {
  return {BoxKeyFromSeed(RandomKey(random)), SigningKeyFromSeed(RandomKey(random))};
}

SigningKey NewSigningKey(Random& random) { return SigningKeyFromSeed(RandomKey(random)); }

MemoryKeyStore::MemoryKeyStore(Random& random) : MemoryKeyStore(random, NewSigningKey(random), true) {}

MemoryKeyStore::MemoryKeyStore(Random& random, const SigningKey& admin_key, bool admin)
    : identity_(NewClientIdentity(random)), admin_key_(admin_key), admin_(admin) {}

Result<SigningKey> MemoryKeyStore::AdminKey() {
  if (!admin_) return PermissionDeniedError("the administrator's key is not kept here");
  return admin_key_;
}

Result<std::optional<SeenKeyring>> MemoryKeyStore::LastKeyring(BucketId bucket) {
  MutexLock lock(mutex_);
  const auto found = seen_.find(bucket);
  return found == seen_.end() ? std::optional<SeenKeyring>() : std::optional<SeenKeyring>(found->second);
}

Status MemoryKeyStore::RememberKeyring(BucketId bucket, const SeenKeyring& seen) {
  MutexLock lock(mutex_);
  SeenKeyring& last = seen_[bucket];
  if (last.version < seen.version) last = seen;
  return OkStatus();
}

}  // namespace pbfs
