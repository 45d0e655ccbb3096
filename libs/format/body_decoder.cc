#include "libs/format/body_decoder.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace pbfs {
namespace {

// All subsets of 10+4 and of 12+3 are fewer; wide codes with many liars must not cost hours.
constexpr int kMaxSubsets = 2048;

}  // namespace

BodyDecoder::BodyDecoder(const Key32& dek, const BodyHeader& header, uint8_t k, uint8_t n)
    : header_(header),
      header_bytes_(header.Encode()),
      geometry_(header.GeometryFor(k, n)),
      code_(ReedSolomon::Get(k, n)),
      cipher_(BodyEncryptionKey(dek, header.id)),
      stripe_(static_cast<size_t>(geometry_.FullBlock()) * k) {
  PBFS_CHECK(geometry_.Check().ok());
}

BodyDecoder::Outcome BodyDecoder::OpenSegment(int64_t i, const std::vector<ShardBlock>& blocks, uint8_t* out) {
  const size_t k = geometry_.k;
  PBFS_CHECK(blocks.size() >= k);
  std::vector<ShardBlock> sorted = blocks;  // data shards first: what is systematic needs no arithmetic
  std::sort(sorted.begin(), sorted.end(), [](const ShardBlock& a, const ShardBlock& b) { return a.shard < b.shard; });

  // All subsets of k, the systematic-most first: prev_permutation over a selection mask in descending order.
  std::vector<char> chosen(sorted.size(), 0);
  std::fill_n(chosen.begin(), k, 1);
  Outcome outcome;
  int tries = 0;
  do {
    std::vector<ShardBlock> subset;
    for (size_t b = 0; b < sorted.size(); ++b) {
      if (chosen[b] != 0) subset.push_back(sorted[b]);
    }
    outcome.reconstructed = subset.back().shard >= k;
    outcome.opened = TrySubset(i, subset, out);
  } while (!outcome.opened && ++tries < kMaxSubsets && std::prev_permutation(chosen.begin(), chosen.end()));
  if (!outcome.opened) WipeMemory(out, static_cast<size_t>(geometry_.SegmentPlaintext(i)));
  if (outcome.opened && sorted.size() > k) outcome.liars = FindLiars(i, sorted);
  return outcome;
}

bool BodyDecoder::TrySubset(int64_t i, const std::vector<ShardBlock>& subset, uint8_t* out) {
  const size_t block = static_cast<size_t>(geometry_.Block(i));
  std::vector<uint8_t> have, missing;
  std::vector<const uint8_t*> sources;
  std::vector<uint8_t*> targets;
  std::array<bool, kMaxDataShards> present{};
  for (const ShardBlock& piece : subset) {
    have.push_back(piece.shard);
    sources.push_back(piece.data);
    if (piece.shard >= geometry_.k) continue;
    present[piece.shard] = true;
    std::memcpy(stripe_.data() + piece.shard * block, piece.data, block);
  }
  for (uint8_t j = 0; j < geometry_.k; ++j) {
    if (present[j]) continue;
    missing.push_back(j);
    targets.push_back(stripe_.data() + j * block);
  }
  if (!missing.empty()) code_.Reconstruct(block, have, sources.data(), missing, targets.data());
  const ByteSpan ciphertext(stripe_.data(), static_cast<size_t>(geometry_.SegmentCiphertext(i)));
  return cipher_.Open(MakeSegmentNonce(i, geometry_.Segments()), header_bytes_, ciphertext, out);
}

std::vector<uint8_t> BodyDecoder::FindLiars(int64_t i, const std::vector<ShardBlock>& blocks) {
  const size_t block = static_cast<size_t>(geometry_.Block(i));
  const size_t k = geometry_.k, m = geometry_.n - k;
  // The AEAD does not cover the padding: a lie in there opens, and must not make the honest parity look wrong.
  std::fill(stripe_.begin() + geometry_.SegmentCiphertext(i), stripe_.begin() + static_cast<int64_t>(k * block), 0);
  Bytes parity(block * m);
  std::vector<const uint8_t*> data;
  std::vector<uint8_t*> rows;
  for (size_t j = 0; j < k; ++j) data.push_back(stripe_.data() + j * block);
  for (size_t j = 0; j < m; ++j) rows.push_back(parity.data() + j * block);
  code_.Encode(block, data.data(), rows.data());
  std::vector<uint8_t> liars;
  for (const ShardBlock& piece : blocks) {
    const uint8_t* const right = piece.shard < k ? data[piece.shard] : rows[piece.shard - k];
    if (std::memcmp(right, piece.data, block) != 0) liars.push_back(piece.shard);
  }
  return liars;
}

}  // namespace pbfs
