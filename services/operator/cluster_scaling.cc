#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "libs/catalog/store_state.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/kept_placement.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"

/// A store less, in steps of which each is written down before the next begins, so that whoever takes over goes on from there:
///
///   Draining            the catalogs take it out of all placement groups; the repairer brings what it has to others
///   Proving1, 2, 3      three looks, ten seconds apart, in which nothing counts on it and no body lacks a shard
///   Removing            the catalogs forget it, which they refuse while a row needs it
///   Shrinking           its StatefulSet gets one pod less
///   EndingPod, Claims   its pod is gone; its volume is kept, or deleted, by policy
///
/// The target is the pod's uid, the claim's uid and the store's number, never a name alone. Before Removing a person may change his mind.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr int64_t kBetweenProofs = 10;  // seconds

bool IsWhole(const Redundancy& redundancy) {
  return DegradedBodies(redundancy) == 0 && redundancy.backfilling == 0 && redundancy.unchecked == 0 &&
         redundancy.suspects == 0;
}

}  // namespace

int ClusterPass::ReplicasOf(const std::string& pool) const {
  const auto found = intent_.facts.store_replicas.find(pool);
  return found == intent_.facts.store_replicas.end() ? 0 : found->second;
}

// The pool that has more pods than it should; null if none has.
const Pool* ClusterPass::ShrinkingPool() const {
  for (const Pool& pool : intent_.spec.fragment_store.pools)
    if (pool.replicas < ReplicasOf(pool.name)) return &pool;
  return nullptr;
}

// The one store of the catalogs' that is reached in this pod; one that was replaced there counts no more. None: there is none, or not one alone.
const StoreInfo* ClusterPass::StoreOf(const std::string& pod) const {
  const StoreInfo* found = nullptr;
  for (const StoreInfo& store : site_->map.stores) {
    if (store.state == StoreState::kGone || PodOf(store) != pod) continue;
    if (store.state == StoreState::kDown && SuccessorOf(store) != nullptr) continue;
    if (found != nullptr) return nullptr;
    found = &store;
  }
  return found;
}

Status ClusterPass::StepScaling() {
  if (IsUnderWay(kScaleDown)) return StepRemoval();
  if (ShrinkingPool() != nullptr) return BeginRemoval(*ShrinkingPool());
  conditions_.Set("ScalingBlocked", Truth::kFalse, "NothingToDo", "there are as many stores as there should be");
  return OkStatus();
}

// What speaks against taking a store away now; OK if nothing does.
Status ClusterPass::CheckRemoval(const std::string& set, const StoreInfo& victim) {
  const RedundancySpec& wanted = intent_.spec.redundancy;
  if (!IsWhole(site_->redundancy))
    return FailedPreconditionError(
        "bodies lack shards, or were not looked for yet: the repairer makes up for that first");
  const Pods pods = PodsOf(set);
  if (pods.ready < pods.wanted) return FailedPreconditionError(fmt::format("{}: not every pod is ready", set));
  std::set<std::string> domains;
  int64_t left = 0, used = 0, capacity = 0;
  for (const StoreInfo& store : site_->map.stores) {
    if (store.state != StoreState::kUp) continue;
    PBFS_ASSIGN_OR_RETURN(const StoreStat stat, StatOf(store.id));
    used += stat.used;
    if (store.id == victim.id) continue;
    ++left, capacity += stat.capacity;
    domains.insert(store.domain);
  }
  if (left < wanted.data_shards + wanted.parity_shards || static_cast<int>(domains.size()) < DomainsNeeded(wanted))
    return FailedPreconditionError(fmt::format(
        "{} stores in {} failure domains would be left, and {}+{} needs {} in {}", left, domains.size(),
        wanted.data_shards, wanted.parity_shards, wanted.data_shards + wanted.parity_shards, DomainsNeeded(wanted)));
  const int64_t free_percent = capacity == 0 ? 0 : std::max<int64_t>(0, capacity - used) * 100 / capacity;
  if (free_percent < intent_.spec.fragment_store.min_free_percent_after)
    return FailedPreconditionError(fmt::format("{} % of the other stores' space would be left free, and {} must be",
                                               free_percent, intent_.spec.fragment_store.min_free_percent_after));
  return OkStatus();
}

// What a store says of itself.
Result<StoreStat> ClusterPass::StatOf(StoreId id) {
  PBFS_ASSIGN_OR_RETURN(const auto site, OpenSite());
  PBFS_ASSIGN_OR_RETURN(const auto store, site->stores().Find(id));
  return store->Stat(context_.Within(kPatience));
}

