#include "libs/base/testing.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/living_cluster.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

// What is under way when somebody deletes the cluster.
struct Meanwhile {
  const char* operation;
  std::function<void(LivingCluster&)> begin;
};

Json Larger(LivingCluster& cluster, int stores, const char* size) {
  Json pools = cluster.Spec()["fragmentStore"]["pools"];
  pools[0]["replicas"] = stores;
  pools[0]["storage"]["size"] = size;
  return {{"fragmentStore", {{"pools", pools}}}};
}

const std::vector<Meanwhile>& Operations() {
  static const std::vector<Meanwhile> all = {
      {"", [](LivingCluster&) {}},
      {"ScaleDown", [](LivingCluster& cluster) { cluster.Edit(Larger(cluster, LivingCluster::kStores - 1, "10Gi")); }},
      {"ExpandVolumes", [](LivingCluster& cluster) { cluster.Edit(Larger(cluster, LivingCluster::kStores, "20Gi")); }},
      {"RotateCA",
       [](LivingCluster& cluster) {
         cluster.Edit({{"tls", {{"caGeneration", 2}}}});
       }},
      {"ReplaceStore", [](LivingCluster& cluster) {
         cluster.CrashNode(2);
         cluster.DeleteNode(2);
       }}};
  return all;
}

Json Lease(const std::string& name, const char* cluster) {
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", {{"name", name}, {"namespace", kTestSpace}, {"labels", {{kClusterLabel, cluster}}}}}};
}

/// A cluster of which an operation is under way, and somebody else's objects beside it.
class Ending {
 public:
  Ending(const Meanwhile& meanwhile, const char* policy) : cluster_(Json::object({{"deletionPolicy", policy}})) {
    cluster_.RunUntil(first_, [&] { return cluster_.IsReady(); });
    EXPECT_TRUE(cluster_.IsReady()) << cluster_.Cluster().dump(1);
    for (const char* lease : {"demo-stores.1", "demo-roles.repairer"})
      world().Make(kinds::kLease, Lease(lease, "demo"));
    world().Make(kinds::kLease, Lease("other-stores.1", "other"));
    Json claim = world().Get(kinds::kPersistentVolumeClaim, LivingCluster::Claim(0));
    for (const char* field : {"uid", "resourceVersion", "creationTimestamp", "generation"})
      claim["metadata"].erase(field);
    claim["metadata"]["name"] = "theirs";
    claim["metadata"]["labels"] = {{kClusterLabel, "other"}};
    world().Make(kinds::kPersistentVolumeClaim, claim);
    id_ = kube::Text(cluster_.Cluster()["status"], "clusterID");
    meanwhile.begin(cluster_);
    for (int i = 0; i < 5 && cluster_.Operation() != meanwhile.operation; ++i)
      (void)first_.Reconcile(TestContext(), kTestSpace, "demo");
    EXPECT_EQ(cluster_.Operation(), meanwhile.operation);
    world().Remove(kinds::kPbfsCluster, "demo");
    world().faults().Heal();
  }

  FakeWorld& world() { return cluster_.world(); }
  LivingCluster& cluster() { return cluster_; }
  bool IsGone() { return !world().Exists(kinds::kPbfsCluster, "demo"); }
  void RunUntilGone(
      ClusterReconciler& reconciler, const std::function<bool()>& or_until = [] { return false; }) {
    cluster_.RunUntil(reconciler, [&] { return IsGone() || or_until(); });
  }
  ClusterReconciler& first() { return first_; }
  ClusterReconciler& second() { return second_; }

  void ExpectNoWorkloads() {
    ASSERT_TRUE(IsGone()) << cluster_.Cluster().dump(1);
    EXPECT_TRUE(world().All(kinds::kStatefulSet).empty());
    EXPECT_TRUE(world().All(kinds::kPod).empty());
    EXPECT_EQ(world().All(kinds::kLease).size(), 1u);  // another cluster's
    EXPECT_TRUE(world().Exists(kinds::kPersistentVolumeClaim, "theirs"));
  }
  void ExpectKeysKept() {
    for (const char* name : {"demo-identity", "demo-keyring", "demo-gateway-keys", "demo-ca"})
      EXPECT_TRUE(world().Exists(kinds::kSecret, name)) << name;
  }
  // But for what others own, and what the server collects with the object.
  void ExpectNothingLeft() {
    for (const kube::Kind& kind : {kinds::kPersistentVolumeClaim, kinds::kSecret, kinds::kService})
      for (const Json& object : world().All(kind)) EXPECT_NE(LabelOf(object, kClusterLabel), "demo") << object.dump(1);
  }
  const std::string& id() const { return id_; }

 private:
  LivingCluster cluster_;
  OperatorOptions options_ = FakeWorld::Options();
  SiteDirectory sites_;
  ClusterReconciler first_{cluster_.world().world(), options_, sites_};
  ClusterReconciler second_{cluster_.world().world(), options_, sites_};
  std::string id_;
};

