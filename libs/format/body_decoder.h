#pragma once

#include <optional>
#include <vector>

#include "libs/format/body.h"
#include "libs/format/stripe.h"

namespace pbfs {

/// Gives back plaintext from any k blocks of each stripe (format, sections 5 and 5.1). Nothing is handed out before its
/// whole segment opened. Threads: one at a time; make one per thread.
class BodyDecoder {
 public:
  /// The caller has seen that `dek` fits the header (DekFitsHeader).
  BodyDecoder(const Key32& dek, const BodyHeader& header, uint8_t k, uint8_t n);
  const Geometry& geometry() const { return geometry_; }

  struct Outcome {
    bool opened = false;         // `out` holds the plaintext
    bool reconstructed = false;  // data shards were missing or wrong and had to be computed
    std::vector<uint8_t> liars;  // shards whose block is wrong although its CRC is right; only known when opened
  };
  /// Opens segment i from at least k blocks of distinct shards, into `out` (geometry.SegmentPlaintext(i) bytes). Data shards
  /// are taken first. If the AEAD fails and there are more than k blocks, tries the other subsets, and names the liars by
  /// encoding the good segment again. Not opened: none of the first 2048 subsets of the given blocks is the body's; `out` is
  /// zeros then.
  Outcome OpenSegment(int64_t i, const std::vector<ShardBlock>& blocks, uint8_t* out);

 private:
  const BodyHeaderBytes header_bytes_;
  const Geometry geometry_;
  SegmentCipher cipher_;
  Stripe stripe_;
};

}  // namespace pbfs
