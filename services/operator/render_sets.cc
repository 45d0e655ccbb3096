#include "services/operator/render_sets.h"

#include <utility>

namespace pbfs::operators {
namespace {

Json UpdateStrategy(const ClusterIntent& intent, int partition) {
  if (intent.spec.update_policy.strategy == "OnDelete") return {{"type", "OnDelete"}};
  return {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", partition}}}};
}

}  // namespace

std::string HashOf(const Json& config_map) { return SpecHash(config_map["data"]); }

Json FieldVariable(const char* name, const char* path) {
  return {{"name", name}, {"valueFrom", {{"fieldRef", {{"fieldPath", path}}}}}};
}

Json StatefulSet(const ClusterIntent& intent, const SetPlan& set, const PodPlan& pods) {
  Json object = MakeObject(intent, "apps/v1", "StatefulSet", set.name, LabelsOf(intent, pods.selector), set.ownership);
  // Replicas are always given: an owner of the field that leaves it out sets it to 1.
  Json spec = {{"replicas", set.replicas},
               {"serviceName", set.service},
               // In order, pods stay wedged on an image that does not start even when it is put back.
               {"podManagementPolicy", "Parallel"},
               {"selector", {{"matchLabels", pods.selector}}},
               {"updateStrategy", UpdateStrategy(intent, set.partition)},
               {"template", PodTemplate(intent, pods)}};
  if (!set.claims.empty()) {
    spec["volumeClaimTemplates"] = set.claims;
    spec["persistentVolumeClaimRetentionPolicy"] = {{"whenScaled", "Retain"}, {"whenDeleted", "Retain"}};
  }
  object["spec"] = std::move(spec);
  return object;
}

// What it is made of cannot be changed afterwards, so it has nothing of what users may change at will.
Json DataClaim(const Storage& storage, const Json& selector) {
  Json spec = {{"accessModes", Json::array({"ReadWriteOnce"})},
               {"resources", {{"requests", {{"storage", storage.size.Canonical()}}}}}};
  if (storage.storage_class_name) spec["storageClassName"] = *storage.storage_class_name;
  return {{"metadata", {{"name", "data"}, {"labels", selector}}}, {"spec", std::move(spec)}};
}

}  // namespace pbfs::operators
