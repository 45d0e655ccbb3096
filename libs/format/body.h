#pragma once

#include <array>

#include "libs/base/ids.h"
#include "libs/crypto/primitives.h"
#include "libs/crypto/segment_cipher.h"
#include "libs/format/geometry.h"
#include "libs/model/order.h"

namespace pbfs {

/// How much a keyless service can tell of a body's bytes; per bucket, recorded in the body (format, section 5.1).
enum class BodyIntegrity : uint8_t { kCrc32c = 1, kSha256 = 2 };

using BodyHeaderBytes = std::array<uint8_t, 64>;

/// The facts of a body: location-free ciphertext. The encoded header is the associated data of every segment.
struct BodyHeader {
  uint8_t seg_log2 = 16;
  bool padded = false;  // the plaintext was padded to hide its length
  BodyIntegrity integrity = BodyIntegrity::kCrc32c;
  int64_t length = 0;  // of the plaintext, 1 .. 64 MiB
  BodyId id;
  Digest32 key_commit{};

  BodyHeaderBytes Encode() const;
  /// Errors: INVALID_ARGUMENT wrong magic, an unknown suite, flag or integrity, or a number out of range.
  static Result<BodyHeader> Decode(ByteSpan bytes);
  Geometry GeometryFor(uint8_t k, uint8_t n) const;
  friend bool operator==(const BodyHeader&, const BodyHeader&) = default;
};

/// What a fresh DEK is hedged with, so that repeated randomness (a cloned machine) does not repeat a key (I30).
struct DekHedge {
  int64_t wid = 0;
  Hlc hlc = 0;
  uint64_t counter = 0;
  uint32_t pid = 0;
};
Key32 MakeDek(const Key32& random, const BodyId& body, const DekHedge& hedge);

/// K_enc of a body.
Key32 BodyEncryptionKey(const Key32& dek, const BodyId& body);
/// key_commit: from the DEK and the first 16 bytes of the header. Binds the ciphertext to one key.
Digest32 BodyKeyCommit(const Key32& dek, const BodyId& body, ByteSpan header_begin16);
/// Header of a new body under `dek`, key_commit included.
BodyHeader MakeBodyHeader(const Key32& dek, const BodyId& body, int64_t length, BodyIntegrity integrity,
                          uint8_t seg_log2 = 16);
/// Whether `dek` is the key that the header commits to, in constant time. Test before any decryption (I28).
bool DekFitsHeader(const Key32& dek, const BodyHeader& header);

/// Nonce of segment i of ns: truncation, reordering and extension change it.
SegmentNonce MakeSegmentNonce(int64_t i, int64_t segments);

/// leaf_i = SHA-256(0x00 ‖ LE64 i ‖ ct_i).
Digest32 SegmentLeaf(int64_t i, ByteSpan ciphertext);
/// ct_root = SHA-256(0x01 ‖ header ‖ LE64 ns ‖ leaf_0 ‖ ...).
Digest32 CiphertextRoot(const BodyHeaderBytes& header, int64_t segments, ByteSpan leaves);

/// The ciphertext of an inline body: its only segment.
Bytes SealInline(const Key32& dek, const BodyHeader& header, ByteSpan plaintext);
/// Errors: DATA_LOSS.
Result<Bytes> OpenInline(const Key32& dek, const BodyHeader& header, ByteSpan ciphertext);

}  // namespace pbfs
