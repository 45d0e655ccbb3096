#include "services/operator/cluster_reconciler.h"

#include <functional>
#include <memory>

#include "libs/base/testing.h"
#include "services/operator/fake_world.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/site_identity.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::HasSubstr;

class ClusterReconcilerTest : public testing::Test {
 protected:
  ClusterReconcilerTest() { Begin(world_); }

  // The smallest cluster, on somebody else's PostgreSQL.
  static Json Spec() {
    Json spec = SmallestSpec();
    spec["postgres"] = {{"type", "External"}, {"external", {{"dsnSecretRef", {{"name", "dsn"}, {"key", "uri"}}}}}};
    return spec;
  }
  static void Begin(FakeWorld& world) {
    world.Make(kinds::kSecret, {{"apiVersion", "v1"},
                                {"kind", "Secret"},
                                {"metadata", {{"name", "dsn"}, {"namespace", kTestSpace}}},
                                {"data", EncodeSecretValues({{"uri", "host=db"}})}});
    world.Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", Spec()));
  }

  Result<LookAgain> Look() { return reconciler_->Reconcile(TestContext(), kTestSpace, "demo"); }
  void Settle() {
    world_.Settle([this] { (void)Look(); });
  }
  // A process that begins anew knows nothing of what the last one wrote.
  void Restart() { reconciler_ = std::make_unique<ClusterReconciler>(world_.world(), options_, sites_); }
  Json Cluster() { return world_.Get(kinds::kPbfsCluster, "demo"); }
  std::string Condition(const std::string& type) { return ConditionOf(Cluster(), type); }
  Json Secret(const std::string& name) { return world_.Get(kinds::kSecret, name); }

  FakeWorld world_;
  OperatorOptions options_ = FakeWorld::Options();
  SiteDirectory sites_;
  std::unique_ptr<ClusterReconciler> reconciler_ =
      std::make_unique<ClusterReconciler>(world_.world(), options_, sites_);
};

TEST_F(ClusterReconcilerTest, AClusterBecomesReadyAndThenNobodyWrites) {
  Settle();
  EXPECT_EQ(Condition("Ready"), "True/AllHealthy") << Cluster().dump(1);
  EXPECT_EQ(kube::Text(Cluster()["status"]["stores"], "summary"), "3/3");
  for (const char* set : {"demo-catalog-0", "demo-fs-main", "demo-gateway", "demo-gc", "demo-repairer"})
    EXPECT_TRUE(world_.Exists(kinds::kStatefulSet, set)) << set;
  const Json before = world_.Everything();
  Restart();
  ASSERT_OK(Look());
  EXPECT_EQ(world_.Everything(), before);
}

TEST_F(ClusterReconcilerTest, WhatNeedsAnotherPartComesAfterIt) {
  ASSERT_OK(Look());
  EXPECT_TRUE(world_.Exists(kinds::kService, "demo-catalog-0"));
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-catalog-0"));
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-fs-main"));
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-gateway"));
}

// Looks and controllers in turns until `done`, for as long as a cluster may take to begin.
void RunUntil(FakeWorld& world, ClusterReconciler& reconciler, const std::function<bool()>& done) {
  for (int round = 0; round < 12 && !done(); ++round) {
    (void)reconciler.Reconcile(TestContext(), kTestSpace, "demo");
    world.RunControllers();
  }
}

TEST_F(ClusterReconcilerTest, AnOperatorThatDiesAtAnyWriteLeavesOneIdentityAndIsMadeUpFor) {
  for (const auto when : {kube::FaultyKube::When::kBefore, kube::FaultyKube::When::kAfter}) {
    for (int64_t write = 1;; ++write) {
      SCOPED_TRACE(write);
      FakeWorld world;
      Begin(world);
      const auto cluster = [&] { return world.Get(kinds::kPbfsCluster, "demo"); };
      const auto ready = [&] { return ConditionOf(cluster(), "Ready") == "True/AllHealthy"; };
      SiteDirectory sites;
      ClusterReconciler first(world.world(), options_, sites), second(world.world(), options_, sites);
      world.faults().CrashAtWrite(write, when);
      RunUntil(world, first, [&] { return ready() || world.faults().writes() >= write; });
      const bool reached = world.faults().writes() >= write;
      const std::string id = kube::Text(kube::Member(cluster(), "status"), "clusterID");
      const Json keyring = world.Get(kinds::kSecret, "demo-keyring");
      world.faults().Heal();
      RunUntil(world, second, ready);
      ASSERT_TRUE(ready()) << cluster().dump(1);
      if (!id.empty()) {
        ASSERT_EQ(kube::Text(cluster()["status"], "clusterID"), id);
      }
      if (!keyring.is_null()) {
        ASSERT_EQ(world.Get(kinds::kSecret, "demo-keyring"), keyring);
      }
      if (!reached) break;
    }
  }
}

