#include "libs/base/testing.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/living_cluster.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

std::string SizeOf(const Json& claim) { return SizeOfClaim(claim).value_or(Quantity()).Canonical(); }
std::string SizeOfSet(LivingCluster& cluster) {
  const Json set = cluster.world().Get(kinds::kStatefulSet, "demo-fs-main");
  return set.is_null() ? "" : SizeOf(set["spec"]["volumeClaimTemplates"][0]);
}
bool IsGrown(LivingCluster& cluster) {
  return SizeOfSet(cluster) == "20Gi" && cluster.Operation().empty() && cluster.IsReady();
}
void Grow(LivingCluster& cluster) {
  Json pools = cluster.Spec()["fragmentStore"]["pools"];
  pools[0]["storage"]["size"] = "20Gi";
  cluster.Edit({{"fragmentStore", {{"pools", pools}}}});
}
std::vector<std::string> Uids(LivingCluster& cluster) {
  std::vector<std::string> uids;
  for (int i = 0; i < LivingCluster::kStores; ++i) {
    uids.push_back(MetaText(cluster.world().Get(kinds::kPod, LivingCluster::Pod(i)), "uid"));
    uids.push_back(MetaText(cluster.world().Get(kinds::kPersistentVolumeClaim, LivingCluster::Claim(i)), "uid"));
  }
  return uids;
}

TEST(ClusterGrowthCrashTest, WhereverItDiesEveryVolumeGrowsAndNoPodIsTouched) {
  const OperatorOptions options = FakeWorld::Options();
  for (const auto when : {kube::FaultyKube::When::kBefore, kube::FaultyKube::When::kAfter}) {
    for (int64_t write = 1;; ++write) {
      SCOPED_TRACE(write);
      LivingCluster cluster;
      SiteDirectory sites;
      ClusterReconciler first(cluster.world().world(), options, sites), second(cluster.world().world(), options, sites);
      cluster.RunUntil(first, [&] { return cluster.IsReady(); });
      const std::vector<std::string> uids = Uids(cluster);
      Grow(cluster);
      cluster.world().faults().Heal();
      cluster.world().faults().CrashAtWrite(write, when);
      const auto reached = [&] { return cluster.world().faults().writes() >= write; };
      cluster.RunUntil(first, [&] { return IsGrown(cluster) || reached(); });
      const bool was_reached = reached();
      cluster.world().faults().Heal();
      cluster.RunUntil(second, [&] { return IsGrown(cluster); });
      ASSERT_TRUE(IsGrown(cluster)) << cluster.Cluster().dump(1);
      for (int i = 0; i < LivingCluster::kStores; ++i)
        ASSERT_EQ(SizeOf(cluster.world().Get(kinds::kPersistentVolumeClaim, LivingCluster::Claim(i))), "20Gi");
      ASSERT_EQ(Uids(cluster), uids);
      ASSERT_EQ(cluster.Count(StoreState::kUp), LivingCluster::kStores);
      if (!was_reached) break;
    }
  }
}

// Whoever deletes the set while volumes grow, or takes over a cluster whose volumes had not grown, has them grow all the same.
TEST(ClusterGrowthTakeOverTest, ASetThatIsGoneDoesNotEndIt) {
  LivingCluster cluster;
  const OperatorOptions options = FakeWorld::Options();
  SiteDirectory sites;
  ClusterReconciler reconciler(cluster.world().world(), options, sites);
  cluster.RunUntil(reconciler, [&] { return cluster.IsReady(); });
  cluster.world().Remove(kinds::kStatefulSet, "demo-fs-main");
  Grow(cluster);
  cluster.RunUntil(reconciler, [&] { return IsGrown(cluster); });
  EXPECT_TRUE(IsGrown(cluster)) << cluster.Cluster().dump(1);
  for (int i = 0; i < LivingCluster::kStores; ++i)
    EXPECT_EQ(SizeOf(cluster.world().Get(kinds::kPersistentVolumeClaim, LivingCluster::Claim(i))), "20Gi");
}

}  // namespace
}  // namespace pbfs::operators