Status ClusterPass::BeginRemoval(const Pool& pool) {
  const std::string set = PoolName(name_, pool.name), pod = fmt::format("{}-{}", set, ReplicasOf(pool.name) - 1);
  const StoreInfo* store = StoreOf(pod);
  if (store == nullptr)
    return FailedPreconditionError(fmt::format("no store, or more than one, is known in the pod {}", pod));
  PBFS_RETURN_IF_ERROR(CheckRemoval(set, *store));
  PBFS_ASSIGN_OR_RETURN(const StoreStat stat, StatOf(store->id));
  if (stat.store != store->id)
    return FailedPreconditionError(fmt::format("the store in {} says that it is {}, and the catalogs that it is {}",
                                               pod, stat.store.value, store->id.value));
  PBFS_ASSIGN_OR_RETURN(const Json live_pod, world_.kube.Get(context_, {kinds::kPod, space_, pod}));
  PBFS_ASSIGN_OR_RETURN(const Json claim,
                        world_.kube.Get(context_, {kinds::kPersistentVolumeClaim, space_, ClaimOf(pod)}));
  const std::string now = TimeText(now_micros_);
  status_["operation"] = {{"type", kScaleDown},
                          {"id", fmt::format("{}-{}", store->id.value, MetaText(live_pod, "uid"))},
                          {"step", "Draining"},
                          {"startTime", now},
                          {"lastProgressTime", now},
                          {"targets", Json::array({{{"pod", pod},
                                                    {"podUID", MetaText(live_pod, "uid")},
                                                    {"storeID", std::to_string(store->id.value)},
                                                    {"pvcUIDs", Json::array({MetaText(claim, "uid")})},
                                                    {"state", "Draining"}}})}};
  PBFS_RETURN_IF_ERROR(WriteStatus());  // before the first side effect
  Say("Normal", "DecommissionStarted", fmt::format("store {} in {} is being drained", store->id.value, pod));
  return StepRemoval();
}

std::string ClaimOf(const std::string& pod) { return "data-" + pod; }

Result<StoreTarget> TargetOf(const Json& operation, const std::string& cluster) {
  const Json& targets = kube::Member(operation, "targets");
  const Json& first = targets.is_array() && !targets.empty() ? targets[0] : targets;
  const Json& claims = kube::Member(first, "pvcUIDs");
  StoreTarget target;
  target.pod = kube::Text(first, "pod"), target.pod_uid = kube::Text(first, "podUID");
  if (claims.is_array() && !claims.empty() && claims[0].is_string()) target.claim_uid = claims[0].get<std::string>();
  const std::string prefix = NameOf(cluster, kFragmentStore) + "-";
  const size_t dash = target.pod.rfind('-');
  const uint64_t store = std::strtoull(kube::Text(first, "storeID").c_str(), nullptr, 10);
  if (!target.pod.starts_with(prefix) || dash <= prefix.size() || target.claim_uid.empty() || store == 0 ||
      store > UINT32_MAX)
    return FailedPreconditionError("status.operation makes no sense: take it out by hand if nothing is under way");
  target.set = target.pod.substr(0, dash), target.pool = target.set.substr(prefix.size());
  target.ordinal = static_cast<int>(std::strtol(target.pod.c_str() + dash + 1, nullptr, 10));
  target.store = StoreId{static_cast<uint32_t>(store)};
  return target;
}

void ClusterPass::GoOn(const std::string& step, const std::string& message) {
  Json& operation = status_["operation"];
  if (kube::Text(operation, "step") != step || kube::Text(operation, "message") != message)
    operation["lastProgressTime"] = TimeText(now_micros_);
  operation["step"] = step;
  operation["message"] = message;
}

int64_t ClusterPass::SecondsSinceProgress() const {
  const std::string last = kube::Text(kube::Member(status_, "operation"), "lastProgressTime");
  return now_micros_ / 1'000'000 - SecondsOfTime(last);
}

