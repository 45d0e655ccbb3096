#include "services/operator/replication_reconciler.h"

#include "libs/base/testing.h"
#include "services/operator/fake_world.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

TEST(ReplicationReconcilerTest, ALinkSaysThatNothingIsShippedAndIsThenLeftAlone) {
  FakeWorld world;
  const OperatorOptions options = FakeWorld::Options();
  ReplicationReconciler reconciler(world.world(), options);
  world.Make(kinds::kPbfsSiteReplication,
             ObjectOf(kinds::kPbfsSiteReplication, "away", {{"clusterRef", {{"name", "demo"}}}}));
  ASSERT_OK(reconciler.Reconcile(TestContext(), kTestSpace, "away"));
  EXPECT_EQ(ConditionOf(world.Get(kinds::kPbfsSiteReplication, "away"), "Ready"), "False/NotImplemented");
  const Json before = world.Everything();
  ASSERT_OK(reconciler.Reconcile(TestContext(), kTestSpace, "away"));
  EXPECT_EQ(world.Everything(), before);
  world.Remove(kinds::kPbfsSiteReplication, "away");
  ASSERT_OK(reconciler.Reconcile(TestContext(), kTestSpace, "away"));
}

}  // namespace
}  // namespace pbfs::operators
