#include "services/operator/render_cloudnativepg.h"

#include "libs/base/testing.h"
#include "services/operator/render_postgres.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

ClusterIntent With(const Json& wanted) {
  Json spec = SmallestSpec();
  spec["postgres"] = {{"type", "CloudNativePG"}, {"cloudNativePG", wanted}};
  return IntentOf(spec);
}
Json ClusterOf(const ClusterIntent& intent) { return CloudNativePgObjects(intent).at(0); }

TEST(CloudNativePgTest, OnlyWhereItRunsPostgresql) {
  ClusterIntent intent = With(Json::object());
  ASSERT_THAT(CloudNativePgObjects(intent), SizeIs(1));
  intent.facts.postgres_type = "Managed";
  EXPECT_THAT(CloudNativePgObjects(intent), IsEmpty());
}

TEST(CloudNativePgTest, AnAcknowledgementStandsForAsManyCopiesAsTheSpecSays) {
  const Json durable = ClusterOf(With({{"instances", 3}, {"synchronousReplicas", 2}}))["spec"]["postgresql"];
  EXPECT_EQ(durable["synchronous"], Json({{"method", "any"}, {"number", 2}, {"dataDurability", "required"}}));
  EXPECT_FALSE(ClusterOf(With({{"instances", 1}, {"synchronousReplicas", 0}}))["spec"].contains("postgresql"));
}

// It holds the data: nothing that goes with our object.
TEST(CloudNativePgTest, IsRetainedAndItsBackupsAreNotOurs) {
  const auto objects = CloudNativePgObjects(With({{"scheduledBackup", {{"schedule", "0 0 3 * * *"}}}}));
  ASSERT_THAT(objects, SizeIs(2));
  EXPECT_FALSE(objects[0]["metadata"].contains("ownerReferences"));
  EXPECT_EQ(objects[1]["spec"]["schedule"], "0 0 3 * * *");
  EXPECT_EQ(objects[1]["spec"]["backupOwnerReference"], "none");
  EXPECT_EQ(objects[1]["spec"]["cluster"]["name"], objects[0]["metadata"]["name"]);
}

TEST(CloudNativePgTest, OverridesLieOverEverything) {
  const Json spec = ClusterOf(
      With({{"instances", 3},
            {"storage", {{"size", "20Gi"}, {"storageClassName", "fast"}}},
            {"walStorage", {{"size", "1024Mi"}}},
            {"resources", {{"requests", {{"cpu", "1000m"}}}}},
            {"clusterSpecOverrides", {{"affinity", {{"topologyKey", "zone"}}}, {"enablePDB", nullptr}}}}))["spec"];
  EXPECT_EQ(spec["affinity"]["topologyKey"], "zone");
  EXPECT_EQ(spec["affinity"]["enablePodAntiAffinity"], true);
  EXPECT_FALSE(spec.contains("enablePDB"));
  EXPECT_EQ(spec["storage"], Json({{"size", "20Gi"}, {"storageClass", "fast"}}));
  EXPECT_EQ(spec["walStorage"]["size"], "1Gi");
  EXPECT_EQ(spec["resources"]["requests"]["cpu"], "1");
}

TEST(CloudNativePgTest, HibernatesByItsOwnMeans) {
  ClusterIntent intent = With(Json::object());
  EXPECT_EQ(ClusterOf(intent)["metadata"]["annotations"]["cnpg.io/hibernation"], "off");
  intent.spec.hibernated = true;
  EXPECT_EQ(ClusterOf(intent)["metadata"]["annotations"]["cnpg.io/hibernation"], "on");
}

TEST(CloudNativePgTest, CatalogsTakeItsSecretsWhereTheyAre) {
  const Database database = DatabaseOf(With(Json::object()), 0);
  EXPECT_EQ(database.dsn.name, "demo-pg-0-app");
  EXPECT_EQ(database.ca_secret, "demo-pg-0-ca");
  EXPECT_EQ(database.ssl_mode, "verify-full");
}

}  // namespace
}  // namespace pbfs::operators
