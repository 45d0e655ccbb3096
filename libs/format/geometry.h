#pragma once

#include <algorithm>
#include <cstdint>

#include "libs/base/result.h"
#include "libs/model/limits.h"

namespace pbfs {

/// Sizes and offsets of a body and of one encoding of it, all from five numbers (format, section 5). Pure arithmetic;
/// offsets and sizes in bytes. Make one with Check() from untrusted numbers.
struct Geometry {
  uint8_t k = 1;
  uint8_t n = 1;
  uint8_t seg_log2 = 16;
  bool leaves = false;  // integrity sha256: the trailer holds a leaf of each segment
  int64_t length = 0;   // of the plaintext, 1 .. 64 MiB

  /// OK if the numbers are within the limits of the format. Errors: INVALID_ARGUMENT.
  Status Check() const {
    const bool shards = 1 <= k && k <= kMaxDataShards && k <= n && n <= kMaxShards;
    if (!shards) return InvalidArgumentError("k and n are out of range");
    if (seg_log2 < 12 || seg_log2 > 22) return InvalidArgumentError("segment size is out of range");
    if (length < 1 || length > kMaxBodySize) return InvalidArgumentError("body length is out of range");
    return OkStatus();
  }

  static constexpr int64_t kTag = 16;
  static constexpr int64_t kCrc = 4;
  static constexpr int64_t kFragmentHeader = 128;
  static constexpr int64_t kBodyHeader = 64;
  static constexpr int64_t kLeaf = 32;

  int64_t Segment() const { return int64_t{1} << seg_log2; }
  int64_t Segments() const { return (length + Segment() - 1) >> seg_log2; }
  int64_t CiphertextLength() const { return length + kTag * Segments(); }
  int64_t SegmentPlaintext(int64_t i) const { return std::min(Segment(), length - (i << seg_log2)); }
  int64_t SegmentCiphertext(int64_t i) const { return SegmentPlaintext(i) + kTag; }
  /// b_i: what each shard holds of stripe i.
  int64_t Block(int64_t i) const { return ((SegmentCiphertext(i) + k - 1) / k + 15) / 16 * 16; }
  int64_t FullBlock() const { return Block(0); }
  int64_t LastBlock() const { return Block(Segments() - 1); }
  /// F(i): where stripe i begins in a fragment.
  int64_t StripeBegin(int64_t i) const { return kFragmentHeader + i * (FullBlock() + kCrc); }
  int64_t StripeEnd(int64_t i) const { return StripeBegin(i) + Block(i) + kCrc; }
  int64_t TrailerBegin() const { return StripeEnd(Segments() - 1); }
  int64_t TrailerSize() const { return (leaves ? kLeaf * Segments() : 0) + kBodyHeader + 8; }
  int64_t FragmentSize() const { return TrailerBegin() + TrailerSize(); }
  /// The segments that hold plaintext bytes [begin, end), begin < end.
  int64_t FirstSegment(int64_t begin) const { return begin >> seg_log2; }
  int64_t LastSegment(int64_t end) const { return (end - 1) >> seg_log2; }
};

}  // namespace pbfs
