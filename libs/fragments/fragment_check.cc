#include "libs/fragments/fragment_check.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/coding/crc32c.h"
#include "libs/format/fragment.h"

namespace pbfs {
namespace {

/// What stands before each block in its CRC: encoding_id, shard, LE32 stripe. A misdirected or stale block fails.
uint32_t BlockCrcStart(const FragmentKey& key, uint32_t stripe) {
  return BlockCrc(key.encoding, key.shard, stripe, {});
}

uint32_t ExtendSum(uint32_t sum, uint32_t crc) {
  uint8_t raw[4];
  StoreLe(raw, crc);
  return Crc32cExtend(sum, raw);
}

}  // namespace

std::string ToString(const FragmentKey& key) { return fmt::format("{}-{}", key.encoding.ToString(), key.shard); }

bool FragmentShape::IsBorder(int64_t offset) const {
  if (offset == 0 || offset == TrailerBegin() || offset == length) return true;
  const int64_t in_blocks = offset - kHeader;
  const int64_t step = int64_t{block} + 4;
  return in_blocks >= 0 && in_blocks % step == 0 && in_blocks / step < stripes;
}

FragmentCheck::FragmentCheck(const FragmentKey& key, int64_t length) : key_(key), length_(length) {
  if (length < kMinFragmentSize || length > kMaxFragmentSize)
    status_ = InvalidArgumentError("impossible fragment length");
}

Status FragmentCheck::Fail(std::string what) {
  status_ = InvalidArgumentError(fmt::format("fragment {}: {}", ToString(key_), what));
  return status_;
}

Status FragmentCheck::Append(ByteSpan bytes) {
  if (!status_.ok()) return status_;
  if (static_cast<int64_t>(bytes.size()) > length_ - position_) return Fail("longer than announced");
  return Take(bytes);
}

Status FragmentCheck::Take(ByteSpan bytes) {
  while (!bytes.empty()) {
    if (position_ < FragmentShape::kHeader) {
      const size_t count = std::min<size_t>(bytes.size(), FragmentShape::kHeader - position_);
      pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + count);
      bytes = bytes.subspan(count);
      position_ += count;
      if (position_ == FragmentShape::kHeader) PBFS_RETURN_IF_ERROR(TakeHeader());
    } else if (stripe_ < shape_.stripes) {
      PBFS_RETURN_IF_ERROR(TakeBlocks(bytes));
    } else {
      return TakeTrailer(bytes);
    }
  }
  return OkStatus();
}

Status FragmentCheck::TakeHeader() {
  const Result<FragmentHeader> header = FragmentHeader::Decode(pending_);
  if (!header.ok()) return Fail(header.status().message());
  if (header->encoding != key_.encoding) return Fail("the header names another encoding");
  if (header->shard != key_.shard) return Fail("the header names another shard");
  const Geometry& geometry = header->geometry;
  if (geometry.FragmentSize() != length_) return Fail("the announced length is not that of its geometry");
  shape_.block = static_cast<uint32_t>(geometry.FullBlock());
  shape_.last_block = static_cast<uint32_t>(geometry.LastBlock());
  shape_.stripes = static_cast<uint32_t>(geometry.Segments());
  shape_.length = static_cast<uint32_t>(length_);
  sum_ = ExtendSum(0, LoadLe<uint32_t>(pending_.data() + 124));
  pending_.clear();
  block_left_ = shape_.BlockSize(0);
  block_crc_ = BlockCrcStart(key_, 0);
  return OkStatus();
}

Status FragmentCheck::TakeBlocks(ByteSpan& bytes) {
  if (block_left_ > 0) {
    const size_t count = std::min<size_t>(bytes.size(), block_left_);
    block_crc_ = Crc32cExtend(block_crc_, bytes.first(count));
    block_left_ -= count;
    position_ += count;
    bytes = bytes.subspan(count);
    return OkStatus();
  }
  const size_t count = std::min<size_t>(bytes.size(), 4 - pending_.size());
  pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + count);
  position_ += count;
  bytes = bytes.subspan(count);
  return pending_.size() == 4 ? EndBlock() : OkStatus();
}