TEST_F(ClusterReconcilerTest, ItServesForAsLongAsWritesAreAcknowledged) {
  Settle();
  const auto stores = [&] { return world_.site().groups().WatchMap(TestContext(), -1)->stores; };
  for (StoreInfo store : stores()) {  // as after a node was lost for good
    store.domain = "the only one";
    ASSERT_OK(world_.site().groups().PutStore(TestContext(), store));
  }
  ASSERT_OK(Look());
  EXPECT_EQ(Condition("Ready"), "True/AllHealthy");
  world_.site().SetState(0, StoreState::kSuspect);
  ASSERT_OK(Look());
  EXPECT_EQ(Condition("Available"), "True/Serving");  // 1+2 takes two receipts
  world_.site().SetState(1, StoreState::kSuspect);
  ASSERT_OK(Look());
  EXPECT_EQ(Condition("Available"), "False/NotServing");
  EXPECT_THAT(Cluster().dump(), HasSubstr("fewer stores are up than a write needs"));
}

TEST_F(ClusterReconcilerTest, WhyPodsDoNotRunIsSaid) {
  Settle();
  const Json none_ready = {{"apiVersion", "apps/v1"},
                           {"kind", "StatefulSet"},
                           {"metadata", {{"name", "demo-gateway"}, {"namespace", kTestSpace}}},
                           {"status", {{"readyReplicas", 0}}}};
  kube::MemoryKube others = world_.kube().As("somebody");
  ASSERT_OK(others.ApplyStatus(TestContext(), kinds::kStatefulSet, none_ready));
  Json pod = ObjectOf(kinds::kPod, "demo-gateway-0", Json::object());
  pod["metadata"]["labels"] = Selector("demo", kGateway);
  world_.Make(kinds::kPod, pod);
  pod.erase("spec");
  pod["status"] = {{"containerStatuses",
                    Json::array({{{"name", "gateway"}, {"state", {{"waiting", {{"reason", "ErrImagePull"}}}}}}})}};
  ASSERT_OK(others.ApplyStatus(TestContext(), kinds::kPod, pod));
  Json quota = ObjectOf(kinds::kResourceQuota, "tight", Json::object());
  world_.Make(kinds::kResourceQuota, quota);
  quota.erase("spec");
  quota["status"] = {{"hard", {{"pods", "1"}}}, {"used", {{"pods", "1"}}}};
  ASSERT_OK(others.ApplyStatus(TestContext(), kinds::kResourceQuota, quota));
  ASSERT_OK(Look());
  EXPECT_EQ(Condition("Ready"), "False/GatewayUnavailable");
  EXPECT_THAT(Cluster()["status"]["conditions"].dump(),
              AllOf(HasSubstr("demo-gateway-0: ErrImagePull"), HasSubstr("the quota tight is used up (pods 1 of 1)")));
}

// Before there is a schema there is no set of ours whose pods could be missing.
TEST_F(ClusterReconcilerTest, WhyAMigrationDoesNotEndIsSaid) {
  ASSERT_OK(Look());
  Json pod = ObjectOf(kinds::kPod, "demo-migrate-x", Json::object());
  pod["metadata"]["labels"] = {{kClusterLabel, "demo"}};
  world_.Make(kinds::kPod, pod);
  pod.erase("spec");
  pod["status"] = {
      {"containerStatuses", Json::array({{{"name", "catalog"}, {"state", {{"terminated", {{"exitCode", 1}}}}}}})}};
  ASSERT_OK(world_.kube().As("somebody").ApplyStatus(TestContext(), kinds::kPod, pod));
  ASSERT_OK(Look());
  EXPECT_EQ(Condition("Ready"), "False/Bootstrapping");
  EXPECT_THAT(Cluster()["status"]["conditions"].dump(), HasSubstr("demo-migrate-x: catalog ended with code 1"));
}

