#include "services/operator/render_backup.h"

#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/operator/render_config.h"
#include "services/operator/render_parts.h"
#include "services/operator/render_patroni.h"
#include "services/operator/render_pods.h"
#include "services/operator/render_postgres.h"
#include "services/operator/render_sets.h"

namespace pbfs::operators {
namespace {

constexpr const char* kObjectStoreFolder = "/etc/pbfs/s3";
constexpr const char* kPasswordFile = "password";
constexpr int64_t kLongest = 6 * 3600;  // of one backup: one that hangs would keep all others from beginning
constexpr int64_t kLatest = 600;        // after its time: it is made up for until then

std::string RestoreName(const ClusterIntent& intent, int shard) {
  return PostgresName(intent.name, shard) + "-restore";
}

Json ShardBackupSelector(const ClusterIntent& intent, int shard) {
  return {{kClusterLabel, intent.name}, {kComponentLabel, kBackup.component}, {kShardLabel, std::to_string(shard)}};
}

// A connection string without the password, which libpq takes from a file.
std::string Conninfo(const ClusterIntent& intent, int shard) {
  return fmt::format(
      "host={} port={} dbname=pbfs user=pbfs target_session_attrs=read-write sslmode=verify-full "
      "sslrootcert={}/ca.crt connect_timeout=5",
      fmt::join(PostgresHosts(intent, shard), ","), kPostgresPort, kTlsFolder);
}

Json PlaceJson(const BackupPlace& place) {
  Json out = Json::object();
  PutUnlessEmpty(out, "endpoint", place.endpoint);
  PutUnlessEmpty(out, "bucket", place.bucket);
  PutUnlessEmpty(out, "prefix", place.prefix);
  PutUnlessEmpty(out, "region", place.region);
  return out;
}

Json SettingsOf(const ClusterIntent& intent, int shard, const BackupPlace& place, Json more) {
  Json settings = {{"cluster", intent.name},
                   {"clusterId", intent.facts.cluster_id},
                   {"shard", shard},
                   {"release", intent.facts.release},
                   {"database", Conninfo(intent, shard)},
                   {"passwordFile", fmt::format("{}/{}", kDatabaseFolder, kPasswordFile)},
                   {"s3", PlaceJson(place)},
                   {"s3Folder", kObjectStoreFolder}};
  settings.update(more);
  return settings;
}

// Whom PostgreSQL's members are believed by; no key of the cluster's own.
Mounted AuthorityVolume(const ClusterIntent& intent) {
  Mounted volume = TlsVolume(intent, kBackup);
  Json sources = Json::array();
  for (const Json& source : volume.source["projected"]["sources"])
    for (const auto& [kind, what] : source.items())
      if (what["items"][0]["key"] == "ca.crt") sources.push_back({{kind, what}});
  volume.source["projected"]["sources"] = std::move(sources);
  return volume;
}

// Where PostgreSQL's own pods may run, these may.
Component ComponentOf(const ManagedPostgres& managed) {
  Component out;
  out.pod.annotations = managed.pod.annotations;
  out.pod.labels = managed.pod.labels;
  out.pod.node_selector = managed.pod.node_selector;
  out.pod.tolerations = managed.pod.tolerations;
  out.pod.priority_class_name = managed.pod.priority_class_name;
  return out;
}

Json PodOf(const ClusterIntent& intent, int shard, const std::string& settings_name, const Json& settings,
           const BackupPlace& place, const char* command) {
  const ManagedPostgres managed = ManagedOf(intent);
  const Component component = ComponentOf(managed);
  const PodPlan plan{
      kBackup,
      ShardBackupSelector(intent, shard),
      component,
      managed.image.empty() ? intent.images.postgres : managed.image,
      settings_name,
      HashOf(settings),
      {},
      {AuthorityVolume(intent),
       SecretVolume("database", kDatabaseFolder, PostgresName(intent.name, shard), {{kPasswordFile, kPasswordFile}}),
       SecretVolume("s3", kObjectStoreFolder, place.credentials_secret)}};
  Json pod = PodTemplate(intent, plan);
  pod["spec"]["restartPolicy"] = "Never";  // a pod for each try: its logs say why it failed
  MakeOneShot(command, pod["spec"]["containers"][0]);
  return pod;
}

Json BackupSettings(const ClusterIntent& intent, int shard) {
  const CatalogBackup backup = *ManagedOf(intent).backup;
  return ConfigMap(intent, BackupName(intent.name, shard), ShardBackupSelector(intent, shard),
                   SettingsOf(intent, shard, backup.s3, {{"keep", backup.keep}}));
}

Json BackupCronJob(const ClusterIntent& intent, int shard, const Json& settings) {
  const CatalogBackup backup = *ManagedOf(intent).backup;
  const std::string name = BackupName(intent.name, shard);
  const Json labels = LabelsOf(intent, ShardBackupSelector(intent, shard));
  Json object = MakeObject(intent, "batch/v1", "CronJob", name, labels);
  const Json job = {{"backoffLimit", 2},
                    {"activeDeadlineSeconds", kLongest},
                    {"template", PodOf(intent, shard, name, settings, backup.s3, "dump")}};
  object["spec"] = {{"schedule", backup.schedule},
                    {"timeZone", "Etc/UTC"},
                    {"concurrencyPolicy", "Forbid"},
                    {"startingDeadlineSeconds", kLatest},
                    {"suspend", backup.suspended || intent.spec.hibernated || !intent.facts.catalog_made},
                    {"successfulJobsHistoryLimit", 1},
                    {"failedJobsHistoryLimit", 2},
                    {"jobTemplate", {{"metadata", {{"labels", labels}}}, {"spec", job}}}};
  return object;
}

// The volumes of one pod beside those of another: under names of their own.
void Rename(Json& pod) {
  const auto rename = [](Json& named) { named["name"] = "backup-" + named["name"].get<std::string>(); };
  for (Json& volume : pod["spec"]["volumes"]) rename(volume);
  for (Json& mount : pod["spec"]["containers"][0]["volumeMounts"]) rename(mount);
}

}  // namespace

std::vector<Json> BackupObjects(const ClusterIntent& intent) {
  if (!IsManaged(intent) || !ManagedOf(intent).backup) return {};
  std::vector<Json> out = {ServiceAccount(intent, kBackup)};
  for (int shard = 0; shard < intent.spec.catalog.shards; ++shard) {
    Json settings = BackupSettings(intent, shard);
    Json job = BackupCronJob(intent, shard, settings);
    out.push_back(std::move(settings));
    out.push_back(std::move(job));
  }
  return out;
}

Json RestoreSettings(const ClusterIntent& intent, int shard) {
  const CatalogRestore restore = *ManagedOf(intent).restore;
  return ConfigMap(intent, RestoreName(intent, shard), ShardBackupSelector(intent, shard),
                   SettingsOf(intent, shard, restore.s3, {{"backup", restore.backup}, {"owner", intent.uid}}));
}

Json RestoreJob(const ClusterIntent& intent, int shard) {
  const std::string name = RestoreName(intent, shard);
  const CatalogRestore restore = *ManagedOf(intent).restore;
  Json first = PodOf(intent, shard, name, RestoreSettings(intent, shard), restore.s3, "restore");
  Rename(first);
  Json job = CatalogJob(intent, shard, name, "restore", "restored");
  Json& pod = job["spec"]["template"]["spec"];
  pod["initContainers"] = first["spec"]["containers"];
  for (Json& volume : first["spec"]["volumes"]) pod["volumes"].push_back(std::move(volume));
  pod["restartPolicy"] = "Never";
  job["spec"]["backoffLimit"] = 2;
  return job;
}

}  // namespace pbfs::operators
