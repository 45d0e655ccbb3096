#include "libs/model/skyline.h"

#include "libs/base/random.h"
#include "libs/base/testing.h"
#include "libs/model/byte_array_model.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

BodyId Body(uint8_t n) {
  BodyId id;
  id.bytes[15] = n;
  return id;
}

Extent At(int64_t lo, int64_t hi, Hlc hlc, Source source = Source::Of(Body(1)), int64_t inner = 0) {
  return {lo, hi, {hlc, 1}, source, inner, {}};
}

TEST(SkylineTest, NothingIsVisibleWhereNothingWasWritten) {
  EXPECT_TRUE(Skyline({}, 0, 100).empty());
  const std::vector<Extent> extents = {At(10, 20, 1)};
  EXPECT_TRUE(Skyline(extents, 0, 10).empty());
  EXPECT_TRUE(Skyline(extents, 20, 30).empty());
}

TEST(SkylineTest, NewerExtentSplitsOlder) {
  const std::vector<Extent> extents = {At(0, 10, 1, Source::Of(Body(1)), 100), At(3, 5, 2, Source::Of(Body(2)))};
  const std::vector<SkylinePiece> want = {{0, 3, 0, 100}, {3, 5, 1, 0}, {5, 10, 0, 105}};
  EXPECT_EQ(Skyline(extents, 0, 20), want);
}

TEST(SkylineTest, OlderExtentBelowChangesNothing) {
  const std::vector<Extent> extents = {At(3, 5, 1), At(4, 7, 1), At(0, 10, 2)};
  const std::vector<SkylinePiece> want = {{1, 9, 2, 1}};
  EXPECT_EQ(Skyline(extents, 1, 9), want);
}

TEST(SkylineTest, AtEqualOrderTheBodyCopyWins) {
  const std::vector<Extent> extents = {At(0, 4, 1, Source::Of(ObjectId{})), At(0, 2, 1, Source::Of(Body(9))),
                                       At(0, 4, 1, Source::Of(Body(3)))};
  const std::vector<SkylinePiece> want = {{0, 2, 1, 0}, {2, 4, 2, 2}};
  EXPECT_EQ(Skyline(extents, 0, 4), want);
}

TEST(SkylineTest, SizeFollowsTheGreatestTruncate) {
  const std::vector<Extent> extents = {At(0, 50, 1), At(10, kTruncEnd, 2, Source::Zeros()), At(5, 12, 3),
                                       At(0, kTruncEnd, 1, Source::Zeros())};
  EXPECT_EQ(SizeOf(extents), 12);
  EXPECT_EQ(SizeOf(std::span(extents).first(2)), 10);
  EXPECT_EQ(SizeOf({}), 0);
}

/// Random extents whose source bytes are a function of (body, position), so that reading through a skyline and folding the
/// same ops over a byte array must agree byte by byte.
struct RandomCase {
  std::vector<Extent> extents;
  ByteArrayModel model;
};

uint8_t ByteOf(uint8_t body, int64_t position) { return static_cast<uint8_t>(1 + (body * 31 + position * 7) % 255); }

/// Biases: tiny ranges, repeated ranges, equal borders, orders close together.
class CaseMaker {
 public:
  CaseMaker(Random& random, int64_t limit) : random_(random), limit_(limit) {}

  RandomCase Make() {
    RandomCase result;
    const uint64_t count = 1 + random_.Below(24);
    for (uint64_t i = 0; i < count; ++i) AddOne(result, static_cast<uint8_t>(i + 1));
    return result;
  }

