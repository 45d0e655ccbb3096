#pragma once

#include <optional>
#include <vector>

#include "libs/coding/reed_solomon.h"
#include "libs/format/body.h"

namespace pbfs {

/// One shard's block of a stripe, its CRC already checked (CheckBlock). `data` has geometry.Block(i) bytes.
struct ShardBlock {
  uint8_t shard = 0;
  const uint8_t* data = nullptr;
};

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
  bool TrySubset(int64_t i, const std::vector<ShardBlock>& subset, uint8_t* out);
  std::vector<uint8_t> FindLiars(int64_t i, const std::vector<ShardBlock>& blocks);

  const BodyHeader header_;
  const BodyHeaderBytes header_bytes_;
  const Geometry geometry_;
  const ReedSolomon& code_;
  SegmentCipher cipher_;
  Bytes stripe_;  // the k data blocks of the last stripe tried
};

}  // namespace pbfs
