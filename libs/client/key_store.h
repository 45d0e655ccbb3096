#pragma once

#include <map>
#include <optional>

#include "libs/base/random.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"
#include "libs/crypto/primitives.h"

namespace pbfs {

/// Who a client is: the keys that keyrings name as a recipient.
struct ClientIdentity {
  BoxKey box;          // X25519: opens the bucket keys that are sealed to it
  SigningKey signing;  // Ed25519: signs op records where a bucket has several principals
};

/// The newest keyring of a bucket that this client has seen; an older one is refused (format, section 4).
struct SeenKeyring {
  int64_t version = 0;
  Digest32 hash{};  // SHA-256 of its bytes
};

/// Where a client keeps what must not be on any server: its own keys, the administrator's, and which keyrings it has seen.
/// Implementations: MemoryKeyStore, FileKeyStore. Threads: any.
class KeyStore {
 public:
  virtual ~KeyStore() = default;
  virtual Result<ClientIdentity> Identity() = 0;
  /// The key that keyrings must be signed by, pinned by configuration. Errors: NOT_FOUND.
  virtual Result<PublicKey> AdminPublicKey() = 0;
  /// The administrator's key, kept only where buckets are made or get new keys. Errors: PERMISSION_DENIED it is not here.
  virtual Result<SigningKey> AdminKey() = 0;
  /// None if no keyring of the bucket was ever seen.
  virtual Result<std::optional<SeenKeyring>> LastKeyring(BucketId bucket) = 0;
  /// Durable on return. One that is no newer than what is remembered changes nothing: several may look at once.
  virtual Status RememberKeyring(BucketId bucket, const SeenKeyring& seen) = 0;
};

/// Fresh keys that live as long as the object: for tests, examples and the simulator.
class MemoryKeyStore final : public KeyStore {
 public:
  explicit MemoryKeyStore(Random& random);
  /// Another client under the same administrator. `admin` false: it may use buckets, not make them.
  MemoryKeyStore(Random& random, const SigningKey& admin_key, bool admin);

  Result<ClientIdentity> Identity() override { return identity_; }
  Result<PublicKey> AdminPublicKey() override { return admin_key_.public_key; }
  Result<SigningKey> AdminKey() override;
  Result<std::optional<SeenKeyring>> LastKeyring(BucketId bucket) override;
  Status RememberKeyring(BucketId bucket, const SeenKeyring& seen) override;

 private:
  const ClientIdentity identity_;
  const SigningKey admin_key_;
  const bool admin_;
  Mutex mutex_;
  std::map<BucketId, SeenKeyring> seen_ PBFS_GUARDED_BY(mutex_);
};

/// Fresh keys.
ClientIdentity NewClientIdentity(Random& random);
SigningKey NewSigningKey(Random& random);

}  // namespace pbfs
