#pragma once

#include <string>

#include "libs/client/key_store.h"

namespace pbfs {

/// What the files below hold, for those who keep them elsewhere (Secrets of Kubernetes).
std::string IdentityText(const Key32& box_seed, const Key32& signing_seed);
std::string AdminKeyText(const Key32& seed);
/// Errors: INVALID_ARGUMENT it is none.
Result<SigningKey> ParseAdminKey(const std::string& text);

/// Keys in files of one directory (mode 0700), each of mode 0600; a file that others may read is refused.
///
///   identity            "pbfs-identity-1 <hex of the X25519 seed> <hex of the Ed25519 seed>"
///   keyring-<bucket>    "<version> <hex of the hash>" of the newest keyring seen
///
/// and, apart from them, the administrator's secret: "pbfs-admin-1 <hex of the Ed25519 seed>".
/// Files are replaced whole (written beside, synced, renamed). Threads: any; several processes may share a directory.
class FileKeyStore final : public KeyStore {
 public:
  struct Options {
    std::string directory;
    PublicKey admin_public_key{};  // pinned: whom keyrings must be signed by
    std::string admin_key_file;    // empty: the administrator's key is not kept here
  };
  FileKeyStore(Options options, Random& random) : options_(std::move(options)), random_(random) {}

  /// Makes the identity at first use. Errors: PERMISSION_DENIED readable by others; INVALID_ARGUMENT malformed; INTERNAL.
  Result<ClientIdentity> Identity() override;
  Result<PublicKey> AdminPublicKey() override;
  Result<SigningKey> AdminKey() override;
  Result<std::optional<SeenKeyring>> LastKeyring(BucketId bucket) override;
  Status RememberKeyring(BucketId bucket, const SeenKeyring& seen) override;

  /// Makes an administrator's key and writes it; returns its public half, to be pinned in configurations.
  /// Errors: ALREADY_EXISTS the file is there; it is left as it is.
  static Result<PublicKey> CreateAdminKey(const std::string& path, Random& random);

 private:
  std::string PathOf(const std::string& file) const { return options_.directory + "/" + file; }
  Result<ClientIdentity> MakeIdentity();

  Result<std::optional<SeenKeyring>> ReadKeyring(const std::string& path) PBFS_REQUIRES(mutex_);

  const Options options_;
  Random& random_;
  Mutex mutex_;  // one at a time reads, compares and writes
};

}  // namespace pbfs
