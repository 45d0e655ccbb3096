#include "services/operator/render_postgres.h"

#include <set>

#include <fmt/format.h>

#include "libs/base/testing.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

using ::testing::ElementsAre;

ClusterIntent Managed(const Json& managed) {
  Json spec = SmallestSpec();
  spec["postgres"] = {{"type", "Managed"}, {"managed", managed}};
  return IntentOf(spec);
}

Json Get(const ClusterIntent& intent, const std::string& kind, const std::string& name) {
  for (const Json& object : PostgresObjects(intent))
    if (object["kind"] == kind && object["metadata"]["name"] == name) return object;
  ADD_FAILURE() << kind << " " << name;
  return nullptr;
}

Json FileOf(const ClusterIntent& intent, const char* file) {
  return Json::parse(Get(intent, "ConfigMap", "demo-pg-0")["data"][file].get<std::string>());
}
Json Settings(const ClusterIntent& intent) { return FileOf(intent, "settings.json"); }

Json Members(const ClusterIntent& intent) { return Get(intent, "StatefulSet", "demo-pg-0"); }
Json ContainerOf(const ClusterIntent& intent) { return Members(intent)["spec"]["template"]["spec"]["containers"][0]; }

TEST(PostgresObjectsTest, AreThereOnlyWhereTheOperatorRunsPostgresql) {
  ClusterIntent intent = Managed({{"instances", 3}});
  EXPECT_FALSE(PostgresObjects(intent).empty());
  for (const char* type : {"CloudNativePG", "External"}) {
    intent.facts.postgres_type = type;
    EXPECT_TRUE(PostgresObjects(intent).empty()) << type;
  }
}

TEST(PostgresObjectsTest, AnAcknowledgementStandsForAsManyCopiesAsTheSpecSays) {
  const Json none = Settings(Managed({{"instances", 1}, {"synchronousStandbys", 0}}));
  EXPECT_EQ(none["synchronous_mode"], false);
  EXPECT_EQ(none["synchronous_mode_strict"], false);
  const Json two = Settings(Managed({{"instances", 5}, {"synchronousStandbys", 2}}));
  EXPECT_EQ(two["synchronous_mode"], true);
  EXPECT_EQ(two["synchronous_mode_strict"], true);
  EXPECT_EQ(two["synchronous_node_count"], 2);
  EXPECT_EQ(two["postgresql"]["parameters"]["synchronous_commit"], "on");
}

TEST(PostgresObjectsTest, AClusterBeginsWithTheSettingsThatItIsKeptAt) {
  const ClusterIntent intent = Managed({{"instances", 3}});
  EXPECT_EQ(FileOf(intent, "patroni.yaml")["bootstrap"]["dcs"], Settings(intent));
}

TEST(PostgresObjectsTest, ParametersOfUsersReplaceOurs) {
  const Json parameters =
      Settings(Managed({{"parameters", {{"shared_buffers", "2GB"}, {"work_mem", "8MB"}}}}))["postgresql"]["parameters"];
  EXPECT_EQ(parameters["shared_buffers"], "2GB");
  EXPECT_EQ(parameters["work_mem"], "8MB");
  EXPECT_EQ(parameters["jit"], "off");
}

TEST(PostgresObjectsTest, ChangedParametersReachPodsByARestart) {
  const auto hash = [](const ClusterIntent& intent) {
    return Members(intent)["spec"]["template"]["metadata"]["annotations"][kConfigHash];
  };
  EXPECT_NE(hash(Managed({{"parameters", {{"work_mem", "8MB"}}}})),
            hash(Managed({{"parameters", {{"work_mem", "9MB"}}}})));
}

TEST(PostgresObjectsTest, EverythingElseOfTheSpecIsInThePods) {
  const ClusterIntent intent =
      Managed({{"instances", 5},
               {"image", "registry.example/postgres:1"},
               {"storage", {{"size", "1Ti"}, {"storageClassName", "nvme"}}},
               {"resources", {{"requests", {{"memory", "4Gi"}}}}},
               {"pod", {{"labels", {{"team", "data"}}}, {"terminationGracePeriodSeconds", 33}}}});
  const Json set = Members(intent), &pod = set["spec"]["template"];
  EXPECT_EQ(set["spec"]["replicas"], 5);
  EXPECT_EQ(set["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"], "1Ti");
  EXPECT_EQ(set["spec"]["volumeClaimTemplates"][0]["spec"]["storageClassName"], "nvme");
  EXPECT_EQ(pod["spec"]["containers"][0]["image"], "registry.example/postgres:1");
  EXPECT_EQ(pod["spec"]["containers"][0]["resources"]["requests"]["memory"], "4Gi");
  EXPECT_EQ(pod["metadata"]["labels"]["team"], "data");
  EXPECT_EQ(pod["spec"]["terminationGracePeriodSeconds"], 33);
}