TEST_F(ClusterReconcilerTest, KeysThatAreGoneAreNeverMadeAgain) {
  Settle();
  for (const char* name : {"demo-keyring", "demo-gateway-keys", "demo-ca"}) {
    const Json kept = Secret(name);
    world_.Remove(kinds::kSecret, name);
    ASSERT_OK(Look());
    EXPECT_FALSE(world_.Exists(kinds::kSecret, name)) << name;
    EXPECT_EQ(ConditionOf(Cluster(), "Ready").substr(0, 5), "False") << name;
    EXPECT_THAT(Cluster().dump(), HasSubstr(name));
    Json back = kept;
    for (const char* field : {"resourceVersion", "uid", "creationTimestamp", "generation"})
      back["metadata"].erase(field);
    world_.Make(kinds::kSecret, back);
    Settle();
    EXPECT_EQ(Condition("Ready"), "True/AllHealthy") << name;
  }
}

TEST_F(ClusterReconcilerTest, AnIdentityThatIsGoneIsWrittenAgainFromTheStatus) {
  Settle();
  const StringMap before = SecretValues(Secret("demo-identity"));
  world_.Remove(kinds::kSecret, "demo-identity");
  Settle();
  EXPECT_EQ(SecretValues(Secret("demo-identity")), before);
}

// The smallest cluster, whose spec leaves open whose PostgreSQL it is; after it has begun.
class AutoPostgresTest : public ClusterReconcilerTest {
 protected:
  void BeginAuto(bool with_cloud_native_pg, const char* deletion_policy) {
    world_.InstallCloudNativePg(with_cloud_native_pg);
    world_.Remove(kinds::kPbfsCluster, "demo");
    Settle();
    Json spec = SmallestSpec();
    spec["deletionPolicy"] = deletion_policy;
    world_.Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", spec));
    Settle();
    ASSERT_EQ(Condition("Ready"), "True/AllHealthy") << Cluster().dump(1);
  }
  std::string Type() { return kube::Text(Cluster()["status"]["postgres"], "type"); }
};

TEST_F(AutoPostgresTest, IsResolvedOnceAndWhatIsInstalledLaterChangesNothing) {
  BeginAuto(false, "Retain");
  EXPECT_EQ(Type(), "Managed");
  world_.InstallCloudNativePg(true);
  Settle();
  EXPECT_EQ(Type(), "Managed");
  EXPECT_FALSE(world_.Exists(kinds::kPostgresCluster, "demo-pg-0"));
}

TEST_F(AutoPostgresTest, CloudNativePgWhoseKindsGoIsNotTakenForGone) {
  BeginAuto(true, "Retain");
  EXPECT_EQ(Type(), "CloudNativePG");
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-pg-0"));
  world_.InstallCloudNativePg(false);
  Settle();
  EXPECT_EQ(Condition("PostgresReady"), "Unknown/NotServed");
  EXPECT_TRUE(world_.Exists(kinds::kStatefulSet, "demo-catalog-0"));
  world_.InstallCloudNativePg(true);
  Settle();
  EXPECT_EQ(Condition("Ready"), "True/AllHealthy");
}

TEST_F(AutoPostgresTest, CloudNativePgStaysAndSleepsWhereVolumesAreRetained) {
  BeginAuto(true, "Retain");
  world_.Remove(kinds::kPbfsCluster, "demo");
  Settle();
  ASSERT_FALSE(world_.Exists(kinds::kPbfsCluster, "demo"));
  EXPECT_EQ(world_.Get(kinds::kPostgresCluster, "demo-pg-0")["metadata"]["annotations"]["cnpg.io/hibernation"], "on");
}

TEST_F(AutoPostgresTest, CloudNativePgGoesWithDataThatGo) {
  BeginAuto(true, "Delete");
  world_.Remove(kinds::kPbfsCluster, "demo");
  Settle();
  ASSERT_FALSE(world_.Exists(kinds::kPbfsCluster, "demo"));
  EXPECT_FALSE(world_.Exists(kinds::kPostgresCluster, "demo-pg-0"));
}

TEST_F(ClusterReconcilerTest, AnotherClusterOfTheNameTakesOverWhatWasRetained) {
  Settle();
  const std::string id = kube::Text(Cluster()["status"], "clusterID");
  world_.Remove(kinds::kPbfsCluster, "demo");
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kPbfsCluster, "demo"));
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-fs-main"));
  EXPECT_TRUE(world_.Exists(kinds::kSecret, "demo-keyring"));
  world_.Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", Spec()));
  Settle();
  EXPECT_EQ(kube::Text(Cluster()["status"], "clusterID"), id);
  EXPECT_EQ(Condition("Ready"), "True/AllHealthy");
}

