#include "libs/base/testing.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/living_cluster.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uint32_t kLost = 2, kFirstNew = LivingCluster::kStores + 1;  // store 2 is in pod 1, alone on node 2

class ClusterReplacementTest : public testing::Test {
 protected:
  ClusterReplacementTest() {
    cluster_.RunUntil(reconciler_, [&] { return cluster_.IsReady(); });
    EXPECT_TRUE(cluster_.IsReady()) << cluster_.Cluster().dump(1);
  }
  void Rounds(int rounds) {
    for (int i = 0; i < rounds; ++i) cluster_.Round(reconciler_);
  }
  void RunUntil(const std::function<bool()>& done) { cluster_.RunUntil(reconciler_, done); }
  bool IsReplaced() { return cluster_.StateOf(kLost) == StoreState::kGone && cluster_.IsReady(); }
  Json Volume(int number) { return cluster_.world().Get(kinds::kPersistentVolume, LivingCluster::Volume(number)); }
  std::string PolicyOf(int volume) { return kube::Text(Volume(volume)["spec"], "persistentVolumeReclaimPolicy"); }
  Json Claim(int ordinal) { return cluster_.world().Get(kinds::kPersistentVolumeClaim, LivingCluster::Claim(ordinal)); }
  std::string Blocked() { return ConditionOf(cluster_.Cluster(), "ReplacementBlocked"); }

  LivingCluster cluster_;
  OperatorOptions options_ = FakeWorld::Options();
  SiteDirectory sites_;
  ClusterReconciler reconciler_{cluster_.world().world(), options_, sites_};
};

TEST_F(ClusterReplacementTest, AStoreWhoseNodeIsGoneIsReplacedAndItsVolumeKept) {
  const std::string claim = MetaText(Claim(1), "uid");
  cluster_.CrashNode(2);
  cluster_.DeleteNode(2);
  RunUntil([&] { return IsReplaced(); });
  ASSERT_TRUE(IsReplaced()) << cluster_.Cluster().dump(1);
  EXPECT_EQ(cluster_.StoreIn(1), kFirstNew);
  EXPECT_NE(MetaText(Claim(1), "uid"), claim);
  EXPECT_EQ(PolicyOf(2), "Retain");
  EXPECT_EQ(LabelOf(Volume(2), kStoreLabel), "2");
  for (const int other : {0, 2, 3}) EXPECT_EQ(cluster_.StoreIn(other), static_cast<uint32_t>(other + 1));
}

TEST_F(ClusterReplacementTest, TimeAloneProvesNothing) {
  const std::string claim = MetaText(Claim(1), "uid");
  cluster_.CrashNode(2);
  cluster_.StopStore(kLost, StoreState::kDown);
  Rounds(20);
  EXPECT_EQ(MetaText(Claim(1), "uid"), claim);
  EXPECT_EQ(cluster_.StateOf(kLost), StoreState::kDown);
  EXPECT_EQ(ConditionOf(cluster_.Cluster(), "MembershipHealthy"), "False/StoresMissing");
  EXPECT_THAT(cluster_.Cluster()["status"]["attention"].dump(), HasSubstr("acknowledge-lost=2"));
}

TEST_F(ClusterReplacementTest, ANodeOutOfServiceIsGoneForGood) {
  cluster_.CrashNode(2);
  cluster_.PutOutOfService(2);
  RunUntil([&] { return IsReplaced(); });
  EXPECT_TRUE(IsReplaced()) << cluster_.Cluster().dump(1);
}

TEST_F(ClusterReplacementTest, APersonMaySaySo) {
  const std::string claim = MetaText(Claim(1), "uid");
  cluster_.CrashNode(2);
  cluster_.Annotate("pbfs.dev/acknowledge-lost", "7, 2");
  Rounds(4);
  EXPECT_EQ(MetaText(Claim(1), "uid"), claim);  // the store may only be starting again
  cluster_.StopStore(kLost, StoreState::kDown);
  cluster_.MakeNode(4);
  RunUntil([&] { return IsReplaced(); });
  EXPECT_TRUE(IsReplaced()) << cluster_.Cluster().dump(1);
}

TEST_F(ClusterReplacementTest, BothStoresOfANodeAreReplaced) {
  cluster_.CrashNode(1);  // stores 1 and 4
  cluster_.DeleteNode(1);
  RunUntil([&] { return cluster_.Count(StoreState::kGone) == 2 && cluster_.IsReady(); });
  EXPECT_EQ(cluster_.Count(StoreState::kGone), 2) << cluster_.Cluster().dump(1);
  EXPECT_EQ(cluster_.Count(StoreState::kUp), LivingCluster::kStores);
}

