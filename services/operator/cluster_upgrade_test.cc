#include <algorithm>

#include "libs/base/testing.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/rolling_cluster.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Names = std::set<std::string>;

bool IsStore(const Json& pod) { return MetaText(pod, "name").starts_with("demo-fs-"); }
std::string ImageOfPod(const Json& pod) { return pod["spec"]["containers"][0]["image"]; }

class ClusterUpgradeTest : public testing::Test {
 protected:
  // Stores of 0.1.1 never become ready; `only`: those of which this is the pod.
  void SpoilStores(const std::string& only = "") {
    demo_->sets().is_bad = [only](const Json& pod) {
      return IsStore(pod) && ImageOfPod(pod).ends_with(":0.1.1") && (only.empty() || MetaText(pod, "name") == only);
    };
  }
  std::vector<std::string> RestartedStores() const {
    std::vector<std::string> out;
    for (const std::string& pod : demo_->restarted())
      if (pod.starts_with("demo-fs-")) out.push_back(pod);
    return out;
  }

  std::unique_ptr<RollingCluster> demo_ = RollingCluster::Ready();
};

TEST_F(ClusterUpgradeTest, AnotherVersionComesInOrder) {
  demo_->WantVersion("0.1.1");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.1.1"});
  EXPECT_EQ(kube::Text(demo_->Cluster()["status"], "version"), "0.1.1");
  EXPECT_THAT(demo_->restarted(),
              ElementsAre("demo-catalog-0-1", "demo-catalog-0-0", "demo-fs-main-2", "demo-fs-main-1", "demo-fs-main-0",
                          "demo-repairer-0", "demo-gateway-1", "demo-gateway-0", "demo-gc-0"));
  EXPECT_EQ(demo_->most_away(), 1);
  EXPECT_EQ(demo_->Condition("UpgradeBlocked"), "False/NothingToDo");
}

TEST_F(ClusterUpgradeTest, PostgresComesWhenTheOthersHaveShownThatTheVersionExists) {
  RollingCluster managed;
  managed.world().Remove(kinds::kPbfsCluster, "demo");  // as it is at first: on another PostgreSQL
  managed.Edit([](Json& spec) { spec["postgres"] = {{"type", "Managed"}}; });
  ASSERT_TRUE(managed.Settle()) << managed.Cluster().dump(1);
  managed.Forget();
  managed.WantVersion("0.1.1");
  ASSERT_TRUE(managed.Settle()) << managed.Cluster().dump(1);
  EXPECT_EQ(managed.Tags(), Names{"0.1.1"});
  const std::vector<std::string>& restarted = managed.restarted();
  ASSERT_GE(restarted.size(), 4u);
  EXPECT_THAT(std::vector<std::string>(restarted.end() - 4, restarted.end()),
              ElementsAre("demo-pg-0-2", "demo-pg-0-1", "demo-pg-0-0", "demo-gc-0"));
}

TEST_F(ClusterUpgradeTest, NothingIsCollectedMeanwhileAndTheSchemaComesFirst) {
  demo_->WantVersion("0.1.1");
  const auto is_new = [&] { return demo_->Tags().contains("0.1.1"); };
  ASSERT_TRUE(demo_->RunUntil(is_new));
  const auto& jobs = demo_->world().All(kinds::kJob);
  EXPECT_TRUE(std::any_of(jobs.begin(), jobs.end(), [](const Json& job) {
    return job["spec"]["template"]["spec"]["containers"][0]["image"] == "registry.example/pbfs-catalog:0.1.1";
  }));
  for (; demo_->Step() != "demo-gc"; demo_->Round())
    ASSERT_FALSE(demo_->world().Exists(kinds::kPod, "demo-gc-0")) << demo_->Step();
  EXPECT_EQ(demo_->Tags(), Names{"0.1.1"});
  ASSERT_TRUE(demo_->Settle());
  EXPECT_TRUE(demo_->world().Exists(kinds::kPod, "demo-gc-0"));
}