TEST_F(ClusterReconcilerTest, KeysOfAnotherClusterStopIt) {
  world_.Make(kinds::kSecret, {{"apiVersion", "v1"},
                               {"kind", "Secret"},
                               {"metadata",
                                {{"name", "demo-keyring"},
                                 {"namespace", kTestSpace},
                                 {"labels", {{kClusterLabel, "demo"}}},
                                 {"annotations", {{"pbfs.dev/cluster-id", "another"}}}}}});
  ASSERT_OK(Look());
  EXPECT_EQ(Condition("Ready"), "False/IdentityMismatch");
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-catalog-0"));
}

TEST_F(ClusterReconcilerTest, AnObjectOfSomebodyElseIsNotTakenOver) {
  const Json theirs = {{"apiVersion", "v1"},
                       {"kind", "Service"},
                       {"metadata", {{"name", "demo-gateway"}, {"namespace", kTestSpace}}},
                       {"spec", {{"type", "ExternalName"}}}};
  world_.Make(kinds::kService, theirs);
  Settle();
  EXPECT_EQ(world_.Get(kinds::kService, "demo-gateway")["spec"], theirs["spec"]);
  EXPECT_EQ(Condition("Ready"), "False/ObjectsRefused");
  EXPECT_THAT(Cluster().dump(), HasSubstr("demo-gateway"));
  EXPECT_TRUE(world_.Exists(kinds::kStatefulSet, "demo-fs-main"));  // nothing else waits for it
}

TEST_F(ClusterReconcilerTest, WhatIsEditedOrDeletedByHandIsPutBack) {
  Settle();
  const Json before = world_.Get(kinds::kStatefulSet, "demo-gateway");
  Json edited = before;
  edited["spec"]["template"]["spec"]["containers"][0]["image"] = "evil";
  world_.Edit(kinds::kStatefulSet, edited);
  world_.Remove(kinds::kService, "demo-fs-main");
  Settle();
  EXPECT_EQ(world_.Get(kinds::kStatefulSet, "demo-gateway")["spec"], before["spec"]);
  EXPECT_TRUE(world_.Exists(kinds::kService, "demo-fs-main"));
}

TEST_F(ClusterReconcilerTest, ASpecThatCannotBeFollowedLeavesTheLastOneInForce) {
  Settle();
  Json cluster = ObjectOf(kinds::kPbfsCluster, "demo", Spec());
  cluster["spec"]["fragmentStore"]["pools"] = Json::array();
  world_.Edit(kinds::kPbfsCluster, cluster);
  world_.Remove(kinds::kService, "demo-fs-main");
  Settle();
  EXPECT_EQ(Condition("SpecValid"), "False/SpecRejected");
  EXPECT_TRUE(world_.Exists(kinds::kService, "demo-fs-main"));
  EXPECT_TRUE(world_.Exists(kinds::kStatefulSet, "demo-fs-main"));
}

TEST_F(ClusterReconcilerTest, APausedClusterIsLeftAlone) {
  Settle();
  Json cluster = ObjectOf(kinds::kPbfsCluster, "demo", Spec());
  cluster["spec"]["paused"] = true;
  world_.Edit(kinds::kPbfsCluster, cluster);
  world_.Remove(kinds::kService, "demo-fs-main");
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kService, "demo-fs-main"));
  EXPECT_EQ(Condition("Paused"), "True/Paused");
}

TEST_F(ClusterReconcilerTest, FewerStoresAreAWish) {
  Settle();
  Json cluster = ObjectOf(kinds::kPbfsCluster, "demo", Spec());
  cluster["spec"]["fragmentStore"]["pools"][0]["replicas"] = 4;
  world_.Edit(kinds::kPbfsCluster, cluster);
  ASSERT_OK(Look());
  EXPECT_EQ(world_.Get(kinds::kStatefulSet, "demo-fs-main")["spec"]["replicas"], 4);
  cluster["spec"]["fragmentStore"]["pools"][0]["replicas"] = 3;
  world_.Edit(kinds::kPbfsCluster, cluster);
  ASSERT_OK(Look());
  EXPECT_EQ(world_.Get(kinds::kStatefulSet, "demo-fs-main")["spec"]["replicas"], 4);
}

