#include <functional>
#include <memory>

#include "libs/base/testing.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/fake_world.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::HasSubstr;

constexpr int kStores = 4;

Json SpecOf(int stores, const std::string& when_scaled = "Retain", const std::string& size = "10Gi") {
  Json spec = SmallestSpec();
  spec["fragmentStore"]["pools"][0]["storage"]["size"] = size;
  spec["fragmentStore"]["pools"][0]["replicas"] = stores;
  spec["fragmentStore"]["pvcRetention"] = {{"whenScaled", when_scaled}, {"whenDeleted", "Retain"}};
  spec["fragmentStore"]["decommission"] = {{"minFreePercentAfter", 0}};
  spec["postgres"] = {{"type", "External"}, {"external", {{"dsnSecretRef", {{"name", "dsn"}, {"key", "uri"}}}}}};
  return spec;
}

/// A cluster of four stores that is ready, with pods and claims, and what plays Kubernetes and the repairer.
class Scaling {
 public:
  Scaling() : world_(kStores) {
    world_.Make(kinds::kSecret, {{"apiVersion", "v1"},
                                 {"kind", "Secret"},
                                 {"metadata", {{"name", "dsn"}, {"namespace", kTestSpace}}},
                                 {"data", EncodeSecretValues({{"uri", "host=db"}})}});
    world_.Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", SpecOf(kStores)));
    world_.site().NamePods("demo-fs-main");
    for (int i = 0; i < kStores; ++i) {
      MakePod(i);
      world_.Make(
          kinds::kPersistentVolumeClaim,
          {{"apiVersion", "v1"},
           {"kind", "PersistentVolumeClaim"},
           {"metadata", {{"name", Claim(i)}, {"namespace", kTestSpace}, {"labels", PoolSelector("demo", "main")}}},
           {"spec", {{"resources", {{"requests", {{"storage", "10Gi"}}}}}}}});
    }
  }

