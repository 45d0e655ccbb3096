#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"

/// The end of a cluster: first those who call others, then the others, and what holds data only where the spec says so.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kPoll = std::chrono::seconds(2);
constexpr size_t kNamed = 10;
constexpr const char* kForce = "pbfs.dev/force-finalize";

// That of a Job stays, as a record, for as long as its Job.
bool HasEnded(const Json& pod) {
  const std::string phase = kube::Text(kube::Member(pod, "status"), "phase");
  return phase == "Succeeded" || phase == "Failed";
}

}  // namespace

bool RefersTo(const Json& object, const std::string& space, const std::string& name) {
  const Json& reference = kube::Member(kube::Member(object, "spec"), "clusterRef");
  return kube::Text(reference, "name") == name &&
         kube::Text(reference, "namespace", MetaText(object, "namespace")) == space;
}

// Buckets and keys that would be left without their cluster, and do not say that this is meant.
Result<std::vector<std::string>> ClusterPass::Dependents() {
  std::vector<std::string> out;
  for (const kube::Kind& kind : {kinds::kPbfsBucket, kinds::kPbfsAccessKey, kinds::kPbfsSiteReplication}) {
    const Result<kube::ObjectList> list = world_.kube.List(context_, {kind, options_.watch_space, ""});
    if (list.status().code() == StatusCode::kUnimplemented) continue;
    PBFS_RETURN_IF_ERROR(list.status());
    for (const Json& object : list->items)
      if (RefersTo(object, space_, name_) && kube::Text(kube::Member(object, "spec"), "deletionPolicy") != "Retain")
        out.push_back(fmt::format("{} {}/{}", kind.name, MetaText(object, "namespace"), MetaText(object, "name")));
  }
  return out;
}

// Whether everything in it goes, whatever needs what.
bool ClusterPass::IsSpaceEnding() {
  const Result<Json> space = world_.kube.Get(context_, {kinds::kNamespace, "", space_});
  return space.ok() && IsBeingDeleted(*space);
}

Result<LookAgain> ClusterPass::Delete() {
  if (!HasFinalizer(kClusterFinalizer)) return LookAgain();  // others hold it
  intent_.spec = ParseSpec(kube::Member(object_, "spec")).spec;
  PBFS_ASSIGN_OR_RETURN(const std::vector<std::string> dependents, Dependents());
  if (!dependents.empty() && AnnotationOf(object_, kForce) != "true" && !IsSpaceEnding()) {
    const auto end = dependents.begin() + static_cast<int64_t>(std::min(kNamed, dependents.size()));
    const std::string message =
        fmt::format("{} objects need this cluster; delete them first, or let their deletionPolicy be Retain: {}",
                    dependents.size(), fmt::join(dependents.begin(), end, ", "));
    Warn("DeletionBlocked", Truth::kTrue, "DeletionBlocked", message);
    PBFS_RETURN_IF_ERROR(WriteStatus());
    return LookAgain(kPoll);
  }
  conditions_.Drop("DeletionBlocked");
  conditions_.Set("Ready", Truth::kFalse, "Deleting", "the cluster's pods end");
  PBFS_RETURN_IF_ERROR(WriteStatus());
  PBFS_ASSIGN_OR_RETURN(const bool gone, RemoveWorkloads());
  if (!gone) return LookAgain(kPoll);
  PBFS_RETURN_IF_ERROR(RemoveLeases());
  if (intent_.spec.deletion_policy == "Delete") PBFS_RETURN_IF_ERROR(RemoveData());
  PBFS_RETURN_IF_ERROR(DropFinalizer());
  return LookAgain();
}

// True when no pod runs any more.
Result<bool> ClusterPass::RemoveWorkloads() {
  const auto is_gateway = [](const Json& object) { return LabelOf(object, kComponentLabel) == kGateway.component; };
  PBFS_ASSIGN_OR_RETURN(kube::ObjectList pods,
                        world_.kube.List(context_, {kinds::kPod, space_, fmt::format("{}={}", kClusterLabel, name_)}));
  std::erase_if(pods.items, HasEnded);
  std::vector<const Json*> sets = live_.OfKind(kinds::kStatefulSet);
  // Requests under way need stores and catalogs until they have ended.
  const bool gateways = std::any_of(sets.begin(), sets.end(), [&](const Json* set) { return is_gateway(*set); }) ||
                        std::any_of(pods.items.begin(), pods.items.end(), is_gateway);
  if (gateways) std::erase_if(sets, [&](const Json* set) { return !is_gateway(*set); });
  std::vector<std::string> names;
  for (const Json* set : sets) names.push_back(MetaText(*set, "name"));
  for (const std::string& name : names) PBFS_RETURN_IF_ERROR(live_.Delete(context_, kinds::kStatefulSet, name));
  return !gateways && sets.empty() && pods.items.empty();
}

// With deletionPolicy Delete: volumes and keys. A claim is deleted as it was listed.
Status ClusterPass::RemoveData() {
  const std::string label = fmt::format("{}={}", kClusterLabel, name_);
  PBFS_ASSIGN_OR_RETURN(const kube::ObjectList claims,
                        world_.kube.List(context_, {kinds::kPersistentVolumeClaim, space_, label}));
  for (const Json& claim : claims.items) {
    const Status deleted =
        world_.kube.Delete(context_, {kinds::kPersistentVolumeClaim, space_, MetaText(claim, "name")},
                           {MetaText(claim, "uid"), MetaText(claim, "resourceVersion"), {}});
    if (!deleted.ok() && deleted.code() != StatusCode::kNotFound) return deleted;
  }
  // Services, too: in what hangs on them Patroni keeps which data are the right ones, and would refuse those of another cluster.
  for (const kube::Kind& kind : {kinds::kSecret, kinds::kService}) {
    std::vector<std::string> names;
    for (const Json* object : live_.OfKind(kind)) names.push_back(MetaText(*object, "name"));
    for (const std::string& name : names) PBFS_RETURN_IF_ERROR(live_.Delete(context_, kind, name));
  }
  return OkStatus();
}

}  // namespace pbfs::operators
