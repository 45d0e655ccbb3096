#pragma once

#include <optional>
#include <vector>

#include "libs/format/keys.h"

namespace pbfs {

enum class KeyringRole : uint8_t { kReader = 1, kWriter = 2 };

/// Who may open a bucket, and how: the bucket key sealed to each recipient, earlier bucket keys wrapped under the newest, all
/// signed by the administrator (format, section 4). Opaque to servers. Clients remember version and hash, and refuse older
/// ones.
struct Keyring {
  struct Recipient {
    PublicKey box{};      // X25519
    PublicKey signing{};  // Ed25519
    KeyringRole role = KeyringRole::kWriter;
    std::array<uint8_t, 80> sealed_key{};  // crypto_box_seal of BK
    friend bool operator==(const Recipient&, const Recipient&) = default;
  };
  struct OldKey {
    uint32_t epoch = 0;
    std::array<uint8_t, 72> wrapped{};  // BK_old under KEK of the newest epoch
    friend bool operator==(const OldKey&, const OldKey&) = default;
  };
  BucketId bucket;
  int64_t version = 1;
  Digest32 previous_hash{};  // SHA-256 of the keyring before; zeros for the first
  uint32_t epoch = 1;
  std::vector<Recipient> recipients;
  Digest32 key_commit{};
  std::vector<OldKey> old_keys;

  /// The bytes with the administrator's signature.
  Bytes Encode(const SigningKey& admin) const;
  /// Verifies the signature, then decodes. Errors: PERMISSION_DENIED not signed by `admin`; INVALID_ARGUMENT malformed.
  static Result<Keyring> Decode(ByteSpan bytes, const PublicKey& admin);
  friend bool operator==(const Keyring&, const Keyring&) = default;
};

/// A keyring of epoch 1 for one recipient or more.
Keyring MakeKeyring(const BucketId& bucket, const Key32& bucket_key, const std::vector<Keyring::Recipient>& recipients);
/// The next version, with a fresh bucket key; the keys so far are wrapped under it.
Keyring RotateKeyring(const Keyring& now, ByteSpan now_bytes, const std::vector<std::pair<uint32_t, Key32>>& keys,
                      const Key32& fresh_key, const std::vector<Keyring::Recipient>& recipients, Random& random);

/// The bucket keys that `recipient` can open, newest epoch first.
/// Errors: PERMISSION_DENIED not a recipient; DATA_LOSS a key that does not fit bk_commit.
Result<std::vector<std::pair<uint32_t, Key32>>> OpenKeyring(const Keyring& keyring, const BoxKey& recipient);

}  // namespace pbfs
