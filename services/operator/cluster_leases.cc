#include <set>

#include <fmt/format.h>

#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"

/// Leases that services made and that nobody takes any more (libs/adapters/kube/lease_object.h says how they are called). Services delete
/// none themselves. Each is deleted as it was listed: one that is taken meanwhile stays.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr const char* kLeaseLabel = "pbfs.dev/lease";
constexpr int64_t kAbandonedSeconds = 300;  // ten times what a lease lasts; clocks differ, and nothing depends on it

bool IsAbandoned(const Json& lease, int64_t now_seconds) {
  const Json& spec = kube::Member(lease, "spec");
  return kube::Text(spec, "holderIdentity").empty() ||
         SecondsOfTime(kube::Text(spec, "renewTime")) + kAbandonedSeconds < now_seconds;
}

}  // namespace

Status ClusterPass::DeleteLease(const Json& lease) {
  const Status deleted = world_.kube.Delete(context_, {kinds::kLease, space_, MetaText(lease, "name")},
                                            {MetaText(lease, "uid"), MetaText(lease, "resourceVersion"), {}});
  return deleted.code() == StatusCode::kNotFound || deleted.code() == StatusCode::kAborted ? OkStatus() : deleted;
}

// Those of stores that the catalogs have removed.
Status ClusterPass::SweepLeases() {
  std::set<std::string> gone;
  for (const StoreInfo& store : site_->map.stores)
    if (store.state == StoreState::kGone) gone.insert(fmt::format("{}-stores.{}", name_, store.id.value));
  if (gone.empty()) return OkStatus();
  const std::string labels = fmt::format("{}={},{}=stores", kClusterLabel, name_, kLeaseLabel);
  PBFS_ASSIGN_OR_RETURN(const kube::ObjectList leases, world_.kube.List(context_, {kinds::kLease, space_, labels}));
  for (const Json& lease : leases.items)
    if (gone.contains(MetaText(lease, "name")) && IsAbandoned(lease, now_micros_ / 1'000'000))
      PBFS_RETURN_IF_ERROR(DeleteLease(lease));
  return OkStatus();
}

// All of a cluster that has no pods any more.
Status ClusterPass::RemoveLeases() {
  const std::string labels = fmt::format("{}={}", kClusterLabel, name_);
  PBFS_ASSIGN_OR_RETURN(const kube::ObjectList leases, world_.kube.List(context_, {kinds::kLease, space_, labels}));
  for (const Json& lease : leases.items)
    if (MetaText(lease, "name") != name_ + "-roles.operator") PBFS_RETURN_IF_ERROR(DeleteLease(lease));
  return OkStatus();
}

}  // namespace pbfs::operators
