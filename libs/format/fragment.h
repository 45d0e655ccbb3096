#pragma once

#include "libs/base/ids.h"
#include "libs/crypto/primitives.h"
#include "libs/format/body.h"
#include "libs/format/geometry.h"

namespace pbfs {

using FragmentHeaderBytes = std::array<uint8_t, 128>;

/// The first 128 bytes of a fragment: shard `shard` of one encoding of a body.
struct FragmentHeader {
  Geometry geometry;  // k, n, seg_log2, leaves, length of the plaintext
  uint8_t shard = 0;
  EncodingId encoding;
  BodyId body;
  SiteId site;
  Digest32 ct_root{};  // zeros in crc32c mode

  FragmentHeaderBytes Encode() const;
  /// Errors: INVALID_ARGUMENT wrong magic, version, CRC, or numbers that do not fit together.
  static Result<FragmentHeader> Decode(ByteSpan bytes);
};

/// crc32c(encoding_id ‖ shard ‖ LE32 stripe ‖ block): a misdirected or stale block fails.
uint32_t BlockCrc(const EncodingId& encoding, uint8_t shard, uint32_t stripe, ByteSpan block);
/// Whether `block_and_crc` (block ‖ CRC32C) is sound.
bool CheckBlock(const EncodingId& encoding, uint8_t shard, uint32_t stripe, ByteSpan block_and_crc);

/// What stands behind the last stripe: leaves (sha256 only), the body header, the length so far, "PBFE".
Bytes MakeFragmentTrailer(ByteSpan leaves, const BodyHeaderBytes& header);
struct FragmentTrailer {
  ByteSpan leaves;  // into the bytes given
  BodyHeaderBytes header{};
};
/// Errors: INVALID_ARGUMENT not a trailer of this geometry.
Result<FragmentTrailer> ParseFragmentTrailer(const Geometry& geometry, ByteSpan bytes);

/// Fragment sum = crc32c(header CRC ‖ block CRC_0 ‖ ... as LE32s), of a whole fragment.
uint32_t FragmentSum(const Geometry& geometry, ByteSpan fragment);

}  // namespace pbfs
