#include "services/operator/render_backup.h"

#include <set>

#include "libs/base/testing.h"
#include "services/operator/render.h"
#include "services/operator/render_pods.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ClusterIntent Backed(const Json& more = Json::object()) {
  Json spec = SmallestSpec();
  Json backup = {{"schedule", "15 3 * * *"}, {"s3", {{"credentialsSecretRef", {{"name", "away"}}}}}};
  backup.update(more, true);
  spec["postgres"] = {{"type", "Managed"}, {"managed", {{"backup", backup}}}};
  ClusterIntent intent = IntentOf(spec);
  intent.facts.catalog_made = true;
  return intent;
}

ClusterIntent Restoring() {
  Json spec = SmallestSpec();
  spec["postgres"] = {{"type", "Managed"},
                      {"managed",
                       {{"restore",
                         {{"backup", "20260131T120000Z"},
                          {"s3", {{"bucket", "safe"}, {"credentialsSecretRef", {{"name", "away"}}}}}}}}}};
  return IntentOf(spec);
}

Json Find(const ClusterIntent& intent, const char* kind) {
  for (const Json& object : BackupObjects(intent))
    if (object["kind"] == kind) return object;
  return nullptr;
}
Json CronSpec(const ClusterIntent& intent) { return Find(intent, "CronJob")["spec"]; }
Json PodOfCron(const ClusterIntent& intent) { return CronSpec(intent)["jobTemplate"]["spec"]["template"]["spec"]; }
Json SettingsIn(const Json& map) { return Json::parse(map["data"]["config.json"].get<std::string>()); }

TEST(BackupObjectsTest, AreThereOnlyWithBackupsOfAManagedPostgresql) {
  EXPECT_EQ(BackupObjects(Backed()).size(), 3u);
  EXPECT_TRUE(BackupObjects(IntentOf(SmallestSpec())).empty());
  ClusterIntent other = Backed();
  other.facts.postgres_type = "CloudNativePG";
  EXPECT_TRUE(BackupObjects(other).empty());
}

TEST(BackupObjectsTest, AScheduleRunsOneBackupAtATimeOnceThereIsACatalog) {
  ClusterIntent intent = Backed();
  EXPECT_EQ(CronSpec(intent)["schedule"], "15 3 * * *");
  EXPECT_EQ(CronSpec(intent)["timeZone"], "Etc/UTC");
  EXPECT_EQ(CronSpec(intent)["concurrencyPolicy"], "Forbid");
  EXPECT_EQ(CronSpec(intent)["suspend"], false);
  EXPECT_EQ(CronSpec(Backed({{"suspended", true}}))["suspend"], true);
  intent.spec.hibernated = true;
  EXPECT_EQ(CronSpec(intent)["suspend"], true);
  intent = Backed();
  intent.facts.catalog_made = false;
  EXPECT_EQ(CronSpec(intent)["suspend"], true);
}

TEST(BackupObjectsTest, ThePodIsToldEverythingButSecrets) {
  const ClusterIntent intent = Backed({{"keep", 3}, {"s3", {{"endpoint", "https://s3.example"}, {"prefix", "p/"}}}});
  const Json settings = SettingsIn(Find(intent, "ConfigMap"));
  EXPECT_EQ(settings["clusterId"], intent.facts.cluster_id);
  EXPECT_EQ(settings["keep"], 3);
  EXPECT_EQ(settings["s3"], (Json{{"endpoint", "https://s3.example"}, {"prefix", "p/"}}));
  EXPECT_THAT(settings["database"].get<std::string>(), HasSubstr("sslmode=verify-full"));
  EXPECT_THAT(settings["database"].get<std::string>(), HasSubstr("target_session_attrs=read-write"));
  EXPECT_THAT(settings["database"].get<std::string>(), Not(HasSubstr("password")));
  const Json container = PodOfCron(intent)["containers"][0];
  EXPECT_EQ(container["command"], Json::array({"pbfs-backup"}));
  EXPECT_EQ(container["args"], Json::array({"dump", "--config", "/etc/pbfs/config/config.json"}));
  EXPECT_EQ(container["image"], intent.images.postgres);
  EXPECT_FALSE(container.contains("env"));
}

