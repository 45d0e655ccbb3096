#include "libs/client/fetch_plan.h"

#include <algorithm>
#include <set>

#include "libs/base/testing.h"

namespace pbfs {
namespace {

constexpr int64_t kSegment = 64 << 10;
constexpr int64_t kMost = 1 << 20;

ListedBody BodyOf(int64_t length) {
  ListedBody body;
  body.header.seg_log2 = 16;
  body.header.length = length;
  return body;
}

TEST(FetchPlan, PiecesWithinOneSegmentAreOneFetch) {
  const ListedBody body = BodyOf(10 * kSegment);
  uint8_t out[200];
  const auto fetches = PlanFetches({{&body, 500, 100, out + 100}, {&body, 10, 100, out}}, kMost);
  ASSERT_EQ(fetches.size(), 1u);
  EXPECT_EQ(fetches[0].begin, 10);
  EXPECT_EQ(fetches[0].end, 600);
  ASSERT_EQ(fetches[0].pieces.size(), 2u);
  EXPECT_EQ(fetches[0].pieces[0].out, out);
  EXPECT_EQ(fetches[0].pieces[1].out, out + 100);
}

TEST(FetchPlan, SegmentThatNobodyWantsIsLeftOut) {
  const ListedBody body = BodyOf(10 * kSegment);
  uint8_t out[3];
  const auto next = PlanFetches({{&body, 0, 1, out}, {&body, 2 * kSegment - 1, 1, out + 1}}, kMost);
  EXPECT_EQ(next.size(), 1u);
  const auto apart = PlanFetches({{&body, 0, 1, out}, {&body, 2 * kSegment, 1, out + 1}}, kMost);
  EXPECT_EQ(apart.size(), 2u);
}

TEST(FetchPlan, NoStoreIsAskedForMoreThanItGives) {
  for (const uint8_t k : {1, 2, 3, 4, 8}) {
    ListedBody body = BodyOf(64 << 20);
    body.row.encoding = Encoding{{}, 2, k, static_cast<uint8_t>(k + 1)};
    uint8_t* nowhere = nullptr;
    for (const SegmentFetch& fetch : PlanFetches({{&body, 0, 64 << 20, nowhere}}, 8 << 20))
      EXPECT_LE((fetch.end - fetch.begin) / k, kMaxReadBytes / 2);
  }
}

TEST(FetchPlan, EveryWantedByteIsInOneFetchAndNoSegmentInTwo) {
  SeededRandom random(TestSeed());
  Bytes out(64 << 20);  // plans touch none of it
  for (int trial = 0; trial < TestScaled(100); ++trial) {
    const ListedBody bodies[2] = {BodyOf(8 << 20), BodyOf(3 * kSegment)};
    std::vector<WantedBytes> wanted;
    uint8_t* place = out.data();
    std::vector<std::vector<char>> want(2), got(2), segments(2);
    for (int i = 0; i < 2; ++i) {
      want[i].resize(static_cast<size_t>(bodies[i].header.length));
      got[i].resize(want[i].size());
    }
    for (uint64_t i = 0; i <= random.Below(30); ++i) {
      const size_t which = random.Below(2);
      const auto length = static_cast<uint64_t>(bodies[which].header.length);
      const auto inner = static_cast<int64_t>(random.Below(length));
      const auto most = std::min<uint64_t>(length - static_cast<uint64_t>(inner), uint64_t{1} << random.Below(22));
      const auto size = 1 + static_cast<int64_t>(random.Below(most));
      wanted.push_back({&bodies[which], inner, size, place});
      place += size;
      std::fill_n(want[which].begin() + inner, size, 1);
    }
    std::set<std::pair<const ListedBody*, int64_t>> fetched;
    for (const SegmentFetch& fetch : PlanFetches(wanted, kMost)) {
      EXPECT_LE(fetch.end - fetch.begin, kMost);
      std::set<int64_t> held;
      for (const SegmentFetch::Piece& piece : fetch.pieces) {
        EXPECT_LE(fetch.begin, piece.begin);
        EXPECT_LE(piece.end, fetch.end);
        std::fill_n(got[fetch.body - bodies].begin() + piece.begin, piece.end - piece.begin, 1);
        for (int64_t s = piece.begin / kSegment; s <= (piece.end - 1) / kSegment; ++s) held.insert(s);
        const auto from = std::find_if(wanted.begin(), wanted.end(), [&](const WantedBytes& w) {
          return w.body == fetch.body && w.out <= piece.out && piece.out < w.out + w.size;
        });
        ASSERT_NE(from, wanted.end());
        EXPECT_EQ(piece.begin - from->inner, piece.out - from->out);
      }
      for (int64_t s = fetch.begin / kSegment; s <= (fetch.end - 1) / kSegment; ++s) {
        EXPECT_TRUE(held.contains(s)) << "a segment that nobody wants";
        EXPECT_TRUE(fetched.emplace(fetch.body, s).second) << "a segment twice";
      }
    }
    EXPECT_EQ(got, want);
  }
}

}  // namespace
}  // namespace pbfs
