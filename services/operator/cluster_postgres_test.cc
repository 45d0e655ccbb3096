#include "libs/base/testing.h"
#include "services/operator/cluster_reconciler.h"
#include "services/operator/fake_world.h"
#include "services/operator/object_text.h"
#include "services/operator/spec_samples.h"

/// When a managed PostgreSQL is one to begin with.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

class ClusterPostgresTest : public testing::Test {
 protected:
  void Begin(const Json& managed) {
    Json spec = SmallestSpec();
    spec["postgres"] = {{"type", "Managed"}, {"managed", managed}};
    world_.Edit(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", spec));
    Look();
    world_.RunControllers();
  }
  void Look() { (void)reconciler_.Reconcile(TestContext(), kTestSpace, "demo"); }
  void Say(const std::string& endpoints, const Json& annotations) {
    world_.Edit(kinds::kEndpoints,
                {{"apiVersion", "v1"},
                 {"kind", "Endpoints"},
                 {"metadata", {{"name", endpoints}, {"namespace", kTestSpace}, {"annotations", annotations}}}});
    Look();
  }
  std::string Ready() { return ConditionOf(world_.Get(kinds::kPbfsCluster, "demo"), "PostgresReady"); }
  bool Migrates() { return world_.Migrates(); }

  FakeWorld world_;
  SiteDirectory sites_;
  OperatorOptions options_ = FakeWorld::Options();
  ClusterReconciler reconciler_{world_.world(), options_, sites_};
};

TEST_F(ClusterPostgresTest, ReadyMembersWithoutAPrimaryAreNoDatabase) {
  Begin(Json::object());
  Say("demo-pg-0", Json::object());
  EXPECT_EQ(Ready(), "False/NoStandby");
  EXPECT_FALSE(Migrates());
}

TEST_F(ClusterPostgresTest, APrimaryWhoseWritesWaitForAStandbyIsWaitedFor) {
  Begin(Json::object());
  Say("demo-pg-0-sync", {{"leader", "demo-pg-0-0"}});
  EXPECT_EQ(Ready(), "False/NoStandby");
  EXPECT_FALSE(Migrates());
  Say("demo-pg-0-sync", {{"leader", "demo-pg-0-0"}, {"sync_standby", "demo-pg-0-2"}});
  EXPECT_EQ(Ready(), "True/Ready");
  EXPECT_TRUE(Migrates());
}

TEST_F(ClusterPostgresTest, AStandbyThatMayNotSucceedYetIsWaitedFor) {
  Begin(Json::object());
  Say("demo-pg-0", {{"leader", "demo-pg-0-0"}, {"failsafe", R"({"demo-pg-0-0":"x"})"}});
  EXPECT_EQ(Ready(), "False/NoStandby");
  for (const char* nonsense : {"", "7", "[]", "{"}) {
    Say("demo-pg-0", {{"leader", "demo-pg-0-0"}, {"failsafe", nonsense}});
    EXPECT_EQ(Ready(), "False/NoStandby") << nonsense;
  }
  EXPECT_FALSE(Migrates());
}

TEST_F(ClusterPostgresTest, ASingleMemberNeedsNone) {
  Begin({{"instances", 1}, {"synchronousStandbys", 0}});
  Say("demo-pg-0-sync", Json::object());
  EXPECT_EQ(Ready(), "True/Ready");
}

// What catalogs remember of Patroni is theirs: the operator makes the place, and writes no more.
TEST_F(ClusterPostgresTest, TheMemoryOfFailoversIsMadeOnce) {
  Begin(Json::object());
  Json memory = world_.Get(kinds::kConfigMap, "demo-pg-0-thawed");
  ASSERT_FALSE(memory.is_null());
  memory["data"] = {{"remembered", "something"}};
  world_.Edit(kinds::kConfigMap, memory);
  Look();
  EXPECT_EQ(world_.Get(kinds::kConfigMap, "demo-pg-0-thawed")["data"]["remembered"], "something");
}

}  // namespace
}  // namespace pbfs::operators