TEST_F(ClusterReconcilerTest, CertificatesAreRenewedBeforeTheyEnd) {
  Settle();
  const Json before = Secret("demo-catalog-tls");
  world_.clock().Advance(int64_t{61} * 86'400 * 1'000'000);  // of 90 days, 30 before the end
  Settle();
  EXPECT_NE(Secret("demo-catalog-tls")["data"], before["data"]);
  EXPECT_EQ(Condition("Ready"), "True/AllHealthy");
}

TEST_F(ClusterReconcilerTest, AClusterThatIsNeededIsNotDeleted) {
  Settle();
  world_.Make(kinds::kPbfsBucket, ObjectOf(kinds::kPbfsBucket, "photos",
                                           {{"clusterRef", {{"name", "demo"}}}, {"deletionPolicy", "Delete"}}));
  world_.Remove(kinds::kPbfsCluster, "demo");
  Settle();
  EXPECT_EQ(Condition("DeletionBlocked"), "True/DeletionBlocked");
  EXPECT_THAT(Cluster().dump(), HasSubstr("storage/photos"));
  EXPECT_TRUE(world_.Exists(kinds::kStatefulSet, "demo-gateway"));
  world_.Remove(kinds::kPbfsBucket, "photos");
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kPbfsCluster, "demo"));
}

TEST_F(ClusterReconcilerTest, GatewaysEndBeforeWhatTheyNeed) {
  Settle();
  world_.Make(kinds::kPod, {{"apiVersion", "v1"},
                            {"kind", "Pod"},
                            {"metadata",
                             {{"name", "demo-gateway-0"},
                              {"namespace", kTestSpace},
                              {"labels", {{kClusterLabel, "demo"}, {kComponentLabel, "gateway"}}}}}});
  world_.Remove(kinds::kPbfsCluster, "demo");
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-gateway"));
  EXPECT_TRUE(world_.Exists(kinds::kStatefulSet, "demo-fs-main"));
  world_.Remove(kinds::kPod, "demo-gateway-0");
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kStatefulSet, "demo-fs-main"));
}

TEST_F(ClusterReconcilerTest, APodThatHasEndedHoldsNoDeletionBack) {
  Settle();
  Json pod = {
      {"apiVersion", "v1"},
      {"kind", "Pod"},
      {"metadata", {{"name", "demo-migrate-7-0-x"}, {"namespace", kTestSpace}, {"labels", {{kClusterLabel, "demo"}}}}}};
  world_.Make(kinds::kPod, pod);
  world_.Remove(kinds::kPbfsCluster, "demo");
  Settle();
  EXPECT_TRUE(world_.Exists(kinds::kPbfsCluster, "demo"));
  pod["status"] = {{"phase", "Succeeded"}};
  ASSERT_OK(world_.kube().As("somebody").ApplyStatus(TestContext(), kinds::kPod, pod));
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kPbfsCluster, "demo"));
}

TEST_F(ClusterReconcilerTest, DataGoOnlyWhereTheSpecSaysSo) {
  Json cluster = ObjectOf(kinds::kPbfsCluster, "demo", Spec());
  cluster["spec"]["deletionPolicy"] = "Delete";
  world_.Edit(kinds::kPbfsCluster, cluster);
  Settle();
  world_.Make(kinds::kPersistentVolumeClaim,
              {{"apiVersion", "v1"},
               {"kind", "PersistentVolumeClaim"},
               {"metadata",
                {{"name", "data-demo-fs-main-0"}, {"namespace", kTestSpace}, {"labels", {{kClusterLabel, "demo"}}}}}});
  world_.Remove(kinds::kPbfsCluster, "demo");
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kPbfsCluster, "demo"));
  EXPECT_FALSE(world_.Exists(kinds::kPersistentVolumeClaim, "data-demo-fs-main-0"));
  EXPECT_FALSE(world_.Exists(kinds::kSecret, "demo-keyring"));
}

TEST_F(ClusterReconcilerTest, ManagedPostgresLeavesNothingWhereDataGo) {
  Json cluster = ObjectOf(kinds::kPbfsCluster, "demo", SmallestSpec());
  cluster["spec"]["deletionPolicy"] = "Delete";
  world_.Remove(kinds::kPbfsCluster, "demo");  // as it is at first: on another PostgreSQL
  world_.Make(kinds::kPbfsCluster, cluster);
  Settle();
  ASSERT_TRUE(world_.Exists(kinds::kService, "demo-pg-0-config"));
  world_.Remove(kinds::kPbfsCluster, "demo");
  Settle();
  EXPECT_FALSE(world_.Exists(kinds::kPbfsCluster, "demo"));
  for (const char* name : {"demo-pg-0", "demo-pg-0-config", "demo-pg-0-sync"})
    EXPECT_FALSE(world_.Exists(kinds::kService, name)) << name;
}

}  // namespace
}  // namespace pbfs::operators
