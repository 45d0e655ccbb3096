#include "libs/coding/reed_solomon.h"

#include "libs/base/random.h"
#include "libs/base/testing.h"
#include "libs/coding/crc32c.h"

namespace pbfs {
namespace {

std::vector<Bytes> EncodeRandom(int k, int n, size_t size, Random& random) {
  std::vector<Bytes> shards(static_cast<size_t>(n), Bytes(size));
  std::vector<const uint8_t*> data;
  std::vector<uint8_t*> parity;
  for (int i = 0; i < k; ++i) {
    random.Fill(shards[i]);
    data.push_back(shards[i].data());
  }
  for (int i = k; i < n; ++i) parity.push_back(shards[i].data());
  ReedSolomon::Get(k, n).Encode(size, data.data(), parity.data());
  return shards;
}

void ExpectRebuilds(int k, int n, const std::vector<Bytes>& shards, uint64_t survivors) {
  std::vector<uint8_t> have, wanted;
  std::vector<const uint8_t*> blocks;
  for (int i = 0; i < n; ++i) {
    if ((survivors >> i & 1) != 0 && static_cast<int>(have.size()) < k) {
      have.push_back(static_cast<uint8_t>(i));
      blocks.push_back(shards[i].data());
    } else {
      wanted.push_back(static_cast<uint8_t>(i));
    }
  }
  std::vector<Bytes> rebuilt(wanted.size(), Bytes(shards[0].size()));
  std::vector<uint8_t*> out;
  for (Bytes& shard : rebuilt) out.push_back(shard.data());
  ReedSolomon::Get(k, n).Reconstruct(shards[0].size(), have, blocks.data(), wanted, out.data());
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_EQ(rebuilt[i], shards[wanted[i]]) << k << "+" << n - k;
}

TEST(ReedSolomonTest, AnyKShardsGiveBackAll) {
  SeededRandom random(TestSeed());
  for (const auto& [k, n] : {std::pair{1, 3}, {2, 3}, {4, 6}, {6, 9}, {5, 5}}) {
    const auto shards = EncodeRandom(k, n, 112, random);
    for (uint64_t set = 0; set < uint64_t{1} << n; ++set) {
      if (__builtin_popcountll(set) == k) ExpectRebuilds(k, n, shards, set);
    }
  }
}

TEST(ReedSolomonTest, WideCodesAreNeverSingular) {
  SeededRandom random(TestSeed());
  for (const auto& [k, n] : {std::pair{6, 11}, {8, 13}, {10, 15}, {16, 20}, {32, 48}}) {
    const auto shards = EncodeRandom(k, n, 48, random);
    for (int i = 0; i < TestScaled(200); ++i) {
      uint64_t set = 0;
      while (__builtin_popcountll(set) < k) set |= uint64_t{1} << random.Below(static_cast<uint64_t>(n));
      ExpectRebuilds(k, n, shards, set);
    }
  }
}

TEST(Crc32cTest, KnownAnswerAndPieces) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xe3069283u);
  EXPECT_EQ(Crc32cExtend(Crc32c(AsBytes("1234")), AsBytes("56789")), 0xe3069283u);
  EXPECT_EQ(Crc32c({}), 0u);
}

}  // namespace
}  // namespace pbfs
