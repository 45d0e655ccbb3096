#include "libs/format/stripe_check.h"

#include <algorithm>

#include "libs/base/testing.h"
#include "libs/format/body_encoder.h"

namespace pbfs {
namespace {

/// The blocks of one stripe of a random body, as they come from the stores.
struct Encoded {
  Encoded(Random& random, uint8_t k, uint8_t n, BodyIntegrity integrity) {
    Key32 dek;
    random.Fill(dek.mutable_span());
    const auto length = static_cast<int64_t>(4096 + 1 + random.Below(9000));
    header = MakeBodyHeader(dek, BodyId::New(1, random), length, integrity, 12);
    BodyEncoder encoder(dek, header, {NewEncodingId(1, 7, random), SiteId{1}, k, n});
    geometry = encoder.geometry();
    Bytes plaintext(static_cast<size_t>(length));
    random.Fill(plaintext);
    if (geometry.leaves) encoder.AddLeaves(0, plaintext);
    const auto segments = geometry.Segments();
    std::vector<uint8_t*> out;
    for (uint8_t j = 0; j < n; ++j) shards.emplace_back(encoder.StripesSize(0, segments));
    for (Bytes& shard : shards) out.push_back(shard.data());
    encoder.EncodeStripes(0, segments, plaintext, out.data());
    const Bytes trailer = encoder.Trailer();
    leaves = ToBytes(ParseFragmentTrailer(geometry, trailer)->leaves);
  }
  uint8_t* Block(uint8_t shard, int64_t i) {
    return shards[shard].data() + geometry.StripeBegin(i) - Geometry::kFragmentHeader;
  }
  std::vector<ShardBlock> Blocks(int64_t i, const std::vector<uint8_t>& of) {
    std::vector<ShardBlock> blocks;
    for (const uint8_t shard : of) blocks.push_back({shard, Block(shard, i)});
    return blocks;
  }
  BodyHeader header;
  Geometry geometry;
  std::vector<Bytes> shards;
  Bytes leaves;
};

std::vector<uint8_t> Draw(Random& random, size_t count, uint8_t n) {
  std::vector<uint8_t> all(n);
  for (uint8_t j = 0; j < n; ++j) all[j] = j;
  for (size_t j = 0; j < count; ++j) std::swap(all[j], all[j + random.Below(n - j)]);
  all.resize(count);
  return all;
}

using Verdict = StripeCheck::Verdict;

// What the table of section 5.1 says, for random codes, sets of shards and liars.
TEST(StripeCheck, SaysWhatTheTableSays) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  for (int round = 0; round < TestScaled(300); ++round) {
    const auto k = static_cast<uint8_t>(1 + random.Below(5)), m = static_cast<uint8_t>(1 + random.Below(4));
    const auto n = static_cast<uint8_t>(k + m);
    const bool leaves = random.Below(2) == 0;
    Encoded body(random, k, n, leaves ? BodyIntegrity::kSha256 : BodyIntegrity::kCrc32c);
    const auto i = static_cast<int64_t>(random.Below(static_cast<uint64_t>(body.geometry.Segments())));
    const std::vector<Bytes> right = body.shards;
    const std::vector<uint8_t> here = Draw(random, k + random.Below(m + 1U), n);
    std::vector<uint8_t> liars = here;
    liars.resize(random.Below(std::min<size_t>(here.size(), 3) + 1));
    for (const uint8_t liar : liars)
      body.Block(liar, i)[random.Below(1 + 15)] ^= 1;  // never in the padding: it is behind
    std::sort(liars.begin(), liars.end());

    StripeCheck check(body.geometry, body.leaves);
    StripeCheck::Outcome outcome = check.Take(i, body.Blocks(i, here));
    std::sort(outcome.liars.begin(), outcome.liars.end());
    const size_t honest = here.size() - liars.size(), spare = here.size() - k;
    const std::string what = "k " + std::to_string(k) + " n " + std::to_string(n) + " here " +
                             std::to_string(here.size()) + " liars " + std::to_string(liars.size());
    if (leaves) {
      ASSERT_EQ(outcome.verdict, honest >= k ? Verdict::kSound : Verdict::kContradiction) << what;
    } else if (spare == 0) {
      ASSERT_EQ(outcome.verdict, Verdict::kUnchecked) << what;
      continue;  // nothing can be told
    } else if (2 * liars.size() <= spare) {
      ASSERT_EQ(outcome.verdict, Verdict::kSound) << what;
    } else if (liars.size() <= spare - spare / 2) {
      ASSERT_EQ(outcome.verdict, Verdict::kContradiction) << what;
    } else {
      continue;  // so many liars may tell one consistent story
    }
    if (outcome.verdict != Verdict::kSound) continue;
    ASSERT_EQ(outcome.liars, liars) << what;
    for (uint8_t j = 0; j < n; ++j) {
      Bytes block(static_cast<size_t>(body.geometry.Block(i)));
      check.BlockOf(j, block.data());
      const auto begin = right[j].begin() + body.geometry.StripeBegin(i) - Geometry::kFragmentHeader;
      ASSERT_TRUE(std::equal(block.begin(), block.end(), begin)) << what << " shard " << int{j};
    }
  }
}

}  // namespace
}  // namespace pbfs