 private:
  void PickRange() {
    if (random_.Below(4) == 0 && hi_ > lo_) return;  // repeat the last range
    const int64_t old_lo = lo_, old_hi = hi_;
    lo_ = static_cast<int64_t>(random_.Below(limit_));
    hi_ = lo_ + 1 + static_cast<int64_t>(random_.Below(random_.Below(2) == 0 ? 3 : limit_ - lo_));
    if (random_.Below(4) == 0) lo_ = old_lo;
    if (random_.Below(4) == 0) hi_ = old_hi;
    if (random_.Below(8) == 0) lo_ = old_hi;
    if (hi_ <= lo_) hi_ = lo_ + 1;
  }
  Order FreshOrder(const ByteArrayModel& model) {
    for (;;) {
      const Order order{static_cast<Hlc>(1 + random_.Below(20)), static_cast<int64_t>(1 + random_.Below(3))};
      if (!model.ops().contains(order)) return order;
    }
  }
  void AddOne(RandomCase& result, uint8_t body) {
    PickRange();
    const Order order = FreshOrder(result.model);
    const uint64_t kind = random_.Below(8);
    if (kind == 0) {
      result.extents.push_back({lo_, kTruncEnd, order, Source::Zeros(), 0, {}});
      return result.model.Truncate(order, lo_);
    }
    if (kind == 1) {
      result.extents.push_back({lo_, hi_, order, Source::Zeros(), 0, {}});
      return result.model.Zero(order, lo_, hi_);
    }
    const int64_t inner = static_cast<int64_t>(random_.Below(50));
    std::vector<uint8_t> bytes;
    for (int64_t at = lo_; at < hi_; ++at) bytes.push_back(ByteOf(body, inner + at - lo_));
    result.extents.push_back({lo_, hi_, order, Source::Of(Body(body)), inner, {}});
    result.model.Write(order, lo_, std::move(bytes));
  }

  Random& random_;
  const int64_t limit_;
  int64_t lo_ = 0, hi_ = 0;
};

std::vector<uint8_t> ReadThrough(const std::vector<Extent>& extents, const std::vector<SkylinePiece>& pieces,
                                 int64_t lo, int64_t hi) {
  std::vector<uint8_t> bytes(hi - lo);
  for (const SkylinePiece& piece : pieces) {
    const Source& source = extents[piece.extent].source;
    if (source.kind == SourceKind::kZeros) continue;
    for (int64_t at = piece.lo; at < piece.hi; ++at)
      bytes[at - lo] = ByteOf(source.body.bytes[15], piece.inner + at - piece.lo);
  }
  return bytes;
}

void ExpectWellFormed(const std::vector<SkylinePiece>& pieces, int64_t lo, int64_t hi) {
  for (size_t i = 0; i < pieces.size(); ++i) {
    ASSERT_LT(pieces[i].lo, pieces[i].hi);
    ASSERT_GE(pieces[i].lo, lo);
    ASSERT_LE(pieces[i].hi, hi);
    if (i == 0) continue;
    ASSERT_LE(pieces[i - 1].hi, pieces[i].lo);
    ASSERT_FALSE(pieces[i - 1].hi == pieces[i].lo && pieces[i - 1].extent == pieces[i].extent)
        << "not as long as it can be";
  }
}

TEST(SkylinePropertyTest, ReadsWhatTheByteArrayHolds) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(testing::Message() << "PBFS_TEST_SEED=" << seed);
  SeededRandom random(seed);
  for (int i = 0; i < TestScaled(20000); ++i) {
    const int64_t limit = 1 + static_cast<int64_t>(random.Below(random.Below(2) == 0 ? 8 : 60));
    const RandomCase c = CaseMaker(random, limit).Make();
    std::vector<uint8_t> want = c.model.Fold();
    ASSERT_EQ(SizeOf(c.extents), static_cast<int64_t>(want.size())) << "case " << i;
    const int64_t lo = static_cast<int64_t>(random.Below(limit));
    const int64_t hi = lo + 1 + static_cast<int64_t>(random.Below(limit + 4));
    want.resize(std::max<size_t>(want.size(), hi));
    const std::vector<SkylinePiece> pieces = Skyline(c.extents, lo, hi);
    ExpectWellFormed(pieces, lo, hi);
    ASSERT_EQ(ReadThrough(c.extents, pieces, lo, hi), std::vector<uint8_t>(want.begin() + lo, want.begin() + hi))
        << "case " << i << " of [" << lo << "," << hi << ")";
    ASSERT_LE(pieces.size(), 2 * c.extents.size());
  }
}

}  // namespace
}  // namespace pbfs
