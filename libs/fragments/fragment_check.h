#pragma once

#include <cstdint>
#include <string>

#include "libs/base/bytes.h"
#include "libs/base/ids.h"
#include "libs/base/result.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs {

/// Where the blocks of one fragment lie: what a store must remember to check the ranges that it serves (format, section 5).
/// Offsets and sizes in bytes.
struct FragmentShape {
  uint32_t block = 0;        // B, payload of every stripe but the last
  uint32_t last_block = 0;   // B_last
  uint32_t stripes = 0;      // ns
  uint32_t length = 0;       // of the whole fragment
  uint32_t trailer_crc = 0;  // CRC32C of the trailer: it has none of its own in the format, so the store keeps one

  /// F(i): where stripe i begins.
  int64_t StripeBegin(uint32_t i) const { return kHeader + static_cast<int64_t>(i) * (int64_t{block} + 4); }
  int64_t TrailerBegin() const { return StripeBegin(stripes - 1) + last_block + 4; }
  uint32_t BlockSize(uint32_t i) const { return i + 1 == stripes ? last_block : block; }
  /// Whether a read may begin or end at `offset`: 0, F(i), the trailer, the end.
  bool IsBorder(int64_t offset) const;

  static constexpr int64_t kHeader = 128;
  friend bool operator==(const FragmentShape&, const FragmentShape&) = default;
};

/// The longest fragment a store takes: a replicated body of 64 MiB in the smallest segments, with leaves.
inline constexpr int64_t kMaxFragmentSize = 72 << 20;
/// The shortest: header, one block of 16 bytes, its CRC, trailer.
inline constexpr int64_t kMinFragmentSize = 128 + 16 + 4 + 72;

/// Checks a fragment as its bytes arrive, in one pass and constant memory: header CRC, key, geometry against the announced
/// length, every block CRC, the end mark. Threads: one at a time.
class FragmentCheck {
 public:
  /// `length`: announced, of the whole fragment.
  FragmentCheck(const FragmentKey& key, int64_t length);
  /// The next bytes, in any portions. Errors: INVALID_ARGUMENT, and then for ever.
  Status Append(ByteSpan bytes);
  /// Whether all announced bytes were seen and are sound.
  bool Complete() const { return status_.ok() && position_ == length_; }
  /// Valid when Complete(): the shape, and the fragment sum.
  const FragmentShape& shape() const { return shape_; }
  uint32_t sum() const { return sum_; }
  int64_t position() const { return position_; }

 private:
  Status Fail(std::string what);
  Status Take(ByteSpan bytes);
  Status TakeHeader();
  Status TakeBlocks(ByteSpan& bytes);
  Status EndBlock();
  Status TakeTrailer(ByteSpan bytes);

  const FragmentKey key_;
  const int64_t length_;
  int64_t position_ = 0;
  Status status_;
  FragmentShape shape_;
  Bytes pending_;  // the header, a CRC or the end mark while they arrive in pieces
  uint32_t stripe_ = 0;
  uint32_t block_left_ = 0;  // payload bytes of the current block still to come
  uint32_t block_crc_ = 0;
  uint32_t sum_ = 0;
};

/// Checks bytes [begin, begin + bytes.size()) of a fragment of this shape; both ends are borders (IsBorder).
/// Errors: DATA_LOSS naming the block.
Status CheckFragmentRange(const FragmentKey& key, const FragmentShape& shape, int64_t begin, ByteSpan bytes);

/// What is wrong with a range by itself. Errors: OUT_OF_RANGE beyond the end; INVALID_ARGUMENT empty, or not on borders.
Status CheckRangeBorders(const FragmentShape& shape, int64_t begin, int64_t end);

/// "018f...-3": for messages.
std::string ToString(const FragmentKey& key);

}  // namespace pbfs
