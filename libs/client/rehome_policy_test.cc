#include "libs/client/rehome_policy.h"

#include "libs/base/testing.h"

namespace pbfs {
namespace {

VisibleBody Body(Random& random, int64_t visible, int64_t placed) {
  VisibleBody body;
  body.body = BodyId::New(0, random);
  body.visible = visible;
  body.placed = placed;
  body.extents = 1;
  return body;
}

class RehomePolicyTest : public testing::Test {
 protected:
  void Add(int count, int64_t visible, bool gathered = false) {
    for (int i = 0; i < count; ++i) {
      bodies.push_back(Body(random, visible, visible));
      bodies.back().gathered = gathered;
    }
    region.extents += count;
    region.rewritten = 1;
  }
  RehomeKind Kind(const RehomePolicy& policy = {}) const { return PlanRehome(region, policy).kind; }
  SeededRandom random{1};
  RegionShape region;
  std::vector<VisibleBody>& bodies = region.bodies;
};

TEST_F(RehomePolicyTest, AFewPatchesOfALargeBodyStayAsTheyAre) {
  Add(1, 60 << 20);
  Add(200, 4096);
  EXPECT_EQ(Kind(), RehomeKind::kNothing);
  EXPECT_EQ(PlanRehome({}, {}).kind, RehomeKind::kNothing);
}

TEST_F(RehomePolicyTest, ManySmallBodiesAreGatheredAndTheLargeOneIsNot) {
  Add(1, 60 << 20);
  Add(257, 4096);
  const RehomePlan plan = PlanRehome(region, {});
  EXPECT_EQ(plan.kind, RehomeKind::kGather);
  EXPECT_EQ(plan.bodies.size(), 257u);
}

TEST_F(RehomePolicyTest, AMebibyteOfInlineBytesIsGathered) {
  Add(1, 60 << 20);
  Add(256, 4096);
  for (size_t i = 1; i < bodies.size(); ++i) bodies[i].is_inline = true;
  EXPECT_EQ(Kind(), RehomeKind::kGather);
}

TEST_F(RehomePolicyTest, EightGatheredBodiesOfLikeSizeBecomeOne) {
  Add(1, 60 << 20);
  Add(7, 1 << 20, true);
  EXPECT_EQ(Kind(), RehomeKind::kNothing);
  Add(1, 8 << 10, true);
  EXPECT_EQ(Kind(), RehomeKind::kNothing) << "another size";
  Add(1, (1 << 20) + 5, true);
  const RehomePlan plan = PlanRehome(region, {});
  EXPECT_EQ(plan.kind, RehomeKind::kTier);
  EXPECT_EQ(plan.bodies.size(), 8u);
}

TEST_F(RehomePolicyTest, HalfOfTheBytesOutsideTheLargestBodyIsARewrite) {
  Add(1, 30 << 20);
  Add(14, 2 << 20);
  EXPECT_EQ(Kind(), RehomeKind::kNothing);
  Add(1, 2 << 20);
  EXPECT_EQ(Kind(), RehomeKind::kRewrite);
}

TEST_F(RehomePolicyTest, BodiesThatAreMostlyHiddenAreARewrite) {
  bodies.push_back(Body(random, 10 << 20, 64 << 20));
  EXPECT_EQ(Kind(), RehomeKind::kRewrite);
}

TEST_F(RehomePolicyTest, BodiesThatAreWhollyHiddenCountAsWell) {
  Add(1, 60 << 20);
  region.hidden = 59 << 20;
  EXPECT_EQ(Kind(), RehomeKind::kNothing);
  region.hidden = 61 << 20;
  EXPECT_EQ(Kind(), RehomeKind::kRewrite);
}

TEST_F(RehomePolicyTest, AFewLargeBodiesAreNotMergedHoweverTheyShareTheRegion) {
  Add(2, 10);
  EXPECT_EQ(Kind(), RehomeKind::kNothing) << "a small object of two patches";
  bodies.clear();
  Add(8, 8 << 20);
  EXPECT_EQ(Kind(), RehomeKind::kNothing) << "a region of eight appends";
  Add(1, 1 << 20);
  EXPECT_EQ(Kind(), RehomeKind::kRewrite) << "and one more: each is less than an eighth now";
}

TEST_F(RehomePolicyTest, ManyExtentsAreARewriteOnlyWhereItSavesHalfOfThem) {
  Add(1, 60 << 20);
  region.extents = 8192;
  region.rewritten = 4096;
  EXPECT_EQ(Kind(), RehomeKind::kRewrite);
  region.rewritten = 4097;
  EXPECT_EQ(Kind(), RehomeKind::kNothing);
  Add(257, 100);
  region.rewritten = region.extents;
  EXPECT_EQ(Kind(), RehomeKind::kGather) << "fewer bodies at least";
}

TEST_F(RehomePolicyTest, APartLooksFragmentedWhereAllOfItWouldBe) {
  Add(1, 4 << 20);
  Add(17, 4096);
  EXPECT_TRUE(LooksFragmented(region, 1.0 / 16, {})) << "17 in a sixteenth: more than 256 in all";
  EXPECT_FALSE(LooksFragmented(region, 1.0 / 8, {}));
  EXPECT_FALSE(LooksFragmented(region, 1, {}));
}

TEST_F(RehomePolicyTest, AFewBodiesNeverLookFragmented) {
  Add(16, 4096);
  EXPECT_FALSE(LooksFragmented(region, 0.0001, {}));
  region.bodies.clear();
  EXPECT_FALSE(LooksFragmented(region, 0, {}));
}

}  // namespace
}  // namespace pbfs