Status ClusterPass::StepRemoval() {
  PBFS_ASSIGN_OR_RETURN(const StoreTarget target, TargetOf(status_["operation"], name_));
  const std::string step = kube::Text(status_["operation"], "step");
  conditions_.Set("ScalingBlocked", Truth::kFalse, "UnderWay",
                  fmt::format("store {} in {} goes: {}", target.store.value, target.pod, step));
  if (step == "Draining" || step.starts_with("Proving")) return Drain(target.store, target.pod, target.pool);
  if (step == "Removing") return Remove(target.store);
  if (step == "Shrinking") return Shrink(target.set, target.pool, target.ordinal);
  if (step == "EndingPod") return AwaitPodsEnd(target.pod, target.pod_uid);
  return SettleClaim(target.pod, target.claim_uid, target.store);
}

Status ClusterPass::PutState(StoreId id, StoreState state) {
  const StoreInfo* known = site_->map.FindStore(id);
  if (known == nullptr) return OkStatus();
  if (known->state == state) return OkStatus();
  StoreInfo store = *known;
  store.state = state;
  PBFS_ASSIGN_OR_RETURN(const auto site, OpenSite());
  return site->groups().PutStore(context_.Within(kPatience), store);
}

Status ClusterPass::Drain(StoreId id, const std::string& pod, const std::string& pool) {
  const auto& pools = intent_.spec.fragment_store.pools;
  const auto of_pool = std::find_if(pools.begin(), pools.end(), [&](const Pool& one) { return one.name == pool; });
  const StoreInfo* store = site_->map.FindStore(id);
  if (of_pool != pools.end() && of_pool->replicas >= ReplicasOf(pool)) {  // somebody changed his mind
    if (store != nullptr && store->state == StoreState::kDraining) PBFS_RETURN_IF_ERROR(PutState(id, StoreState::kUp));
    status_.erase("operation");
    Say("Normal", "DecommissionCancelled", fmt::format("store {} in {} stays", id.value, pod));
    return OkStatus();
  }
  if (store == nullptr || store->state == StoreState::kGone) {
    GoOn("Removing", "");
    return OkStatus();
  }
  if (store->state == StoreState::kUp || store->state == StoreState::kSuspect)
    PBFS_RETURN_IF_ERROR(PutState(id, StoreState::kDraining));
  const int64_t duties = GroupsThatNeed(site_->map, id);
  if (store->state != StoreState::kUp && duties == 0 && IsWhole(site_->redundancy)) return Prove();
  GoOn("Draining",
       fmt::format("{} placement groups count on it, {} are not whole", duties, site_->redundancy.backfilling));
  if (SecondsSinceProgress() > intent_.spec.fragment_store.progress_deadline_seconds) {
    Say("Warning", "DecommissionStalled",
        fmt::format("store {}: {}", id.value, kube::Text(status_["operation"], "message")));
    return FailedPreconditionError(
        fmt::format("draining store {} makes no progress: {}", id.value, kube::Text(status_["operation"], "message")));
  }
  return OkStatus();
}

// Three looks, apart: what one of them may have missed another one sees.
Status ClusterPass::Prove() {
  const std::string step = kube::Text(status_["operation"], "step");
  if (step == "Draining") {
    GoOn("Proving1", "nothing counts on it");
    return OkStatus();
  }
  if (SecondsSinceProgress() < kBetweenProofs) return OkStatus();
  GoOn(step == "Proving1" ? "Proving2" : step == "Proving2" ? "Proving3" : "Removing", "nothing counts on it");
  return OkStatus();
}

// The catalogs are the last guard: they refuse while anything refers to it.
Status ClusterPass::Remove(StoreId id) {
  PBFS_RETURN_IF_ERROR(PutState(id, StoreState::kGone));
  GoOn("Shrinking", "");
  return OkStatus();
}

Status ClusterPass::Shrink(const std::string& set, const std::string& pool, int ordinal) {
  PBFS_ASSIGN_OR_RETURN(const Json live, world_.kube.Get(context_, {kinds::kStatefulSet, space_, set}));
  const int64_t replicas = kube::Number(kube::Member(live, "spec"), "replicas");
  if (replicas > ordinal + 1)
    return FailedPreconditionError(
        fmt::format("{} has {} replicas, and only the last of {} was to go", set, replicas, ordinal + 1));
  if (replicas == ordinal + 1) {
    intent_.facts.store_replicas[pool] = ordinal;
    ClusterIntent smaller = intent_;
    for (Pool& one : smaller.spec.fragment_store.pools)
      if (one.name == pool) one.replicas = std::min(one.replicas, ordinal);
    for (Json& object : RenderKeepingPlacement(smaller, live_)) {
      if (object["kind"] != "StatefulSet" || MetaText(object, "name") != set) continue;
      object["metadata"]["resourceVersion"] = MetaText(live, "resourceVersion");
      PBFS_RETURN_IF_ERROR(world_.kube.Apply(context_, kinds::kStatefulSet, object, kube::OnConflict::kTake).status());
    }
  }
  GoOn("EndingPod", "");
  return OkStatus();
}