TEST(PostgresObjectsTest, AnImageForOurProgramsIsNotTakenForPostgresql) {
  ClusterIntent intent = Managed(Json::object());
  intent.spec.image = "registry.example/all:1";
  EXPECT_EQ(ContainerOf(intent)["image"], "registry.example/pbfs-postgres:0.1.0");
}

TEST(PostgresObjectsTest, NothingButTlsAndPasswordsLetsAnyoneInOverTheNetwork) {
  const Json config = FileOf(Managed(Json::object()), "patroni.yaml");
  for (const Json& line : config["postgresql"]["pg_hba"]) {
    const std::string text = line;
    EXPECT_TRUE(text.starts_with("hostssl ") || text.starts_with("local ")) << text;
    EXPECT_TRUE(text.ends_with(" scram-sha-256")) << text;
  }
  EXPECT_EQ(config["postgresql"]["parameters"]["ssl"], "on");
}

TEST(PostgresObjectsTest, NoConfigurationHasASecret) {
  const ClusterIntent intent = Managed(Json::object());
  SeededRandom random(TestSeed());
  const Json secret = PostgresSecret(intent, 0, random)["stringData"];
  for (const Json& object : PostgresObjects(intent))
    for (const auto& [key, value] : secret.items())
      EXPECT_EQ(object.dump().find(value.get<std::string>()), std::string::npos) << key;
}

// Patroni finds members by labels that it is told, and who leads by objects of these names.
TEST(PostgresObjectsTest, PatroniFindsItsMembersAndItsServices) {
  const ClusterIntent intent = Managed(Json::object());
  const Json config = FileOf(intent, "patroni.yaml"), set = Members(intent);
  const Json& labels = set["spec"]["template"]["metadata"]["labels"];
  EXPECT_EQ(labels[config["kubernetes"]["scope_label"].get<std::string>()], config["scope"]);
  for (const auto& [key, value] : config["kubernetes"]["labels"].items()) EXPECT_EQ(labels[key], value);
  const Json service = Get(intent, "Service", config["scope"]);
  EXPECT_FALSE(service["spec"].contains("selector"));
  EXPECT_EQ(service["spec"]["ports"][0]["name"], config["kubernetes"]["ports"][0]["name"]);
  for (const char* state : {"-config", "-sync"}) Get(intent, "Service", config["scope"].get<std::string>() + state);
}

TEST(PostgresSecretTest, HasPasswordsOfItsOwnAndTheUriOfAllMembers) {
  const ClusterIntent intent = Managed({{"instances", 2}});
  SeededRandom random(TestSeed());
  const Json secret = PostgresSecret(intent, 0, random);
  std::set<std::string> passwords;
  for (const char* key : {"password", "superuser-password", "replication-password"}) {
    const std::string password = secret["stringData"][key];
    EXPECT_EQ(password.size(), 64u);
    passwords.insert(password);
  }
  EXPECT_EQ(passwords.size(), 3u);
  EXPECT_FALSE(secret["metadata"].contains("ownerReferences"));
  EXPECT_EQ(secret["metadata"]["name"], DatabaseOf(intent, 0).dsn.name);
  const std::string host = "demo-pg-0-hl.storage.svc:5432";
  EXPECT_EQ(secret["stringData"][DatabaseOf(intent, 0).dsn.key],
            fmt::format("postgresql://pbfs:{}@demo-pg-0-0.{},demo-pg-0-1.{},demo-pg-0.storage.svc:5432/"
                        "pbfs?target_session_attrs=read-write&sslmode=verify-full&connect_timeout=5",
                        secret["stringData"]["password"].get<std::string>(), host, host));
}

TEST(PostgresSecretTest, IsAnotherEachTime) {
  const ClusterIntent intent = Managed(Json::object());
  SeededRandom random(TestSeed());
  EXPECT_NE(PostgresSecret(intent, 0, random), PostgresSecret(intent, 0, random));
}

TEST(PostgresDnsNamesTest, CoverEveryHostThatClientsAndMembersConnectTo) {
  EXPECT_THAT(PostgresDnsNames(Managed(Json::object())),
              ElementsAre("demo-pg-0.storage.svc", "demo-pg-0-hl.storage.svc", "*.demo-pg-0-hl.storage.svc"));
  for (const Json& variable : ContainerOf(Managed(Json::object()))["env"])
    if (variable["name"] == "PATRONI_POSTGRESQL_CONNECT_ADDRESS") {
      EXPECT_EQ(variable["value"], "$(PATRONI_NAME).demo-pg-0-hl.storage.svc:5432");
    }
}

}  // namespace
}  // namespace pbfs::operators