TEST_F(ClusterUpgradeTest, AStoreThatTheCatalogsMissHoldsTheNextOneBack) {
  demo_->WantVersion("0.1.1");
  ASSERT_TRUE(demo_->RunUntil([&] { return demo_->TagOf("demo-fs-main-2") == "0.1.1"; }));
  demo_->KeepAway(2);
  demo_->Rounds(20);
  EXPECT_THAT(RestartedStores(), ElementsAre("demo-fs-main-2"));
  EXPECT_THAT(demo_->Cluster()["status"]["operation"].dump(), HasSubstr("store 3 in demo-fs-main-2"));
  demo_->LetBack(2);
  EXPECT_TRUE(demo_->Settle());
  EXPECT_EQ(demo_->Tags(), Names{"0.1.1"});
}

TEST_F(ClusterUpgradeTest, ABadImageStopsAtOneStoreAndSaysSo) {
  SpoilStores();
  demo_->WantVersion("0.1.1");
  demo_->Rounds(60);
  EXPECT_THAT(RestartedStores(), ElementsAre("demo-fs-main-2"));
  EXPECT_EQ(demo_->TagOf("demo-gateway-0"), "0.1.0");
  demo_->world().clock().Advance(int64_t{1801} * 1'000'000);
  demo_->Round();
  EXPECT_EQ(demo_->Condition("UpgradeBlocked"), "True/HealthGateTimeout");
  EXPECT_EQ(demo_->Condition("Ready").substr(0, 5), "False");
  const auto& events = demo_->world().All(kinds::kEvent);
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const Json& event) {
    return event["reason"] == "HealthGateTimeout" && event.dump().find("demo-fs-main-2") != std::string::npos;
  }));
  demo_->sets().is_bad = [](const Json&) { return false; };  // it becomes well by itself
  EXPECT_TRUE(demo_->Settle());
  EXPECT_EQ(demo_->Tags(), Names{"0.1.1"});
}

TEST_F(ClusterUpgradeTest, TheOldVersionInTheSpecAloneRecoversFromABadImage) {
  SpoilStores();
  demo_->WantVersion("0.1.1");
  demo_->Rounds(60);
  demo_->WantVersion("0.1.0");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.1.0"});
  EXPECT_EQ(demo_->most_away(), 1);
  EXPECT_EQ(kube::Text(demo_->Cluster()["status"], "version"), "0.1.0");
  // The way back is the way there: the store comes before the catalogs.
  EXPECT_THAT(demo_->restarted(), ElementsAre("demo-catalog-0-1", "demo-catalog-0-0", "demo-fs-main-2",
                                              "demo-fs-main-2", "demo-catalog-0-1", "demo-catalog-0-0", "demo-gc-0"));
}

TEST_F(ClusterUpgradeTest, InTheMiddleOfAPoolTheBrokenStoreIsTakenBackFirst) {
  SpoilStores("demo-fs-main-1");
  demo_->WantVersion("0.1.1");
  demo_->Rounds(60);
  EXPECT_THAT(RestartedStores(), ElementsAre("demo-fs-main-2", "demo-fs-main-1"));
  demo_->WantVersion("0.1.0");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.1.0"});
  EXPECT_THAT(RestartedStores(), ElementsAre("demo-fs-main-2", "demo-fs-main-1", "demo-fs-main-1", "demo-fs-main-2"));
  EXPECT_EQ(demo_->most_away(), 1);
}

TEST_F(ClusterUpgradeTest, AThirdVersionInTheMiddleGoesOnFromThere) {
  SpoilStores("demo-fs-main-1");
  demo_->WantVersion("0.1.1");
  demo_->Rounds(60);
  demo_->WantVersion("0.1.2");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.1.2"});
  EXPECT_EQ(demo_->most_away(), 1);
}