Status ClusterPass::AwaitPodsEnd(const std::string& pod, const std::string& pod_uid) {
  const Result<Json> live = world_.kube.Get(context_, {kinds::kPod, space_, pod});
  if (!live.ok() && live.status().code() != StatusCode::kNotFound) return live.status();
  if (live.ok() && MetaText(*live, "uid") == pod_uid)  // that of a dead node stays until somebody ends it
    return IsBeingDeleted(*live) ? EndPod(pod, pod_uid).status() : OkStatus();
  GoOn("Claims", "");
  return OkStatus();
}

Status ClusterPass::SettleClaim(const std::string& pod, const std::string& claim_uid, StoreId id) {
  const kube::ObjectRef ref{kinds::kPersistentVolumeClaim, space_, ClaimOf(pod)};
  const Result<Json> claim = world_.kube.Get(context_, ref);
  if (!claim.ok() && claim.status().code() != StatusCode::kNotFound) return claim.status();
  if (claim.ok() && MetaText(*claim, "uid") == claim_uid) {
    if (intent_.spec.fragment_store.when_scaled == "Delete") {
      const Status deleted = world_.kube.Delete(context_, ref, {claim_uid, "", {}});
      if (!deleted.ok() && deleted.code() != StatusCode::kNotFound) return deleted;
    } else {
      const Json intent = {{"apiVersion", "v1"},
                           {"kind", "PersistentVolumeClaim"},
                           {"metadata",
                            {{"name", ref.name},
                             {"namespace", space_},
                             {"uid", claim_uid},
                             {"labels", {{kRetired, "true"}, {kStoreLabel, std::to_string(id.value)}}}}}};
      PBFS_RETURN_IF_ERROR(
          world_.kube.Apply(context_, kinds::kPersistentVolumeClaim, intent, kube::OnConflict::kTake).status());
    }
  }
  status_.erase("operation");
  Say("Normal", "DecommissionCompleted", fmt::format("store {} in {} is removed", id.value, pod));
  return OkStatus();
}

// A volume of a store that was removed holds nothing that is needed, and is not used again as it is; nor is one whose store goes.
Status ClusterPass::CapStores() {
  const Result<StoreTarget> leaving = TargetOf(kube::Member(status_, "operation"), name_);
  for (const Pool& pool : intent_.spec.fragment_store.pools) {
    if (leaving.ok() && leaving->pool == pool.name && IsBeyondRecall())
      intent_.facts.most_stores[pool.name] = leaving->ordinal;
    for (int ordinal = ReplicasOf(pool.name); ordinal < pool.replicas; ++ordinal) {
      PBFS_ASSIGN_OR_RETURN(const std::string store,
                            RetiredStoreOf(fmt::format("{}-{}", PoolName(name_, pool.name), ordinal)));
      if (store.empty()) continue;
      intent_.facts.most_stores[pool.name] =
          std::min(ordinal, intent_.facts.most_stores.emplace(pool.name, ordinal).first->second);
      problems_.push_back(
          fmt::format("a volume of the pool {} is that of store {}, which was removed: delete the claim {}-{} to have "
                      "a new store there",
                      pool.name, store, ClaimOf(PoolName(name_, pool.name)), ordinal));
      break;
    }
  }
  return OkStatus();
}

bool ClusterPass::IsBeyondRecall() const {
  const std::string step = kube::Text(kube::Member(status_, "operation"), "step");
  return step == "Removing" || step == "Shrinking" || step == "EndingPod" || step == "Claims";
}

// The number of the removed store whose volume the pod would get; empty: of none.
Result<std::string> ClusterPass::RetiredStoreOf(const std::string& pod) {
  const Result<Json> claim = world_.kube.Get(context_, {kinds::kPersistentVolumeClaim, space_, ClaimOf(pod)});
  if (claim.status().code() == StatusCode::kNotFound) return std::string();
  PBFS_RETURN_IF_ERROR(claim.status());
  return LabelOf(*claim, kRetired).empty() ? std::string() : LabelOf(*claim, kStoreLabel);
}

}  // namespace pbfs::operators