void WalkDeletion(const char* policy, const std::function<void(Ending&)>& check) {
  for (const Meanwhile& meanwhile : Operations()) {
    SCOPED_TRACE(meanwhile.operation);
    // Who dies after a write leaves what one leaves who dies before the next: nothing else is called between them.
    for (int64_t write = 1;; ++write) {
      SCOPED_TRACE(write);
      Ending ending(meanwhile, policy);
      ending.world().faults().CrashAtWrite(write, kube::FaultyKube::When::kBefore);
      const auto reached = [&] { return ending.world().faults().writes() >= write; };
      ending.RunUntilGone(ending.first(), reached);
      const bool was_reached = reached();
      ending.world().faults().Heal();
      ending.RunUntilGone(ending.second());
      ending.ExpectNoWorkloads();
      check(ending);
      if (testing::Test::HasFailure() || !was_reached) break;
    }
  }
}

TEST(ClusterDeletionCrashTest, WithRetainWhateverHoldsDataStaysAndIsTakenOver) {
  WalkDeletion("Retain", [](Ending& ending) {
    ending.ExpectKeysKept();
    for (const int i : {0, 2})  // the node of pod 1 is gone in one of the cases, and pod 3 goes in another
      EXPECT_TRUE(ending.world().Exists(kinds::kPersistentVolumeClaim, LivingCluster::Claim(i))) << i;
    EXPECT_GE(ending.world().All(kinds::kPersistentVolume).size(), static_cast<size_t>(LivingCluster::kStores));
  });
}

TEST(ClusterDeletionCrashTest, WithDeleteNothingIsLeft) {
  WalkDeletion("Delete", [](Ending& ending) { ending.ExpectNothingLeft(); });
}

TEST(ClusterDeletionTest, ACompleteTakeOverAfterEachOperation) {
  for (const Meanwhile& meanwhile : Operations()) {
    SCOPED_TRACE(meanwhile.operation);
    Ending ending(meanwhile, "Retain");
    ending.RunUntilGone(ending.first());
    ASSERT_TRUE(ending.IsGone());
    LivingCluster& cluster = ending.cluster();
    ending.world().Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", cluster.Spec()));
    cluster.RunUntil(
        ending.second(), [&] { return cluster.IsReady() && cluster.Operation().empty(); }, 60);
    EXPECT_TRUE(cluster.IsReady()) << cluster.Cluster().dump(1);
    EXPECT_EQ(kube::Text(cluster.Cluster()["status"], "clusterID"), ending.id());
  }
}

// 403, cause NamespaceTerminating: nothing can be made, and buckets cannot be waited for.
TEST(ClusterDeletionTest, InANamespaceThatEndsItOnlyDeletes) {
  for (const Meanwhile& meanwhile : Operations()) {
    SCOPED_TRACE(meanwhile.operation);
    Ending ending(meanwhile, "Retain");
    FakeWorld& world = ending.world();
    world.Make(kinds::kPbfsBucket, ObjectOf(kinds::kPbfsBucket, "photos",
                                            {{"clusterRef", {{"name", "demo"}}}, {"deletionPolicy", "Delete"}}));
    ending.RunUntilGone(ending.first());
    EXPECT_FALSE(ending.IsGone());  // the bucket needs it
    world.Make(kinds::kNamespace, {{"apiVersion", "v1"},
                                   {"kind", "Namespace"},
                                   {"metadata", {{"name", kTestSpace}, {"finalizers", Json::array({"kubernetes"})}}}});
    world.Remove(kinds::kNamespace, kTestSpace);
    world.kube().EndSpace(kTestSpace);
    ending.RunUntilGone(ending.first());
    EXPECT_TRUE(ending.IsGone()) << ending.cluster().Cluster().dump(1);
    EXPECT_TRUE(world.All(kinds::kStatefulSet).empty());
  }
}

TEST(ClusterDeletionTest, ALookAtAClusterInANamespaceThatEndsComesToAnEnd) {
  LivingCluster cluster;
  const OperatorOptions options = FakeWorld::Options();
  SiteDirectory sites;
  ClusterReconciler reconciler(cluster.world().world(), options, sites);
  cluster.RunUntil(reconciler, [&] { return cluster.IsReady(); });
  cluster.world().kube().EndSpace(kTestSpace);
  cluster.world().Remove(kinds::kService, "demo-fs-main");
  cluster.world().Remove(kinds::kStatefulSet, "demo-gateway");
  ASSERT_OK(reconciler.Reconcile(TestContext(), kTestSpace, "demo"));
  EXPECT_EQ(ConditionOf(cluster.Cluster(), "Ready"), "False/ObjectsRefused");
}

}  // namespace
}  // namespace pbfs::operators
