#include "libs/format/body_encoder.h"

#include <array>
#include <cstring>

namespace pbfs {

BodyEncoder::BodyEncoder(const Key32& dek, const BodyHeader& header, const EncodingFacts& facts)
    : header_(header),
      header_bytes_(header.Encode()),
      geometry_(header.GeometryFor(facts.k, facts.n)),
      facts_(facts),
      code_(ReedSolomon::Get(facts.k, facts.n)),
      cipher_(BodyEncryptionKey(dek, header.id)),
      stripe_(static_cast<size_t>(geometry_.FullBlock()) * facts.k) {
  PBFS_CHECK(geometry_.Check().ok());
}

size_t BodyEncoder::StripesSize(int64_t first, int64_t count) const {
  return static_cast<size_t>(geometry_.StripeEnd(first + count - 1) - geometry_.StripeBegin(first));
}

void BodyEncoder::SealInto(int64_t i, ByteSpan plaintext, uint8_t* out) {
  PBFS_CHECK(static_cast<int64_t>(plaintext.size()) == geometry_.SegmentPlaintext(i));
  cipher_.Seal(MakeSegmentNonce(i, geometry_.Segments()), header_bytes_, plaintext, out);
}

void BodyEncoder::AddLeaves(int64_t first, ByteSpan plaintext) {
  PBFS_CHECK(geometry_.leaves && first * Geometry::kLeaf == static_cast<int64_t>(leaves_.size()));
  for (int64_t i = first; !plaintext.empty(); ++i) {
    const ByteSpan segment = plaintext.first(static_cast<size_t>(geometry_.SegmentPlaintext(i)));
    plaintext = plaintext.subspan(segment.size());
    SealInto(i, segment, stripe_.data());
    const Digest32 leaf = SegmentLeaf(i, {stripe_.data(), segment.size() + kAeadTagSize});
    leaves_.insert(leaves_.end(), leaf.begin(), leaf.end());
  }
  if (static_cast<int64_t>(leaves_.size()) == Geometry::kLeaf * geometry_.Segments()) {
    ct_root_ = CiphertextRoot(header_bytes_, geometry_.Segments(), leaves_);
  }
}

FragmentHeaderBytes BodyEncoder::Head(uint8_t shard) const {
  PBFS_CHECK(!geometry_.leaves || static_cast<int64_t>(leaves_.size()) == Geometry::kLeaf * geometry_.Segments(),
             "AddLeaves() comes first");
  return FragmentHeader{geometry_, shard, facts_.encoding, header_.id, facts_.site, ct_root_}.Encode();
}

void BodyEncoder::EncodeStripes(int64_t first, int64_t count, ByteSpan plaintext, uint8_t* const* shards) {
  const int k = facts_.k, n = facts_.n;
  size_t at = 0;  // in each of `shards`
  for (int64_t i = first; i < first + count; ++i) {
    const ByteSpan segment = plaintext.first(static_cast<size_t>(geometry_.SegmentPlaintext(i)));
    plaintext = plaintext.subspan(segment.size());
    const size_t block = static_cast<size_t>(geometry_.Block(i));
    const size_t sealed = segment.size() + kAeadTagSize;
    SealInto(i, segment, stripe_.data());
    std::memset(stripe_.data() + sealed, 0, block * k - sealed);
    std::array<const uint8_t*, kMaxDataShards> data;
    std::array<uint8_t*, kMaxShards> parity;
    for (int j = 0; j < k; ++j) data[j] = stripe_.data() + j * block;
    for (int j = k; j < n; ++j) parity[j - k] = shards[j] + at;
    code_.Encode(block, data.data(), parity.data());
    for (int j = 0; j < n; ++j) {
      uint8_t* const out = shards[j] + at;
      if (j < k) std::memcpy(out, data[j], block);
      StoreLe(out + block, BlockCrc(facts_.encoding, static_cast<uint8_t>(j), static_cast<uint32_t>(i), {out, block}));
    }
    at += block + Geometry::kCrc;
  }
  PBFS_CHECK(plaintext.empty());
}

}  // namespace pbfs