// It is handed the password and whom to believe, and no key with which it could pass for another.
TEST(BackupObjectsTest, ThePodIsGivenNoKeyOfTheCluster) {
  std::set<std::string> secrets;
  const Json pod = PodOfCron(Backed());
  for (const Json& volume : pod["volumes"]) {
    if (volume.contains("secret")) secrets.insert(volume["secret"]["secretName"]);
    if (!volume.contains("projected")) continue;
    for (const Json& source : volume["projected"]["sources"])
      EXPECT_EQ(
          source,
          (Json{{"configMap",
                 {{"name", "demo-ca-bundle"}, {"items", Json::array({{{"key", "ca.crt"}, {"path", "ca.crt"}}})}}}}));
  }
  EXPECT_EQ(secrets, (std::set<std::string>{"demo-pg-0", "away"}));
  for (const Json& volume : pod["volumes"])
    if (volume["name"] == "database") {
      EXPECT_EQ(volume["secret"]["items"].size(), 1u);
    }
}

// As every pod; and Services and budgets of others do not count it.
TEST(BackupObjectsTest, ThePodIsRestrictedAndOfNoOtherPart) {
  const Json pod = PodOfCron(Backed());
  EXPECT_EQ(pod["securityContext"]["runAsNonRoot"], true);
  EXPECT_EQ(pod["containers"][0]["securityContext"]["readOnlyRootFilesystem"], true);
  EXPECT_EQ(pod["automountServiceAccountToken"], false);
  EXPECT_EQ(pod["serviceAccountName"], "demo-pg-backup");
  EXPECT_EQ(pod["restartPolicy"], "Never");
  const Json labels = CronSpec(Backed())["jobTemplate"]["spec"]["template"]["metadata"]["labels"];
  EXPECT_EQ(labels["app.kubernetes.io/component"], "backup");
  for (const char* serving : {"ports", "livenessProbe", "readinessProbe", "startupProbe"})
    EXPECT_FALSE(pod["containers"][0].contains(serving)) << serving;
}

TEST(RestoreJobTest, FirstFillsTheDatabaseAndThenTheCatalogsProgramFencesWhatWasBefore) {
  const ClusterIntent intent = Restoring();
  const Json pod = RestoreJob(intent, 0)["spec"]["template"]["spec"];
  ASSERT_EQ(pod["initContainers"].size(), 1u);
  ASSERT_EQ(pod["containers"].size(), 1u);
  EXPECT_EQ(pod["initContainers"][0]["args"][0], "restore");
  EXPECT_EQ(pod["initContainers"][0]["image"], intent.images.postgres);
  EXPECT_EQ(pod["containers"][0]["command"], Json::array({"pbfs-catalog"}));
  EXPECT_EQ(pod["containers"][0]["args"][0], "restored");
  EXPECT_EQ(pod["containers"][0]["image"], intent.images.catalog);
  const Json settings = SettingsIn(RestoreSettings(intent, 0));
  EXPECT_EQ(settings["backup"], "20260131T120000Z");
  EXPECT_EQ(settings["owner"], intent.uid);
  EXPECT_EQ(settings["s3"], (Json{{"bucket", "safe"}}));
}

// Two pods became one: what each mounts is there once, and is its own.
TEST(RestoreJobTest, EveryMountHasItsVolumeAndNoneIsThereTwice) {
  const Json pod = RestoreJob(Restoring(), 0)["spec"]["template"]["spec"];
  std::set<std::string> volumes;
  for (const Json& volume : pod["volumes"]) EXPECT_TRUE(volumes.insert(volume["name"]).second) << volume.dump();
  for (const char* containers : {"initContainers", "containers"})
    for (const Json& mount : pod[containers][0]["volumeMounts"])
      EXPECT_TRUE(volumes.contains(mount["name"])) << mount.dump();
  for (const Json& mount : pod["containers"][0]["volumeMounts"])
    EXPECT_THAT(mount["name"].get<std::string>(), Not(HasSubstr("backup-")));
}

}  // namespace
}  // namespace pbfs::operators
