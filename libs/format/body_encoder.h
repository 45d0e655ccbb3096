#pragma once

#include <vector>

#include "libs/coding/reed_solomon.h"
#include "libs/format/fragment.h"

namespace pbfs {

/// What one encoding of a body is made from.
struct EncodingFacts {
  EncodingId encoding;
  SiteId site;
  uint8_t k = 1;
  uint8_t n = 1;
};

/// Turns the plaintext of one body into the n fragments of one encoding, stripe by stripe: seal, erasure-code, CRC (format,
/// section 5). Fragment j is Head(j), then what EncodeStripes() wrote for it, then Trailer().
///
/// With integrity sha256 the root of all leaves stands in the fragment headers, so AddLeaves() has to see the whole plaintext
/// before the first Head(): sealing twice is cheaper than keeping 64 MiB of ciphertext, and gives the same bytes.
/// Threads: one at a time; several encoders of one body may work on different stripes.
class BodyEncoder {
 public:
  BodyEncoder(const Key32& dek, const BodyHeader& header, const EncodingFacts& facts);

  const Geometry& geometry() const { return geometry_; }
  /// Bytes that stripes [first, first + count) take in each fragment.
  size_t StripesSize(int64_t first, int64_t count) const;

  /// sha256 only: takes the leaves of segments [first, ...) from their plaintext, in order, until all are there.
  void AddLeaves(int64_t first, ByteSpan plaintext);
  const Digest32& ct_root() const { return ct_root_; }

  FragmentHeaderBytes Head(uint8_t shard) const;
  Bytes Trailer() const { return MakeFragmentTrailer(leaves_, header_bytes_); }

  /// Seals and encodes the segments [first, first + count) whose plaintext is `plaintext` (whole segments; the body's last
  /// may be short) and writes block ‖ CRC of each stripe to shards[0..n), each with room for StripesSize().
  void EncodeStripes(int64_t first, int64_t count, ByteSpan plaintext, uint8_t* const* shards);

 private:
  void SealInto(int64_t i, ByteSpan plaintext, uint8_t* out);

  const BodyHeader header_;
  const BodyHeaderBytes header_bytes_;
  const Geometry geometry_;
  const EncodingFacts facts_;
  const ReedSolomon& code_;
  SegmentCipher cipher_;
  Bytes stripe_;  // one sealed segment, padded to k blocks
  Bytes leaves_;
  Digest32 ct_root_{};
};

}  // namespace pbfs
