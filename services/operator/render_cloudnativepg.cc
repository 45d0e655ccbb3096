#include "services/operator/render_cloudnativepg.h"

#include "services/operator/render_pods.h"
#include "services/operator/render_postgres.h"

namespace pbfs::operators {
namespace {

constexpr const char* kApi = "postgresql.cnpg.io/v1";
constexpr const char* kHibernation = "cnpg.io/hibernation";  // ends the members, and keeps their volumes

CloudNativePG SpecOf(const ClusterIntent& intent) {
  return intent.spec.postgres.cloud_native_pg.value_or(CloudNativePG{});
}

Json VolumeOf(const Storage& storage) {
  Json volume = {{"size", storage.size.Canonical()}};
  if (storage.storage_class_name) volume["storageClass"] = *storage.storage_class_name;
  return volume;
}

// "required": commits wait rather than be on fewer copies than was asked for.
Json SettingsOf(const CloudNativePG& wanted) {
  Json settings = Json::object();
  PutUnlessEmpty(settings, "parameters", wanted.parameters);
  if (wanted.synchronous_replicas > 0)
    settings["synchronous"] = {
        {"method", "any"}, {"number", wanted.synchronous_replicas}, {"dataDurability", "required"}};
  return settings;
}

Json ClusterOf(const ClusterIntent& intent, int shard) {
  const CloudNativePG wanted = SpecOf(intent);
  Json object = MakeObject(intent, kApi, "Cluster", PostgresName(intent.name, shard),
                           LabelsOf(intent, PostgresSelector(intent.name, shard)), Ownership::kRetained);
  object["metadata"]["annotations"][kHibernation] = intent.spec.hibernated ? "on" : "off";
  Json spec = {{"instances", wanted.instances},
               {"storage", VolumeOf(wanted.storage.value_or(DefaultPostgresStorage()))},
               {"bootstrap", {{"initdb", {{"database", "pbfs"}, {"owner", "pbfs"}, {"dataChecksums", true}}}}},
               {"enableSuperuserAccess", false},
               {"enablePDB", wanted.instances > 1},
               {"affinity",
                {{"enablePodAntiAffinity", true},
                 {"podAntiAffinityType", "preferred"},
                 {"topologyKey", "kubernetes.io/hostname"}}}};
  PutUnlessEmpty(spec, "imageName", wanted.image_name);
  if (wanted.wal_storage) spec["walStorage"] = VolumeOf(*wanted.wal_storage);
  PutUnlessEmpty(spec, "postgresql", SettingsOf(wanted));
  PutResources(wanted.resources, spec);
  if (wanted.backup.is_object()) spec["backup"] = wanted.backup;
  if (wanted.cluster_spec_overrides.is_object()) spec.merge_patch(wanted.cluster_spec_overrides);
  object["spec"] = std::move(spec);
  return object;
}

Json BackupOf(const ClusterIntent& intent, int shard) {
  const std::string cluster = PostgresName(intent.name, shard);
  Json object =
      MakeObject(intent, kApi, "ScheduledBackup", cluster, LabelsOf(intent, PostgresSelector(intent.name, shard)));
  const CloudNativePG wanted = SpecOf(intent);
  object["spec"] = {{"schedule", wanted.backup_schedule},
                    {"immediate", wanted.backup_immediately},
                    {"backupOwnerReference", "none"},  // a backup outlives what it is of
                    {"suspend", intent.spec.hibernated},
                    {"cluster", {{"name", cluster}}}};
  return object;
}

}  // namespace

bool IsCloudNativePg(const ClusterIntent& intent) { return intent.facts.postgres_type == "CloudNativePG"; }

std::vector<Json> CloudNativePgObjects(const ClusterIntent& intent) {
  std::vector<Json> out;
  if (!IsCloudNativePg(intent)) return out;
  for (int shard = 0; shard < intent.spec.catalog.shards; ++shard) {
    out.push_back(ClusterOf(intent, shard));
    if (!SpecOf(intent).backup_schedule.empty()) out.push_back(BackupOf(intent, shard));
  }
  return out;
}

}  // namespace pbfs::operators
