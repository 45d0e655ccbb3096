#include <algorithm>

#include <fmt/format.h>

#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"

/// Long operations, one at a time, and the shorter of them: volumes that grow.
///
///   Claims      every claim of the pool asks for more; its volume grows under the running store, as its driver has it
///   Recreating  what a StatefulSet's claims ask for cannot be changed: it is deleted, its pods stay, and another one takes them over
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kStep = std::chrono::seconds(2);

}  // namespace

Result<Quantity> SizeOfClaim(const Json& claim) {
  const Json& requests = kube::Member(kube::Member(kube::Member(claim, "spec"), "resources"), "requests");
  return Quantity::Parse(kube::Text(requests, "storage"));
}

bool ClusterPass::IsUnderWay(const char* operation) const {
  return kube::Text(kube::Member(status_, "operation"), "type") == operation;
}

void ClusterPass::StepOperations() {
  if (intent_.spec.paused || intent_.spec.hibernated) return;
  if (StepLoss() || StepRotation()) return;
  const bool growing = IsUnderWay(kExpandVolumes) || (!IsUnderWay(kScaleDown) && GrowingPool() != nullptr);
  if (!growing) conditions_.Drop("VolumesResizing");
  if (!growing && !site_) return;  // nothing is known of the stores
  Status stepped;
  if (growing)
    stepped = IsUnderWay(kExpandVolumes) ? StepGrowth() : BeginGrowth(*GrowingPool());
  else
    stepped = StepScaling();
  if (status_.contains("operation") || !stepped.ok()) again_ = std::min(again_, kStep);
  if (stepped.ok()) return;
  if (growing)
    Warn("VolumesResizing", Truth::kFalse, "VolumeExpansionUnsupported", stepped.message());
  else
    Warn("ScalingBlocked", Truth::kTrue, "ScalingBlocked", stepped.message());
}

// The pool whose claims ask for less than they should; null if none does.
const Pool* ClusterPass::GrowingPool() const {
  for (const Pool& pool : intent_.spec.fragment_store.pools) {
    const auto now = intent_.facts.store_sizes.find(pool.name);
    if (now != intent_.facts.store_sizes.end() && now->second < pool.storage.size) return &pool;
  }
  return nullptr;
}

Status ClusterPass::BeginGrowth(const Pool& pool) {
  const std::string set = PoolName(name_, pool.name), now = TimeText(now_micros_);
  status_["operation"] = {
      {"type", kExpandVolumes},  {"id", fmt::format("{}-{}", pool.name, pool.storage.size.Canonical())},
      {"step", "Claims"},        {"startTime", now},
      {"lastProgressTime", now}, {"targets", Json::array({{{"pod", set}, {"state", pool.storage.size.Canonical()}}})}};
  PBFS_RETURN_IF_ERROR(WriteStatus());  // before the first side effect
  return StepGrowth();
}

Status ClusterPass::StepGrowth() {
  const Json& targets = kube::Member(status_["operation"], "targets");
  const std::string set = targets.is_array() && !targets.empty() ? kube::Text(targets[0], "pod") : "";
  const auto& pools = intent_.spec.fragment_store.pools;
  const auto pool =
      std::find_if(pools.begin(), pools.end(), [&](const Pool& one) { return PoolName(name_, one.name) == set; });
  if (pool == pools.end()) {  // there is no such pool any more
    status_.erase("operation");
    return OkStatus();
  }
  const std::string size = pool->storage.size.Canonical();
  conditions_.Set("VolumesResizing", Truth::kTrue, "Growing",
                  fmt::format("volumes of the pool {} grow to {}", pool->name, size));
  if (kube::Text(status_["operation"], "step") == "Claims") {
    PBFS_RETURN_IF_ERROR(GrowClaims(set, *pool));
    return AwaitGrowth(set, *pool);
  }
  // Once deleted, it is made again by what puts all sets.
  if (live_.Find(kinds::kStatefulSet, set) == nullptr) return OkStatus();
  if (GrowingPool() == &*pool) {
    PBFS_RETURN_IF_ERROR(AwaitGrowth(set, *pool));  // a claim may have been made anew, as large as it was
    if (kube::Text(status_["operation"], "step") == "Claims") return OkStatus();
    return live_.Delete(context_, kinds::kStatefulSet, set, kube::DeleteOptions::Dependents::kOrphan);
  }
  Say("Normal", "VolumeExpanded", fmt::format("volumes of the pool {} have {}", pool->name, size));
  conditions_.Drop("VolumesResizing");
  status_.erase("operation");
  return OkStatus();
}

Status ClusterPass::GrowClaims(const std::string& set, const Pool& pool) {
  for (int ordinal = 0; ordinal < ReplicasOf(pool.name); ++ordinal) {
    const std::string name = fmt::format("data-{}-{}", set, ordinal);
    const Result<Json> claim = world_.kube.Get(context_, {kinds::kPersistentVolumeClaim, space_, name});
    if (claim.status().code() == StatusCode::kNotFound) continue;  // made with its pod, and grown then
    PBFS_RETURN_IF_ERROR(claim.status());
    PBFS_ASSIGN_OR_RETURN(const Quantity size, SizeOfClaim(*claim));
    if (size >= pool.storage.size) continue;
    const Json intent = {{"apiVersion", "v1"},
                         {"kind", "PersistentVolumeClaim"},
                         {"metadata", {{"name", name}, {"namespace", space_}, {"uid", MetaText(*claim, "uid")}}},
                         {"spec", {{"resources", {{"requests", {{"storage", pool.storage.size.Canonical()}}}}}}}};
    PBFS_RETURN_IF_ERROR(
        world_.kube.Apply(context_, kinds::kPersistentVolumeClaim, intent, kube::OnConflict::kTake).status());
  }
  return OkStatus();
}

Status ClusterPass::AwaitGrowth(const std::string& set, const Pool& pool) {
  int grown = 0;
  for (int ordinal = 0; ordinal < ReplicasOf(pool.name); ++ordinal) {
    const Result<Json> claim =
        world_.kube.Get(context_, {kinds::kPersistentVolumeClaim, space_, fmt::format("data-{}-{}", set, ordinal)});
    if (claim.status().code() == StatusCode::kNotFound) continue;
    PBFS_RETURN_IF_ERROR(claim.status());
    const Json& capacity = kube::Member(kube::Member(*claim, "status"), "capacity");
    const Result<Quantity> size = Quantity::Parse(kube::Text(capacity, "storage"));
    if (!size.ok() || *size < pool.storage.size) {
      GoOn("Claims", fmt::format("{} volumes have grown", grown));
      return OkStatus();
    }
    ++grown;
  }
  GoOn("Recreating", "");
  return OkStatus();
}

}  // namespace pbfs::operators