TEST_F(ClusterReplacementTest, AVolumeThatOtherNodesReachStays) {
  Json volume = Volume(2);
  volume["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["key"] =
      "topology.kubernetes.io/zone";
  cluster_.world().Edit(kinds::kPersistentVolume, volume);
  const std::string claim = MetaText(Claim(1), "uid");
  cluster_.CrashNode(2);
  cluster_.DeleteNode(2);
  Rounds(10);
  EXPECT_EQ(MetaText(Claim(1), "uid"), claim);
}

TEST_F(ClusterReplacementTest, AStoreThatAnswersIsLeftAlone) {
  const std::string claim = MetaText(Claim(1), "uid");
  cluster_.world().site().SetState(1, StoreState::kSuspect);  // no lease, and well
  cluster_.DeleteNode(2);
  Rounds(10);
  EXPECT_EQ(MetaText(Claim(1), "uid"), claim);
  EXPECT_EQ(Blocked(), "True/ReplacementBlocked");
}

TEST_F(ClusterReplacementTest, WhileMostStoresAreMissingNoneIsGivenUp) {
  for (const int node : {2, 3, 1}) cluster_.CrashNode(node);
  cluster_.DeleteNode(2);
  Rounds(10);
  EXPECT_EQ(Blocked(), "True/ReplacementBlocked");
  EXPECT_EQ(PolicyOf(2), "Delete");
  EXPECT_EQ(cluster_.Operation(), "");
}

TEST_F(ClusterReplacementTest, WhereMoreAreMissingThanCanBeSparedAPersonDecides) {
  const BucketSettings narrow{.name = "narrow", .k = 1, .m = 1};
  ASSERT_OK(cluster_.world().site().NewClient()->CreateBucket(TestContext(), narrow).status());
  cluster_.CrashNode(1);
  cluster_.DeleteNode(1);
  Rounds(10);
  EXPECT_EQ(Blocked(), "True/ReplacementBlocked");
  EXPECT_EQ(cluster_.Operation(), "");
  cluster_.StopStore(1, StoreState::kDown);
  cluster_.StopStore(4, StoreState::kDown);
  cluster_.Annotate("pbfs.dev/acknowledge-lost", "1 4");
  RunUntil([&] { return cluster_.Count(StoreState::kGone) == 2 && cluster_.IsReady(); });
  EXPECT_EQ(cluster_.Count(StoreState::kGone), 2) << cluster_.Cluster().dump(1);
}

TEST_F(ClusterReplacementTest, OfOneFailureDomainMoreMayBeMissing) {
  const BucketSettings narrow{.name = "narrow", .k = 1, .m = 1};
  ASSERT_OK(cluster_.world().site().NewClient()->CreateBucket(TestContext(), narrow).status());
  for (const uint32_t store : {1u, 4u}) {
    StoreInfo info = *cluster_.world().site().catalog().WatchMap(TestContext(), -1)->FindStore(StoreId{store});
    info.domain = "node1";
    ASSERT_OK(cluster_.world().site().catalog().PutStore(TestContext(), info));
  }
  cluster_.CrashNode(1);
  cluster_.DeleteNode(1);
  RunUntil([&] { return cluster_.Count(StoreState::kGone) == 2 && cluster_.IsReady(); });
  EXPECT_EQ(cluster_.Count(StoreState::kGone), 2) << cluster_.Cluster().dump(1);
}

TEST_F(ClusterReplacementTest, ANodeThatComesBackInTimeIsTakenBack) {
  const std::string claim = MetaText(Claim(1), "uid");
  cluster_.CrashNode(2);
  cluster_.PutOutOfService(2);
  RunUntil([&] { return PolicyOf(2) == "Retain"; });
  ASSERT_EQ(cluster_.Step(), "Deleting");
  cluster_.StartNode(2);
  Rounds(3);
  EXPECT_EQ(cluster_.Operation(), "");
  EXPECT_EQ(MetaText(Claim(1), "uid"), claim);
  EXPECT_EQ(PolicyOf(2), "Delete");
  EXPECT_EQ(LabelOf(Volume(2), kStoreLabel), "");
  EXPECT_EQ(cluster_.StoreIn(1), kLost);
}

TEST_F(ClusterReplacementTest, AStoreOnAnEmptyVolumeTakesThePlaceOfTheOneBefore) {
  cluster_.StopStore(kLost);  // its disk was wiped, and asks for a number
  cluster_.world().site().Join(LivingCluster::Pod(1) + ".demo-fs-main.storage.svc:9100");
  RunUntil([&] { return IsReplaced(); });
  EXPECT_TRUE(IsReplaced()) << cluster_.Cluster().dump(1);
  EXPECT_EQ(cluster_.StoreIn(1), kFirstNew);
}

TEST_F(ClusterReplacementTest, ANumberIsNotRemovedWhileBodiesLackShards) {
  cluster_.world().site().StopRepairs();
  cluster_.CrashNode(2);
  cluster_.DeleteNode(2);
  Rounds(20);
  EXPECT_EQ(cluster_.StoreIn(1), kFirstNew);
  EXPECT_EQ(cluster_.StateOf(kLost), StoreState::kDown);
  EXPECT_THAT(cluster_.Cluster()["status"]["attention"].dump(), HasSubstr("store 5 has its pod"));
}

TEST_F(ClusterReplacementTest, AClaimWhoseVolumeIsGoneIsMadeAnew) {
  cluster_.StopStore(kLost);
  cluster_.world().Remove(kinds::kPersistentVolume, LivingCluster::Volume(2));
  RunUntil([&] { return IsReplaced(); });
  EXPECT_TRUE(IsReplaced()) << cluster_.Cluster().dump(1);
}

TEST_F(ClusterReplacementTest, VolumesThatGrowDoNotHoldItUp) {
  cluster_.CrashNode(2);
  Json pools = cluster_.Spec()["fragmentStore"]["pools"];
  pools[0]["storage"]["size"] = "20Gi";
  cluster_.Edit({{"fragmentStore", {{"pools", pools}}}});
  ASSERT_OK(reconciler_.Reconcile(TestContext(), kTestSpace, "demo"));
  ASSERT_EQ(cluster_.Operation(), "ExpandVolumes");
  cluster_.DeleteNode(2);
  ASSERT_OK(reconciler_.Reconcile(TestContext(), kTestSpace, "demo"));
  EXPECT_EQ(cluster_.Operation(), "ReplaceStore");
  RunUntil([&] { return IsReplaced() && cluster_.Operation().empty(); });
  EXPECT_TRUE(IsReplaced()) << cluster_.Cluster().dump(1);
}

TEST_F(ClusterReplacementTest, APausedClusterOnlySaysIt) {
  cluster_.Edit({{"paused", true}});
  cluster_.CrashNode(2);
  cluster_.DeleteNode(2);
  Rounds(5);
  EXPECT_EQ(cluster_.Operation(), "");
  EXPECT_THAT(cluster_.Cluster()["status"]["attention"].dump(), HasSubstr("node node2 is gone"));
}

TEST_F(ClusterReplacementTest, NodesThatComeAndGoRestartNoPod) {
  const auto pods = [&](const char* set) { return cluster_.world().Get(kinds::kStatefulSet, set)["spec"]["template"]; };
  const Json stores = pods("demo-fs-main"), catalogs = pods("demo-catalog-0");
  cluster_.DeleteNode(1);
  cluster_.DeleteNode(2);
  Rounds(2);
  EXPECT_EQ(pods("demo-fs-main"), stores);
  EXPECT_EQ(pods("demo-catalog-0"), catalogs);
}

// It waits for all stores, and would wait for this one for ever.
TEST_F(ClusterReplacementTest, AnUpgradeLetsALostStoreBeReplacedAndGoesOn) {
  cluster_.Edit({{"version", "0.1.1"}});
  RunUntil([&] { return cluster_.Operation() == "Upgrade" && cluster_.Step().starts_with("demo-catalog"); });
  ASSERT_EQ(cluster_.Operation(), "Upgrade");
  cluster_.CrashNode(2);
  cluster_.DeleteNode(2);
  RunUntil([&] { return cluster_.Operation() == "ReplaceStore"; });
  ASSERT_EQ(cluster_.Operation(), "ReplaceStore") << cluster_.Cluster().dump(1);
  Rounds(1);
  const Json collector = cluster_.world().Get(kinds::kStatefulSet, "demo-gc");
  EXPECT_EQ(collector["spec"]["replicas"], 0);  // two releases run
  RunUntil([&] { return IsReplaced(); });
  RunUntil([&] { return IsReplaced(); });
  EXPECT_TRUE(IsReplaced()) << cluster_.Cluster().dump(1);
  EXPECT_EQ(kube::Text(cluster_.Cluster()["status"], "version"), "0.1.1");
  EXPECT_EQ(cluster_.world().Get(kinds::kStatefulSet, "demo-gc")["spec"]["replicas"], 1);
}

TEST(ClusterReplacementCrashTest, WhereverItDiesThereIsOneNewStoreAndNothingElseIsTouched) {
  const OperatorOptions options = FakeWorld::Options();
  WalkWrites([&](const Fault& fault) {
    LivingCluster cluster;
    SiteDirectory sites;
    ClusterReconciler first(cluster.world().world(), options, sites), second(cluster.world().world(), options, sites);
    cluster.RunUntil(first, [&] { return cluster.IsReady(); });
    const auto replaced = [&] { return cluster.StateOf(kLost) == StoreState::kGone && cluster.IsReady(); };
    cluster.CrashNode(2);
    cluster.DeleteNode(2);
    cluster.world().Heal();
    cluster.world().Arm(fault);
    cluster.RunUntil(first, [&] { return replaced() || cluster.world().Reached(fault); });
    const bool reached = cluster.world().Reached(fault);
    cluster.world().Heal();
    cluster.RunUntil(second, replaced);
    EXPECT_TRUE(replaced()) << cluster.Cluster().dump(1);
    EXPECT_EQ(cluster.StoreIn(1), kFirstNew);
    EXPECT_EQ(cluster.Count(StoreState::kUp), LivingCluster::kStores);
    EXPECT_EQ(cluster.Count(StoreState::kGone), 1);
    EXPECT_EQ(cluster.world().All(kinds::kPersistentVolume).size(), LivingCluster::kStores + 1u);
    EXPECT_EQ(cluster.Operation(), "");
    return reached;
  });
}

}  // namespace
}  // namespace pbfs::operators