TEST_F(ClusterUpgradeTest, ACanaryIsLeftForAsLongAsSomebodyWants) {
  demo_->Edit([](Json& spec) { spec["updatePolicy"] = {{"partition", 2}}; });
  demo_->WantVersion("0.1.1");
  demo_->Rounds(60);
  demo_->world().clock().Advance(int64_t{7200} * 1'000'000);
  demo_->Rounds(2);
  EXPECT_THAT(RestartedStores(), ElementsAre("demo-fs-main-2"));
  EXPECT_EQ(demo_->Condition("RestartPending"), "True/Canary");
  EXPECT_EQ(demo_->Condition("UpgradeBlocked"), "False/Canary");
  EXPECT_EQ(demo_->TagOf("demo-gateway-0"), "0.1.0");
  demo_->world().Remove(kinds::kPod, "demo-fs-main-2");
  demo_->world().Remove(kinds::kPod, "demo-fs-main-0");
  demo_->Rounds(3);
  EXPECT_EQ(demo_->TagOf("demo-fs-main-2"), "0.1.1");
  EXPECT_EQ(demo_->TagOf("demo-fs-main-0"), "0.1.0");
  demo_->Edit([](Json& spec) { spec["updatePolicy"]["partition"] = 0; });
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.1.1"});
}

TEST_F(ClusterUpgradeTest, ASettingOfStoresReachesOneAfterTheOther) {
  demo_->Edit([](Json& spec) { spec["fragmentStore"]["pools"][0]["config"] = {{"limits.threads", "8"}}; });
  demo_->Round();
  EXPECT_EQ(kube::Text(demo_->Cluster()["status"]["operation"], "type"), "Restart");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_THAT(demo_->restarted(), ElementsAre("demo-fs-main-2", "demo-fs-main-1", "demo-fs-main-0"));
  EXPECT_EQ(demo_->most_away(), 1);
}

TEST_F(ClusterUpgradeTest, AStoreThatFallsBeforeItsTurnKeepsItsSetting) {
  const auto config_of = [&](const std::string& pod) -> std::string {
    const Json live = demo_->world().Get(kinds::kPod, pod);
    return live["spec"]["volumes"][0]["configMap"]["name"];
  };
  const std::string old = config_of("demo-fs-main-0");
  demo_->KeepAway(1);  // so that nobody's turn comes
  demo_->Round();
  demo_->Edit([](Json& spec) { spec["fragmentStore"]["pools"][0]["config"] = {{"limits.threads", "8"}}; });
  demo_->Rounds(10);
  demo_->world().Remove(kinds::kPod, "demo-fs-main-0");
  demo_->Rounds(3);
  EXPECT_EQ(config_of("demo-fs-main-0"), old);
  EXPECT_TRUE(demo_->world().Exists(kinds::kConfigMap, old));
  demo_->LetBack(1);
  ASSERT_TRUE(demo_->Settle());
  demo_->Rounds(2);
  EXPECT_NE(config_of("demo-fs-main-0"), old);
  EXPECT_FALSE(demo_->world().Exists(kinds::kConfigMap, old));
}

TEST_F(ClusterUpgradeTest, OfAGatewaysSettingOnlyGatewaysHear) {
  demo_->Edit([](Json& spec) { spec["gateway"]["config"] = {{"requests", "64"}}; });
  ASSERT_TRUE(demo_->Settle());
  EXPECT_THAT(demo_->restarted(), ElementsAre("demo-gateway-1", "demo-gateway-0"));
}

TEST_F(ClusterUpgradeTest, OnDeleteLeavesPodsToPeople) {
  demo_->Edit([](Json& spec) { spec["updatePolicy"] = {{"strategy", "OnDelete"}}; });
  demo_->WantVersion("0.1.1");
  demo_->Rounds(10);
  EXPECT_THAT(demo_->restarted(), IsEmpty());
  EXPECT_EQ(demo_->Condition("RestartPending"), "True/OnDelete");
  const std::vector<Json> pods = demo_->world().All(kinds::kPod);
  for (const Json& pod : pods) demo_->world().Remove(kinds::kPod, MetaText(pod, "name"));
  demo_->Rounds(5);
  EXPECT_EQ(demo_->Tags(), Names{"0.1.1"});
  EXPECT_EQ(demo_->Condition("RestartPending"), "False/NothingPending");
}