Status FragmentCheck::EndBlock() {
  const bool fits = LoadLe<uint32_t>(pending_.data()) == block_crc_ || IsMutant(Mutant::kStoreTakesBadBlocks);
  if (!fits) return Fail(fmt::format("block {} fails its CRC", stripe_));
  sum_ = ExtendSum(sum_, block_crc_);
  pending_.clear();
  if (++stripe_ == shape_.stripes) return OkStatus();
  block_left_ = shape_.BlockSize(stripe_);
  block_crc_ = BlockCrcStart(key_, stripe_);
  return OkStatus();
}

Status FragmentCheck::TakeTrailer(ByteSpan bytes) {
  shape_.trailer_crc = Crc32cExtend(shape_.trailer_crc, bytes);
  position_ += static_cast<int64_t>(bytes.size());
  // Only its last eight bytes mean anything to a store: the trailer's length so far, and the end mark.
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  if (pending_.size() > 8) pending_.erase(pending_.begin(), pending_.end() - 8);
  if (position_ < length_) return OkStatus();
  const int64_t trailer = length_ - shape_.TrailerBegin();
  const bool ends = LoadLe<uint32_t>(pending_.data()) == trailer - 8 && AsText(ByteSpan(pending_).subspan(4)) == "PBFE";
  return ends ? OkStatus() : Fail("the end mark is missing");
}

namespace {

Status Damaged(const FragmentKey& key, std::string where) {
  return DataLossError(fmt::format("fragment {}: {} fails its CRC; read another shard", ToString(key), where));
}

Status CheckHeader(const FragmentKey& key, ByteSpan bytes) {
  const Result<FragmentHeader> header = FragmentHeader::Decode(bytes);
  const bool sound = header.ok() && header->encoding == key.encoding && header->shard == key.shard;
  return sound ? OkStatus() : Damaged(key, "the header");
}

}  // namespace

Status CheckFragmentRange(const FragmentKey& key, const FragmentShape& shape, int64_t begin, ByteSpan bytes) {
  const int64_t end = begin + static_cast<int64_t>(bytes.size());
  const auto part = [&](int64_t from, int64_t to) { return bytes.subspan(from - begin, to - from); };
  if (begin == 0 && end > 0) PBFS_RETURN_IF_ERROR(CheckHeader(key, part(0, FragmentShape::kHeader)));
  const int64_t first =
      begin <= FragmentShape::kHeader ? 0 : (begin - FragmentShape::kHeader) / (int64_t{shape.block} + 4);
  for (auto i = static_cast<uint32_t>(first); i < shape.stripes; ++i) {
    const int64_t at = shape.StripeBegin(i);
    if (at < begin) continue;  // only for a range that begins at the trailer
    if (at >= end) break;
    if (!CheckBlock(key.encoding, key.shard, i, part(at, at + shape.BlockSize(i) + 4))) {
      return Damaged(key, fmt::format("block {}", i));
    }
  }
  const int64_t trailer = shape.TrailerBegin();
  if (begin <= trailer && end > trailer && Crc32c(part(trailer, end)) != shape.trailer_crc) {
    return Damaged(key, "the trailer");
  }
  return OkStatus();
}

Status CheckRangeBorders(const FragmentShape& shape, int64_t begin, int64_t end) {
  if (begin < 0 || begin >= end) return InvalidArgumentError("an empty range");
  if (end > shape.length) return OutOfRangeError(fmt::format("the fragment has {} bytes", shape.length));
  if (!shape.IsBorder(begin) || !shape.IsBorder(end))
    return InvalidArgumentError("the range does not lie on block borders");
  return OkStatus();
}

}  // namespace pbfs
