#pragma once

#include <string>

#include "libs/client/key_store.h"

namespace pbfs {

/// What the files below hold, for those who keep them elsewhere (Secrets of Kubernetes).
std::string IdentityText(const Key32& box_seed, const Key32& signing_seed);
std::string AdminKeyText(const Key32& seed);
/// Errors: INVALID_ARGUMENT it is none.
Result<SigningKey> ParseAdminKey(const std::string& text);

/// Keys in files of one directory (mode 0700, made when something is first written to it), each of mode 0600; a file that others may read is
/// refused (libs/base/private_file.h).
///
///   identity            "pbfs-identity-1 <hex of the X25519 seed> <hex of the Ed25519 seed>"; it may stand elsewhere
///   keyring-<bucket>    "<version> <hex of the hash>" of the newest keyring seen
///
/// and, apart from them, the administrator's secret: "pbfs-admin-1 <hex of the Ed25519 seed>".
/// Files are replaced whole (written beside, synced, renamed). Threads: any; several processes may share a directory.
class FileKeyStore final : public KeyStore {
 public:
  struct Options {
    std::string directory;
    PublicKey admin_public_key{};    // pinned: whom keyrings must be signed by
    std::string admin_key_file;      // empty: the administrator's key is not kept here
    std::string identity_file = {};  // where it is read from, and never made; empty: directory/identity
  };
  FileKeyStore(Options options, Random& random) : options_(std::move(options)), random_(random) {}

  /// Makes the identity at first use, unless it has a file of its own. Errors: FAILED_PRECONDITION that file is not there;
  /// PERMISSION_DENIED readable by others; INVALID_ARGUMENT malformed; INTERNAL.
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
  Status MakeIdentity(const std::string& path);
  Result<std::string> ReadOrMakeIdentity(const std::string& path);
  Status MakeDirectory();
  Result<std::optional<SeenKeyring>> ReadKeyring(const std::string& path) PBFS_REQUIRES(mutex_);

  const Options options_;
  Random& random_;
  Mutex mutex_;  // one at a time reads, compares and writes
};

}  // namespace pbfs
