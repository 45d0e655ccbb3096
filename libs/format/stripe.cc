#include "libs/format/stripe.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace pbfs {

Stripe::Stripe(const Geometry& geometry)
    : geometry_(geometry),
      code_(ReedSolomon::Get(geometry.k, geometry.n)),
      data_(static_cast<size_t>(geometry.FullBlock()) * geometry.k),
      parity_(static_cast<size_t>(geometry.FullBlock()) * static_cast<size_t>(geometry.n - geometry.k)) {
  PBFS_CHECK(geometry.Check().ok());
}

ByteSpan Stripe::Assemble(int64_t i, const std::vector<ShardBlock>& subset) {
  PBFS_CHECK(subset.size() == geometry_.k);
  block_ = static_cast<size_t>(geometry_.Block(i));
  have_parity_ = false;
  std::vector<uint8_t> have, missing;
  std::vector<const uint8_t*> sources;
  std::vector<uint8_t*> targets;
  std::array<bool, kMaxDataShards> present{};
  for (const ShardBlock& piece : subset) {
    have.push_back(piece.shard);
    sources.push_back(piece.data);
    if (piece.shard >= geometry_.k) continue;
    present[piece.shard] = true;
    std::memcpy(data_.data() + piece.shard * block_, piece.data, block_);
  }
  for (uint8_t j = 0; j < geometry_.k; ++j) {
    if (present[j]) continue;
    missing.push_back(j);
    targets.push_back(data_.data() + j * block_);
  }
  if (!missing.empty()) code_.Reconstruct(block_, have, sources.data(), missing, targets.data());
  const auto length = static_cast<size_t>(geometry_.SegmentCiphertext(i));
  std::memset(data_.data() + length, 0, block_ * geometry_.k - length);
  return {data_.data(), length};
}

std::vector<uint8_t> Stripe::Contradictions(const std::vector<ShardBlock>& blocks) {
  std::vector<uint8_t> wrong;
  for (const ShardBlock& piece : blocks) {
    if (std::memcmp(Computed(piece.shard), piece.data, block_) != 0) wrong.push_back(piece.shard);
  }
  return wrong;
}

void Stripe::BlockOf(uint8_t shard, uint8_t* out) { std::memcpy(out, Computed(shard), block_); }

const uint8_t* Stripe::Computed(uint8_t shard) {
  if (shard < geometry_.k) return data_.data() + shard * block_;
  if (!have_parity_) {
    std::vector<const uint8_t*> data;
    std::vector<uint8_t*> rows;
    for (size_t j = 0; j < geometry_.k; ++j) data.push_back(data_.data() + j * block_);
    for (size_t j = 0; j + geometry_.k < geometry_.n; ++j) rows.push_back(parity_.data() + j * block_);
    code_.Encode(block_, data.data(), rows.data());
    have_parity_ = true;
  }
  return parity_.data() + static_cast<size_t>(shard - geometry_.k) * block_;
}

bool AnySubset(const std::vector<ShardBlock>& blocks, size_t k,
               const std::function<bool(const std::vector<ShardBlock>& subset)>& try_one) {
  constexpr int kMaxSubsets = 2048;
  PBFS_CHECK(blocks.size() >= k);
  std::vector<ShardBlock> sorted = blocks;  // data shards first: what is systematic needs no arithmetic
  std::sort(sorted.begin(), sorted.end(), [](const ShardBlock& a, const ShardBlock& b) { return a.shard < b.shard; });
  std::vector<char> chosen(sorted.size(), 0);  // prev_permutation of a mask in descending order
  std::fill_n(chosen.begin(), k, 1);
  int tries = 0;
  do {
    std::vector<ShardBlock> subset;
    for (size_t b = 0; b < sorted.size(); ++b) {
      if (chosen[b] != 0) subset.push_back(sorted[b]);
    }
    if (try_one(subset)) return true;
  } while (++tries < kMaxSubsets && std::prev_permutation(chosen.begin(), chosen.end()));
  return false;
}

}  // namespace pbfs
