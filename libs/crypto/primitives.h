#pragma once

#include <array>
#include <string_view>

#include "libs/base/bytes.h"
#include "libs/base/ids.h"
#include "libs/crypto/secret.h"

/// The primitives of the format (section 1 and 4), each one call of libsodium, which is the reference and does all key
/// work; SHA-256 and the bulk cipher (segment_cipher.h) come from OpenSSL, which is faster and gives the same bytes: the
/// known-answer test in libs/format holds both to them. All functions are pure. Threads: any.
namespace pbfs {

using Digest32 = std::array<uint8_t, 32>;
using Signature = std::array<uint8_t, 64>;
using PublicKey = std::array<uint8_t, 32>;
using Salt = std::array<uint8_t, 16>;

/// BLAKE2b with key, salt and personalisation (at most 16 bytes, zero-padded); `out` is 16 or 32 bytes long.
void Blake2b(ByteSpan key, const Salt& salt, std::string_view personal, ByteSpan message, MutableByteSpan out);
/// B2 of the format: the same with 32 bytes of output.
Digest32 B2(ByteSpan key, const Salt& salt, std::string_view personal, ByteSpan message);
/// B2 as a derived key.
Key32 DeriveKey(const Key32& key, const Salt& salt, std::string_view personal, ByteSpan message = {});

Digest32 Sha256(ByteSpan message);
/// SHA-256 of several pieces one after another.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void Update(ByteSpan bytes);
  Digest32 Finish();

 private:
  void* context_;  // EVP_MD_CTX
};

inline constexpr size_t kAeadTagSize = 16;
inline constexpr size_t kWrapNonceSize = 24;

/// nonce 24 ‖ XChaCha20-Poly1305(key, nonce, associated, plaintext): plaintext.size() + 40 bytes.
Bytes Wrap(const Key32& key, const std::array<uint8_t, kWrapNonceSize>& nonce, ByteSpan associated, ByteSpan plaintext);
/// The inverse. Errors: DATA_LOSS too short, wrong key, or changed.
Result<Bytes> Unwrap(const Key32& key, ByteSpan associated, ByteSpan wrapped);

/// Whether two byte strings are equal, in time that depends on their lengths only.
bool ConstantTimeEqual(ByteSpan a, ByteSpan b);

struct SigningKey {
  PublicKey public_key{};
  Secret<64> secret;
};
/// Ed25519 (RFC 8032).
SigningKey SigningKeyFromSeed(const Key32& seed);
Signature Sign(const SigningKey& key, ByteSpan message);
bool VerifySignature(const PublicKey& key, ByteSpan message, ByteSpan signature);

/// X25519 key pair of a recipient; sealed boxes are anonymous (crypto_box_seal, plaintext + 48 bytes).
struct BoxKey {
  PublicKey public_key{};
  Key32 secret;
};
BoxKey BoxKeyFromSeed(const Key32& seed);
/// Draws its ephemeral key from the system, not from a Random: sealed boxes are never compared.
Bytes SealBox(const PublicKey& recipient, ByteSpan plaintext);
/// Errors: PERMISSION_DENIED not for this key, or changed.
Result<Bytes> OpenBox(const BoxKey& key, ByteSpan sealed);

}  // namespace pbfs