  static std::string Pod(int ordinal) { return "demo-fs-main-" + std::to_string(ordinal); }
  static std::string Claim(int ordinal) { return "data-" + Pod(ordinal); }
  FakeWorld& world() { return world_; }
  Json Cluster() { return world_.Get(kinds::kPbfsCluster, "demo"); }
  bool IsReady() { return ConditionOf(Cluster(), "Ready") == "True/AllHealthy"; }
  int64_t Replicas() {
    return kube::Number(kube::Member(world_.Get(kinds::kStatefulSet, "demo-fs-main"), "spec"), "replicas");
  }
  StoreState StateOf(int ordinal) {
    return world_.site().catalog().WatchMap(TestContext(), -1)->FindStore(TwinCluster::IdOf(ordinal))->state;
  }
  void Want(int stores, const std::string& when_scaled = "Retain") {
    world_.Edit(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", SpecOf(stores, when_scaled)));
  }
  bool IsDone() { return Replicas() == kStores - 1 && !Cluster()["status"].contains("operation") && IsReady(); }

  /// A look of an operator, then everybody else's turn, and eleven seconds.
  void Round(ClusterReconciler& reconciler) {
    (void)reconciler.Reconcile(TestContext(), kTestSpace, "demo");
    world_.RunControllers();
    world_.site().RepairAll();
    for (int i = static_cast<int>(Replicas()); Replicas() > 0 && i < kStores; ++i)
      if (world_.Exists(kinds::kPod, Pod(i))) world_.Remove(kinds::kPod, Pod(i));
    world_.clock().Advance(11'000'000);
  }
  void RunUntil(ClusterReconciler& reconciler, const std::function<bool()>& done) {
    for (int round = 0; round < 30 && !done(); ++round) Round(reconciler);
  }

 private:
  void MakePod(int i) {
    world_.Make(kinds::kPod,
                {{"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"name", Pod(i)}, {"namespace", kTestSpace}}}});
  }
  FakeWorld world_;
};

class ClusterScalingTest : public testing::Test {
 protected:
  ClusterScalingTest() {
    scaling_.RunUntil(reconciler_, [&] { return scaling_.IsReady(); });
    EXPECT_TRUE(scaling_.IsReady()) << scaling_.Cluster().dump(1);
  }
  void RunUntil(const std::function<bool()>& done) { scaling_.RunUntil(reconciler_, done); }
  std::string Step() { return kube::Text(kube::Member(scaling_.Cluster()["status"], "operation"), "step"); }

  Scaling scaling_;
  OperatorOptions options_ = FakeWorld::Options();
  SiteDirectory sites_;
  ClusterReconciler reconciler_{scaling_.world().world(), options_, sites_};
};

TEST_F(ClusterScalingTest, TheLastStoreIsDrainedRemovedAndItsVolumeKept) {
  scaling_.Want(kStores - 1);
  RunUntil([&] { return scaling_.IsDone(); });
  EXPECT_TRUE(scaling_.IsDone()) << scaling_.Cluster().dump(1);
  EXPECT_EQ(scaling_.StateOf(kStores - 1), StoreState::kGone);
  EXPECT_EQ(scaling_.StateOf(0), StoreState::kUp);
  EXPECT_EQ(
      LabelOf(scaling_.world().Get(kinds::kPersistentVolumeClaim, Scaling::Claim(kStores - 1)), "pbfs.dev/retired"),
      "true");
}

TEST_F(ClusterScalingTest, AVolumeGoesWhereThePolicySaysSo) {
  scaling_.Want(kStores - 1, "Delete");
  RunUntil([&] { return scaling_.IsDone(); });
  EXPECT_FALSE(scaling_.world().Exists(kinds::kPersistentVolumeClaim, Scaling::Claim(kStores - 1)));
  EXPECT_TRUE(scaling_.world().Exists(kinds::kPersistentVolumeClaim, Scaling::Claim(0)));
}

TEST_F(ClusterScalingTest, NothingIsRemovedWhileTheStoreIsNeeded) {
  scaling_.world().site().StopRepairs();
  scaling_.Want(kStores - 1);
  for (int round = 0; round < 10; ++round) scaling_.Round(reconciler_);
  EXPECT_EQ(Step(), "Draining");
  EXPECT_EQ(scaling_.Replicas(), kStores);
  EXPECT_EQ(scaling_.StateOf(kStores - 1), StoreState::kDraining);
}

TEST_F(ClusterScalingTest, AChangeOfMindBringsItBack) {
  scaling_.world().site().StopRepairs();
  scaling_.Want(kStores - 1);
  RunUntil([&] { return scaling_.StateOf(kStores - 1) == StoreState::kDraining; });
  scaling_.Want(kStores);
  scaling_.Round(reconciler_);
  EXPECT_EQ(scaling_.StateOf(kStores - 1), StoreState::kUp);
  EXPECT_EQ(Step(), "");
  EXPECT_EQ(scaling_.Replicas(), kStores);
}

TEST_F(ClusterScalingTest, WhileAnotherStoreIsAwayNoneGoes) {
  scaling_.world().site().SetState(0, StoreState::kDown);
  scaling_.Want(kStores - 1);
  for (int round = 0; round < 6; ++round) scaling_.Round(reconciler_);
  EXPECT_EQ(ConditionOf(scaling_.Cluster(), "ScalingBlocked"), "True/ScalingBlocked");
  EXPECT_EQ(scaling_.StateOf(kStores - 1), StoreState::kUp);
  EXPECT_EQ(scaling_.Replicas(), kStores);
}

TEST_F(ClusterScalingTest, ARemovedVolumeIsNotUsedAgain) {
  scaling_.Want(kStores - 1);
  RunUntil([&] { return scaling_.IsDone(); });
  scaling_.Want(kStores);
  for (int round = 0; round < 3; ++round) scaling_.Round(reconciler_);
  EXPECT_EQ(scaling_.Replicas(), kStores - 1);
  EXPECT_THAT(scaling_.Cluster().dump(), HasSubstr("data-demo-fs-main-3"));
  scaling_.world().Remove(kinds::kPersistentVolumeClaim, Scaling::Claim(kStores - 1));
  scaling_.Round(reconciler_);
  EXPECT_EQ(scaling_.Replicas(), kStores);
}

TEST_F(ClusterScalingTest, AnotherPodOfTheNameIsNotTakenForTheStore) {
  scaling_.world().site().StopRepairs();
  scaling_.Want(kStores - 1);
  RunUntil([&] { return Step() == "Draining"; });
  Json cluster = scaling_.Cluster();
  EXPECT_EQ(cluster["status"]["operation"]["targets"][0]["storeID"], "4");
  EXPECT_EQ(cluster["status"]["operation"]["targets"][0]["podUID"],
            MetaText(scaling_.world().Get(kinds::kPod, Scaling::Pod(3)), "uid"));
}

TEST_F(ClusterScalingTest, AStatefulSetThatIsGoneComesBackWithAllItsStores) {
  scaling_.world().Remove(kinds::kStatefulSet, "demo-fs-main");
  scaling_.Want(kStores - 1);
  ASSERT_OK(reconciler_.Reconcile(TestContext(), kTestSpace, "demo"));
  EXPECT_EQ(scaling_.Replicas(), kStores);
}

class ClusterGrowthTest : public ClusterScalingTest {
 protected:
  static std::string SizeOf(const Json& claim) { return SizeOfClaim(claim).value_or(Quantity()).Canonical(); }
  std::string SizeOfSet() {
    const Json set = scaling_.world().Get(kinds::kStatefulSet, "demo-fs-main");
    return set.is_null() ? "" : SizeOf(set["spec"]["volumeClaimTemplates"][0]);
  }
  bool IsGrown() { return SizeOfSet() == "20Gi" && Step().empty() && scaling_.IsReady(); }
  void Grow() {
    scaling_.world().Edit(kinds::kPbfsCluster,
                          ObjectOf(kinds::kPbfsCluster, "demo", SpecOf(kStores, "Retain", "20Gi")));
  }
};

TEST_F(ClusterGrowthTest, ClaimsGrowAndThenTheSetIsMadeAnew) {
  const std::string before = MetaText(scaling_.world().Get(kinds::kStatefulSet, "demo-fs-main"), "uid");
  Grow();
  RunUntil([&] { return IsGrown(); });
  EXPECT_TRUE(IsGrown()) << scaling_.Cluster().dump(1);
  for (int i = 0; i < kStores; ++i)
    EXPECT_EQ(SizeOf(scaling_.world().Get(kinds::kPersistentVolumeClaim, Scaling::Claim(i))), "20Gi");
  EXPECT_NE(MetaText(scaling_.world().Get(kinds::kStatefulSet, "demo-fs-main"), "uid"), before);
  EXPECT_EQ(scaling_.Replicas(), kStores);
}

TEST_F(ClusterGrowthTest, VolumesThatDoNotGrowKeepTheSet) {
  Grow();
  for (int look = 0; look < 5; ++look) {
    ASSERT_OK(reconciler_.Reconcile(TestContext(), kTestSpace, "demo"));
    EXPECT_EQ(SizeOfSet(), "10Gi");
  }
  EXPECT_EQ(ConditionOf(scaling_.Cluster(), "VolumesResizing"), "True/Growing");
}

TEST(ClusterScalingCrashTest, AnOperatorThatDiesAtAnyWriteIsMadeUpFor) {
  for (const auto when : {kube::FaultyKube::When::kBefore, kube::FaultyKube::When::kAfter}) {
    for (int64_t write = 1;; ++write) {
      SCOPED_TRACE(write);
      Scaling scaling;
      const OperatorOptions options = FakeWorld::Options();
      SiteDirectory sites;
      ClusterReconciler first(scaling.world().world(), options, sites), second(scaling.world().world(), options, sites);
      scaling.RunUntil(first, [&] { return scaling.IsReady(); });
      scaling.Want(kStores - 1);
      scaling.world().faults().Heal();
      scaling.world().faults().CrashAtWrite(write, when);
      scaling.RunUntil(first, [&] { return scaling.IsDone() || scaling.world().faults().writes() >= write; });
      const bool reached = scaling.world().faults().writes() >= write;
      // What has to be so at any moment: a pod that went was that of a store which nothing refers to.
      ASSERT_TRUE(scaling.Replicas() == kStores || scaling.StateOf(kStores - 1) == StoreState::kGone);
      scaling.world().faults().Heal();
      scaling.RunUntil(second, [&] { return scaling.IsDone(); });
      ASSERT_TRUE(scaling.IsDone()) << scaling.Cluster().dump(1);
      ASSERT_EQ(scaling.StateOf(kStores - 1), StoreState::kGone);
      ASSERT_EQ(scaling.StateOf(kStores - 2), StoreState::kUp);
      if (!reached) break;
    }
  }
}

}  // namespace
}  // namespace pbfs::operators
