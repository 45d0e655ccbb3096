#include "libs/base/testing.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/rolling_cluster.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::IsEmpty;

class ClusterHibernationTest : public testing::Test {
 protected:
  void Hibernate(bool is) {
    demo_->Edit([&](Json& spec) { spec["hibernated"] = is; });
  }
  std::vector<Json> Pods() { return demo_->world().All(kinds::kPod); }
  bool HasPods(const std::string& component) {
    for (const Json& pod : Pods())
      if (LabelOf(pod, kComponentLabel) == component) return true;
    return false;
  }
  /// While it sleeps or wakes: whom these call is there.
  void ExpectServersThere() {
    const bool stores = HasPods("fragment-store"), catalogs = HasPods("catalog");
    for (const char* client : {"gateway", "repairer", "garbage-collector"})
      EXPECT_TRUE(!HasPods(client) || (stores && catalogs)) << client;
    EXPECT_TRUE(!stores || catalogs);
  }
  void RunInOrder(const std::function<bool()>& done) {
    for (int round = 0; round < 60 && !done(); ++round) {
      demo_->Round();
      ExpectServersThere();
    }
    EXPECT_TRUE(done()) << demo_->Cluster().dump(1);
  }

  std::unique_ptr<RollingCluster> demo_ = RollingCluster::Ready();
};

TEST_F(ClusterHibernationTest, PodsEndInOrderAndComeBackInReverse) {
  Hibernate(true);
  RunInOrder([&] { return demo_->Condition("Hibernated") == "True/Hibernated"; });
  EXPECT_THAT(Pods(), IsEmpty());
  EXPECT_THAT(demo_->world().All(kinds::kPodDisruptionBudget), IsEmpty());
  EXPECT_EQ(demo_->Condition("Ready"), "False/Hibernated");
  const Json before = demo_->world().Everything();
  demo_->Rounds(3);
  EXPECT_EQ(demo_->world().Everything(), before);
  Hibernate(false);
  RunInOrder([&] { return demo_->IsReady(); });
  EXPECT_EQ(Pods().size(), 9u);
  EXPECT_EQ(demo_->Condition("Hibernated"), "");
}

TEST_F(ClusterHibernationTest, PostgresIsTheLastToEndAndTheFirstToComeBack) {
  demo_ = std::make_unique<RollingCluster>();
  demo_->world().Remove(kinds::kPbfsCluster, "demo");  // as it is at first: on another PostgreSQL
  demo_->Edit([](Json& spec) { spec["postgres"] = {{"type", "Managed"}}; });
  ASSERT_TRUE(demo_->Settle());
  const auto in_order = [&] { return !HasPods("catalog") || HasPods("postgres"); };
  Hibernate(true);
  for (int round = 0; round < 40 && !Pods().empty(); ++round) {
    demo_->Round();
    EXPECT_TRUE(in_order());
  }
  EXPECT_THAT(Pods(), IsEmpty());
  Hibernate(false);
  demo_->Round();
  EXPECT_TRUE(HasPods("postgres"));
  EXPECT_FALSE(HasPods("catalog"));
  RunInOrder([&] { return demo_->IsReady(); });
}

TEST_F(ClusterHibernationTest, AStoreThatDoesNotEndIsWaitedFor) {
  Json pod = demo_->world().Get(kinds::kPod, "demo-fs-main-1");
  pod["metadata"]["finalizers"] = {"somebody/holds-it"};
  demo_->world().Edit(kinds::kPod, pod);
  Hibernate(true);
  demo_->Rounds(20);
  EXPECT_EQ(demo_->Condition("Hibernated"), "False/Hibernating");
  EXPECT_TRUE(HasPods("catalog"));
  EXPECT_FALSE(HasPods("gateway"));
  Hibernate(false);  // a change of mind
  EXPECT_TRUE(demo_->RunUntil([&] { return HasPods("fragment-store") && HasPods("catalog"); }));
}

TEST_F(ClusterHibernationTest, StoresComeBackAsManyAsThereAreVolumes) {
  for (int i = 0; i < 4; ++i)
    demo_->world().Make(kinds::kPersistentVolumeClaim,
                        {{"apiVersion", "v1"},
                         {"kind", "PersistentVolumeClaim"},
                         {"metadata",
                          {{"name", "data-demo-fs-main-" + std::to_string(i)},
                           {"namespace", kTestSpace},
                           {"labels", PoolSelector("demo", "main")}}},
                         {"spec", {{"resources", {{"requests", {{"storage", "10Gi"}}}}}}}});
  Hibernate(true);
  RunInOrder([&] { return demo_->Condition("Hibernated") == "True/Hibernated"; });
  Hibernate(false);
  ASSERT_TRUE(demo_->RunUntil([&] { return HasPods("fragment-store"); }));
  EXPECT_TRUE(demo_->world().Exists(kinds::kPod, "demo-fs-main-3"));
}

TEST_F(ClusterHibernationTest, AVersionThatComesWhileItSleepsIsThereWhenItWakes) {
  Hibernate(true);
  RunInOrder([&] { return demo_->Condition("Hibernated") == "True/Hibernated"; });
  demo_->WantVersion("0.1.1");
  demo_->Rounds(5);
  Hibernate(false);
  RunInOrder([&] { return demo_->IsReady(); });
  EXPECT_EQ(demo_->Tags(), std::set<std::string>{"0.1.1"});
  EXPECT_EQ(demo_->restarted().size(), 9u);  // each once
}

TEST_F(ClusterHibernationTest, InTheMiddleOfAnUpgradeItSleepsAndGoesOnAfterwards) {
  demo_->WantVersion("0.1.1");
  ASSERT_TRUE(demo_->RunUntil([&] { return demo_->TagOf("demo-fs-main-2") == "0.1.1"; }));
  Hibernate(true);
  RunInOrder([&] { return demo_->Condition("Hibernated") == "True/Hibernated"; });
  Hibernate(false);
  ASSERT_TRUE(demo_->RunUntil([&] { return demo_->IsReady() && demo_->Step().empty(); })) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), std::set<std::string>{"0.1.1"});
}

}  // namespace
}  // namespace pbfs::operators