TEST_F(ClusterUpgradeTest, WhatIsNotWellWaits) {
  demo_->KeepAway(0);
  demo_->Round();
  demo_->WantVersion("0.1.1");
  demo_->Rounds(10);
  EXPECT_EQ(demo_->Condition("UpgradeBlocked"), "True/StoresMissing");
  EXPECT_THAT(demo_->restarted(), IsEmpty());
  demo_->Edit([](Json& spec) { spec["gateway"]["replicas"] = 3; });  // all else goes on
  demo_->Rounds(4);
  EXPECT_EQ(demo_->TagOf("demo-gateway-2"), "0.1.0");
  demo_->LetBack(0);
  EXPECT_TRUE(demo_->Settle());
  EXPECT_EQ(demo_->Tags(), Names{"0.1.1"});
}

TEST_F(ClusterUpgradeTest, WhileAnotherOperationIsUnderWayNoneBegins) {
  Json cluster = demo_->Cluster();
  cluster["status"]["operation"] = {{"type", "ReplaceStore"}, {"id", "1"}, {"step", "Waiting"}};
  ASSERT_OK(demo_->world().kube().As("somebody").ApplyStatus(TestContext(), kinds::kPbfsCluster, cluster));
  demo_->WantVersion("0.1.1");
  demo_->Annotate(kRestartedAt, "today");
  demo_->Rounds(5);
  EXPECT_EQ(demo_->Condition("UpgradeBlocked"), "True/OtherOperation");
  EXPECT_EQ(demo_->Condition("RestartPending"), "True/Waiting");
  EXPECT_THAT(demo_->restarted(), IsEmpty());
}

TEST_F(ClusterUpgradeTest, ReleasesAreNotSkippedAndNotTakenBackLater) {
  demo_->NewOperator("0.3.0", "0.3.0");
  demo_->Edit([](Json& spec) { spec["version"] = "0.3.0"; });
  demo_->Rounds(10);
  EXPECT_EQ(demo_->Condition("UpgradeBlocked"), "True/ReleaseSkipped");
  EXPECT_EQ(demo_->Tags(), Names{"0.1.0"});
  demo_->WantVersion("0.1.0");
  demo_->Rounds(2);
  EXPECT_EQ(demo_->Condition("SpecValid"), "False/SpecRejected");  // that operator does not know it any more
  demo_->WantVersion("0.2.0");
  ASSERT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  demo_->WantVersion("0.3.0");
  ASSERT_TRUE(demo_->Settle());
  demo_->WantVersion("0.2.0");  // where it came from
  ASSERT_TRUE(demo_->Settle());
  EXPECT_EQ(demo_->Tags(), Names{"0.2.0"});
}

TEST_F(ClusterUpgradeTest, AVersionThatTheOperatorDoesNotKnowIsRefused) {
  demo_->WantVersion("0.2.0");
  demo_->Rounds(5);
  EXPECT_EQ(demo_->Condition("SpecValid"), "False/SpecRejected");
  EXPECT_THAT(demo_->restarted(), IsEmpty());
}

TEST_F(ClusterUpgradeTest, ABadImageFromTheBeginningIsRecoveredBySpecAlone) {
  RollingCluster fresh;
  fresh.sets().is_bad = [](const Json& pod) { return ImageOfPod(pod).ends_with(":0.1.1"); };
  fresh.WantVersion("0.1.1");
  fresh.Rounds(20);
  EXPECT_FALSE(fresh.IsReady());
  fresh.WantVersion("0.1.0");
  EXPECT_TRUE(fresh.Settle()) << fresh.Cluster().dump(1);
}

TEST_F(ClusterUpgradeTest, WhereNothingRunsNoGateIsInTheWay) {
  demo_->sets().is_bad = [](const Json& pod) { return ImageOfPod(pod).ends_with(":0.1.0"); };
  for (const Json& pod : demo_->world().All(kinds::kPod)) demo_->world().Remove(kinds::kPod, MetaText(pod, "name"));
  demo_->Rounds(3);
  demo_->WantVersion("0.1.1");
  EXPECT_TRUE(demo_->Settle()) << demo_->Cluster().dump(1);
  EXPECT_EQ(demo_->Tags(), Names{"0.1.1"});
}

}  // namespace
}  // namespace pbfs::operators
