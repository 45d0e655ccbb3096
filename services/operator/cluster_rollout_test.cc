#include "libs/base/testing.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/rolling_cluster.h"

/// What restarts pods, and above all what does not.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Names = std::set<std::string>;

constexpr int kPods = 9;

class ClusterRolloutTest : public testing::Test {
 protected:
  std::unique_ptr<RollingCluster> demo_ = RollingCluster::Ready();
};

TEST_F(ClusterRolloutTest, ARestartedOperatorWritesNothing) {
  demo_->Rounds(3);
  const Json before = demo_->world().Everything();
  demo_->NewOperator();
  demo_->Rounds(3);
  EXPECT_EQ(demo_->world().Everything(), before);
}

TEST_F(ClusterRolloutTest, AnotherOperatorRestartsNothing) {
  demo_->NewOperator("0.2.0", "0.2.0");
  demo_->Rounds(10);
  EXPECT_THAT(demo_->restarted(), IsEmpty());
  EXPECT_EQ(demo_->Condition("RestartPending"), "True/OperatorUpgraded");
  EXPECT_EQ(demo_->Condition("Ready"), "True/AllHealthy");
  EXPECT_EQ(kube::Text(demo_->Cluster()["status"], "version"), "0.1.0");
  // Neither does a spec that changes and no template with it; and what is new is as the rest.
  demo_->Edit([](Json& spec) { spec["gateway"]["replicas"] = 3; });
  ASSERT_TRUE(demo_->Settle());
  EXPECT_THAT(demo_->restarted(), IsEmpty());
  EXPECT_EQ(demo_->TagOf("demo-gateway-2"), "0.1.0");
}

TEST_F(ClusterRolloutTest, WithTheNextChangeOfATemplateAllFollowTheOperator) {
  demo_->NewOperator("0.2.0", "0.2.0");
  demo_->Rounds(3);
  demo_->Edit([](Json& spec) { spec["gateway"]["config"] = {{"requests", "64"}}; });
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.2.0"});
  EXPECT_EQ(demo_->most_away(), 1);
  EXPECT_EQ(demo_->Condition("RestartPending"), "False/NothingPending");
  EXPECT_EQ(kube::Text(demo_->Cluster()["status"], "version"), "0.2.0");
}

TEST_F(ClusterRolloutTest, ByRollAllFollowAtOnce) {
  demo_->Edit([](Json& spec) { spec["updatePolicy"] = {{"onOperatorUpgrade", "Roll"}}; });
  demo_->Rounds(3);
  EXPECT_THAT(demo_->restarted(), IsEmpty());
  demo_->NewOperator("0.2.0", "0.2.0");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.2.0"});
  EXPECT_EQ(demo_->most_away(), 1);
}

TEST_F(ClusterRolloutTest, TheAnnotationRestartsEveryPodOnceAndInOrder) {
  demo_->Annotate(kRestartedAt, "today");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_THAT(demo_->restarted(),
              ElementsAre("demo-catalog-0-1", "demo-catalog-0-0", "demo-fs-main-2", "demo-fs-main-1", "demo-fs-main-0",
                          "demo-repairer-0", "demo-gateway-1", "demo-gateway-0", "demo-gc-0"));
  EXPECT_EQ(demo_->most_away(), 1);
  demo_->Forget();
  demo_->Annotate("another", "one");  // which takes it away
  demo_->Rounds(10);
  EXPECT_THAT(demo_->restarted(), IsEmpty());
}

TEST_F(ClusterRolloutTest, TheAnnotationBringsANewOperatorsTemplates) {
  demo_->NewOperator("0.2.0", "0.2.0");
  demo_->Rounds(3);
  demo_->Annotate(kRestartedAt, "today");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.2.0"});
  EXPECT_EQ(demo_->restarted().size(), static_cast<size_t>(kPods));
}

TEST_F(ClusterRolloutTest, ANodeThatIsCordonedRestartsNothing) {
  Json node = demo_->world().Get(kinds::kNode, "node1");
  for (const char* name : {"node1", "node2"}) {
    node["metadata"]["name"] = name;
    node["spec"]["unschedulable"] = true;
    demo_->world().Edit(kinds::kNode, node);
  }
  demo_->Rounds(10);
  EXPECT_THAT(demo_->restarted(), IsEmpty());
  EXPECT_EQ(demo_->Condition("RestartPending"), "True/NodesChanged");
  EXPECT_EQ(demo_->Condition("Ready"), "True/AllHealthy");
}

TEST_F(ClusterRolloutTest, WithoutItsRecordNothingIsRestarted) {
  demo_->world().Remove(kinds::kConfigMap, "demo-rollout");
  demo_->Rounds(10);
  EXPECT_THAT(demo_->restarted(), IsEmpty());
  EXPECT_TRUE(demo_->world().Exists(kinds::kConfigMap, "demo-rollout"));
  EXPECT_EQ(demo_->Condition("Ready"), "True/AllHealthy");
}

TEST_F(ClusterRolloutTest, ATemplateEditedByHandIsPutBackAndRestartsNoStore) {
  const Json before = demo_->Set("demo-fs-main");
  Json edited = before;
  edited["spec"]["template"]["spec"]["containers"][0]["image"] = "evil";
  demo_->world().Edit(kinds::kStatefulSet, edited);
  demo_->world().RunControllers();  // before the operator sees it
  demo_->Rounds(10);
  EXPECT_THAT(demo_->restarted(), IsEmpty());
  EXPECT_EQ(demo_->Set("demo-fs-main")["spec"], before["spec"]);
}

TEST_F(ClusterRolloutTest, AConfigurationThatIsGoneComesBackUnderOldTemplatesToo) {
  const std::string name = demo_->world().Get(kinds::kPod, "demo-gateway-0")["spec"]["volumes"][0]["configMap"]["name"];
  const Json before = demo_->world().Get(kinds::kConfigMap, name);
  demo_->NewOperator("0.2.0", "0.2.0");
  demo_->world().Remove(kinds::kConfigMap, name);
  demo_->Rounds(2);
  EXPECT_EQ(demo_->world().Get(kinds::kConfigMap, name)["data"], before["data"]);
}

TEST_F(ClusterRolloutTest, AnOlderOperatorChangesNothing) {
  demo_->NewOperator("0.2.0", "0.2.0");
  demo_->Rounds(2);
  demo_->NewOperator("0.1.0", "0.1.0");
  demo_->world().Remove(kinds::kService, "demo-gateway");
  demo_->Rounds(5);
  EXPECT_FALSE(demo_->world().Exists(kinds::kService, "demo-gateway"));
  EXPECT_EQ(demo_->Condition("UpgradeBlocked"), "True/OperatorTooOld");
  demo_->NewOperator("0.2.0", "0.2.0");
  demo_->Rounds(5);
  EXPECT_TRUE(demo_->world().Exists(kinds::kService, "demo-gateway"));
  EXPECT_EQ(demo_->Condition("UpgradeBlocked"), "False/NothingToDo");
}

}  // namespace
}  // namespace pbfs::operators
