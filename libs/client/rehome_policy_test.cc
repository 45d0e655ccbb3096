#include "libs/client/rehome_policy.h"

#include "libs/base/testing.h"

namespace pbfs {
namespace {

VisibleBody Body(Random& random, int64_t visible, int64_t length) {
  VisibleBody body;
  body.body = BodyId::New(0, random);
  body.visible = visible;
  body.length = length;
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
  }
  RehomePlan Plan(const RehomePolicy& policy = {}) const {
    return PlanRehome(bodies, static_cast<int64_t>(bodies.size()), policy);
  }
  SeededRandom random{1};
  std::vector<VisibleBody> bodies;
};

TEST_F(RehomePolicyTest, AFewPatchesOfALargeBodyStayAsTheyAre) {
  Add(1, 60 << 20);
  Add(200, 4096);
  EXPECT_EQ(Plan().kind, RehomeKind::kNothing);
  EXPECT_EQ(PlanRehome({}, 0, {}).kind, RehomeKind::kNothing);
}

TEST_F(RehomePolicyTest, ManySmallBodiesAreGatheredAndTheLargeOneIsNot) {
  Add(1, 60 << 20);
  Add(257, 4096);
  const RehomePlan plan = Plan();
  EXPECT_EQ(plan.kind, RehomeKind::kGather);
  EXPECT_EQ(plan.bodies.size(), 257u);
}

TEST_F(RehomePolicyTest, AMebibyteOfInlineBytesIsGathered) {
  Add(1, 60 << 20);
  Add(256, 4096);
  for (size_t i = 1; i < bodies.size(); ++i) bodies[i].is_inline = true;
  EXPECT_EQ(Plan().kind, RehomeKind::kGather);
}

TEST_F(RehomePolicyTest, EightGatheredBodiesOfLikeSizeBecomeOne) {
  Add(1, 60 << 20);
  Add(7, 1 << 20, true);
  EXPECT_EQ(Plan().kind, RehomeKind::kNothing);
  Add(1, 8 << 10, true);
  EXPECT_EQ(Plan().kind, RehomeKind::kNothing) << "another size";
  Add(1, (1 << 20) + 5, true);
  const RehomePlan plan = Plan();
  EXPECT_EQ(plan.kind, RehomeKind::kTier);
  EXPECT_EQ(plan.bodies.size(), 8u);
}

TEST_F(RehomePolicyTest, HalfOfTheBytesOutsideTheLargestBodyIsARewrite) {
  Add(1, 30 << 20);
  Add(14, 2 << 20);
  EXPECT_EQ(Plan().kind, RehomeKind::kNothing);
  Add(1, 2 << 20);
  EXPECT_EQ(Plan().kind, RehomeKind::kRewrite);
}

TEST_F(RehomePolicyTest, BodiesThatAreMostlyHiddenAreARewrite) {
  bodies.push_back(Body(random, 10 << 20, 64 << 20));
  EXPECT_EQ(Plan().kind, RehomeKind::kRewrite);
}

}  // namespace
}  // namespace pbfs
