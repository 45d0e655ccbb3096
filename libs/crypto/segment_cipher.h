#pragma once

#include <array>

#include "libs/base/bytes.h"
#include "libs/crypto/secret.h"

namespace pbfs {

using SegmentNonce = std::array<uint8_t, 12>;

/// ChaCha20-Poly1305-IETF (RFC 8439), the bulk cipher of suite 1, by OpenSSL: three times as fast as libsodium's, the same
/// bytes. It keeps one cipher context, because making one costs more than sealing a small segment.
/// Threads: one at a time; make one per thread.
class SegmentCipher {
 public:
  explicit SegmentCipher(const Key32& key);
  ~SegmentCipher();
  SegmentCipher(SegmentCipher&& other) noexcept;
  SegmentCipher(const SegmentCipher&) = delete;
  SegmentCipher& operator=(const SegmentCipher&) = delete;

  /// Writes ciphertext ‖ tag (plaintext.size() + 16 bytes) to `out`, which may not overlap the plaintext.
  void Seal(const SegmentNonce& nonce, ByteSpan associated, ByteSpan plaintext, uint8_t* out);
  /// Writes the plaintext (ciphertext.size() - 16 bytes) to `out`; false if the tag does not fit: then `out` holds nothing
  /// that may be used.
  [[nodiscard]] bool Open(const SegmentNonce& nonce, ByteSpan associated, ByteSpan ciphertext, uint8_t* out);

 private:
  void* context_;  // EVP_CIPHER_CTX
  Key32 key_;
};

/// The same by libsodium, the reference that the known-answer test compares with.
void SodiumSealSegment(const Key32& key, const SegmentNonce& nonce, ByteSpan associated, ByteSpan plaintext,
                       uint8_t* out);
[[nodiscard]] bool SodiumOpenSegment(const Key32& key, const SegmentNonce& nonce, ByteSpan associated,
                                     ByteSpan ciphertext, uint8_t* out);

}  // namespace pbfs
