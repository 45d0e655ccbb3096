#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "libs/catalog/store_state.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/volume_loss.h"

/// Stores that cannot come back: their volume is bound to a node that is gone or out of service, it is gone itself, or a person said so
/// (pbfs.dev/acknowledge-lost). Time alone proves nothing. Until its claim is gone such a pod stays Pending for ever.
///
///   Retaining   its volume is kept whatever becomes of the claim, so nothing that is on a disk is deleted by this
///   Deleting    the claim is deleted, by uid
///   Ending      its pod is gone; the catalogs are told that the store is down, so the repairer makes up for it at once
///
/// Then the StatefulSet makes pod and claim anew, and a new store with a new number joins there. Beside this, and without an operation: a
/// store whose pod has another store by now is one that is not to come, whoever emptied or deleted its volume. It is down, and removed at the
/// catalogs when no body lacks a shard.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kStep = std::chrono::seconds(2), kBlocked = std::chrono::seconds(10);
constexpr size_t kMostLosses = 50;  // in a look
constexpr const char* kAcknowledged = "pbfs.dev/acknowledge-lost";
constexpr const char* kBlockedCondition = "ReplacementBlocked";

bool IsAway(StoreState state) {
  return state == StoreState::kSuspect || state == StoreState::kDown || state == StoreState::kDraining;
}

// Numbers of stores, apart by whatever is no digit.
std::set<uint32_t> NumbersIn(const std::string& text) {
  std::set<uint32_t> numbers;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    uint32_t number = 0;
    const auto [rest, error] = std::from_chars(at, end, number);
    if (error == std::errc()) numbers.insert(number);
    at = rest == at ? at + 1 : rest;
  }
  return numbers;
}

bool IsRepaired(const Redundancy& redundancy) {
  return DegradedBodies(redundancy) == 0 && redundancy.backfilling == 0 && redundancy.unchecked == 0;
}

}  // namespace

std::string PodOf(const StoreInfo& store) { return store.address.substr(0, store.address.find('.')); }

// The last number that was given in the pod of `store`.
const StoreInfo& ClusterPass::LastIn(const StoreInfo& store) const {
  const StoreInfo* last = &store;
  for (const StoreInfo& other : site_->map.stores)
    if (other.state != StoreState::kGone && other.id.value > last->id.value && PodOf(other) == PodOf(store))
      last = &other;
  return *last;
}

// The store that has the pod of `store` by now; null if none has.
const StoreInfo* ClusterPass::SuccessorOf(const StoreInfo& store) const {
  const StoreInfo& last = LastIn(store);
  return last.id != store.id && last.state == StoreState::kUp ? &last : nullptr;
}

// Claim and volume of a pod are those of its last store.
void ClusterPass::LookForLosses() {
  losses_.clear();
  if (!site_) return;
  for (const StoreInfo& store : site_->map.stores)
    if (IsAway(store.state) && LastIn(store).id == store.id && losses_.size() < kMostLosses)
      losses_.push_back(LossOf(store));
}

ClusterPass::Loss ClusterPass::LossOf(const StoreInfo& store) {
  Loss loss;
  loss.store = store, loss.pod = PodOf(store);
  const Result<Json> claim = world_.kube.Get(context_, {kinds::kPersistentVolumeClaim, space_, ClaimOf(loss.pod)});
  if (!claim.ok()) {
    loss.unknown = claim.status().code() != StatusCode::kNotFound ? claim.status().message() : "";
    return loss;
  }
  loss.claim_uid = MetaText(*claim, "uid");
  loss.volume = kube::Text(kube::Member(*claim, "spec"), "volumeName");
  if (!loss.volume.empty()) {
    const Result<Json> volume = world_.kube.Get(context_, {kinds::kPersistentVolume, "", loss.volume});
    if (volume.ok())
      loss.why = WhyUnreachable(*volume, nodes_);
    else if (volume.status().code() == StatusCode::kNotFound)
      loss.why = fmt::format("the PersistentVolume {} is gone", loss.volume);
    else
      loss.unknown = volume.status().message();
  }
  // A number is never given twice, so the word may stay; of a store that only starts again it is not meant.
  loss.said =
      store.state == StoreState::kDown && NumbersIn(AnnotationOf(object_, kAcknowledged)).contains(store.id.value);
  if (loss.said && loss.why.empty()) loss.why = fmt::format("the annotation {} says so", kAcknowledged);
  return loss;
}

// What a person should know of a store that is away.
std::string ClusterPass::AdviceOn(const StoreInfo& store) const {
  if (const StoreInfo* successor = SuccessorOf(store))
    return fmt::format("store {} has its pod by now; it is removed when no body lacks a shard", successor->id.value);
  const auto found =
      std::find_if(losses_.begin(), losses_.end(), [&](const Loss& one) { return one.store.id == store.id; });
  if (found == losses_.end()) return "";
  if (!found->unknown.empty()) return "its volume cannot be looked at: " + found->unknown;
  if (!found->why.empty()) return found->why + ": another store takes its place";
  if (found->claim_uid.empty()) return "its claim is gone: another store takes its place when its pod starts";
  return fmt::format(
      "bring its pod back; if its disk never comes back, delete its Node object, or set the annotation {}={}",
      kAcknowledged, store.id.value);
}

// True: the operation of this look was about a lost store. They come first: whatever else takes long needs all stores.
bool ClusterPass::StepLoss() {
  if (!site_) return IsUnderWay(kReplaceStore);  // nothing is known of the stores
  Status stepped = ForgetReplaced();
  if (stepped.ok()) stepped = SweepLeases();
  const auto lost = std::find_if(losses_.begin(), losses_.end(), [](const Loss& loss) { return !loss.why.empty(); });
  const bool is_about_it = IsUnderWay(kReplaceStore) || lost != losses_.end();
  if (is_about_it) {
    stepped = IsUnderWay(kReplaceStore) ? StepReplacement() : BeginReplacement(*lost);
    again_ = std::min(again_, stepped.ok() ? kStep : kBlocked);
  }
  if (stepped.ok())
    conditions_.Drop(kBlockedCondition);
  else
    Warn(kBlockedCondition, Truth::kTrue, kBlockedCondition, stepped.message());
  return is_about_it && (stepped.ok() || IsUnderWay(kReplaceStore));
}

// Whether every body can do without all that is on these stores, whatever its bucket's scheme: they are no more than its parity, or are all of
// one failure domain, which has no more of it where there are domains enough.
Result<bool> ClusterPass::CanSpare(const std::vector<StoreInfo>& missing) {
  PBFS_ASSIGN_OR_RETURN(const auto site, OpenSite());
  PBFS_ASSIGN_OR_RETURN(const auto buckets, site->client().ListBuckets(context_.Within(kPatience)));
  std::set<std::string> domains, missing_domains;
  for (const StoreInfo& store : site_->map.stores)
    if (store.state != StoreState::kGone) domains.insert(store.domain);
  for (const StoreInfo& store : missing) missing_domains.insert(store.domain);
  const auto can = [&](int k, int m) {
    return static_cast<int>(missing.size()) <= m ||
           (missing_domains.size() == 1 && static_cast<int>(domains.size()) >= (k + m + m - 1) / m);
  };
  const RedundancySpec& own = intent_.spec.redundancy;
  return can(own.data_shards, own.parity_shards) &&
         std::all_of(buckets.begin(), buckets.end(), [&](const BucketInfo& bucket) {
           return !bucket.settings.k || !bucket.settings.m || can(*bucket.settings.k, *bucket.settings.m);
         });
}

// What speaks against giving a store up now. Its disk is kept, so what this step can lose is that the store comes back by itself: that matters
// where its shards may be needed, and a person decides then.
Status ClusterPass::CheckReplacement(const Loss& loss) {
  const std::string who = fmt::format("store {} in {} is lost ({})", loss.store.id.value, loss.pod, loss.why);
  if (StatOf(loss.store.id).ok())
    return FailedPreconditionError(who + ", but it answers: it is left alone while it does");
  if (loss.said) return OkStatus();
  const std::string what_to_do = fmt::format(
      ". Bring stores back, or say with the annotation {} which are lost for good (they have to be down for that)",
      kAcknowledged);
  std::vector<StoreInfo> missing;
  int64_t serving = 0, without_pod = 0;
  for (const StoreInfo& store : site_->map.stores) {
    if (store.state == StoreState::kGone || store.state == StoreState::kJoining) continue;
    const bool is_missing = store.state == StoreState::kSuspect || store.state == StoreState::kDown;
    const bool has_successor = is_missing && SuccessorOf(store) != nullptr;
    if (is_missing) missing.push_back(store);
    without_pod += is_missing && !has_successor ? 1 : 0;
    serving += has_successor ? 0 : 1;
  }
  if (2 * without_pod > serving)
    return FailedPreconditionError(
        who + ", but most stores have no lease, so it may be what keeps the leases that is away" + what_to_do);
  PBFS_ASSIGN_OR_RETURN(const bool spare, CanSpare(missing));
  if (!spare || UnreadableBodies(site_->redundancy) > 0)
    return FailedPreconditionError(fmt::format(
        "{}, but more stores are missing than bodies can do without, so its disk may be needed{}", who, what_to_do));
  return OkStatus();
}

Status ClusterPass::BeginReplacement(const Loss& loss) {
  // Volumes that grow, and pods that are restarted, wait for all stores: they begin again, and go on from what there is.
  const bool may_begin = !status_.contains("operation") || IsRolling() ||
                         (IsUnderWay(kExpandVolumes) && kube::Text(status_["operation"], "step") == "Claims");
  if (!may_begin)
    return FailedPreconditionError(
        fmt::format("store {} in {} is lost ({}): it is replaced when the operation {} is over", loss.store.id.value,
                    loss.pod, loss.why, kube::Text(status_["operation"], "type")));
  PBFS_RETURN_IF_ERROR(CheckReplacement(loss));
  const Result<Json> pod = world_.kube.Get(context_, {kinds::kPod, space_, loss.pod});
  if (!pod.ok() && pod.status().code() != StatusCode::kNotFound) return pod.status();
  Json target = {
      {"pod", loss.pod}, {"storeID", std::to_string(loss.store.id.value)}, {"pvcUIDs", Json::array({loss.claim_uid})}};
  if (pod.ok()) target["podUID"] = MetaText(*pod, "uid");
  const std::string now = TimeText(now_micros_);
  status_["operation"] = {{"type", kReplaceStore},
                          {"id", fmt::format("{}-{}", loss.store.id.value, loss.claim_uid)},
                          {"step", "Retaining"},
                          {"message", loss.why},
                          {"startTime", now},
                          {"lastProgressTime", now},
                          {"targets", Json::array({std::move(target)})}};
  PBFS_RETURN_IF_ERROR(WriteStatus());  // before the first side effect
  Say("Warning", "StoreLost",
      fmt::format("store {} in {}: {}; its volume {} is kept", loss.store.id.value, loss.pod, loss.why, loss.volume));
  return StepReplacement();
}

Status ClusterPass::StepReplacement() {
  PBFS_ASSIGN_OR_RETURN(const StoreTarget target, TargetOf(status_["operation"], name_));
  const std::string step = kube::Text(status_["operation"], "step");
  if (step == "Ending") return EndLostStore(target);
  const auto loss =
      std::find_if(losses_.begin(), losses_.end(), [&](const Loss& one) { return one.store.id == target.store; });
  const bool may_come_back = loss == losses_.end() || loss->claim_uid == target.claim_uid;
  if (may_come_back && (loss == losses_.end() || loss->why.empty() || StatOf(target.store).ok()))
    return CancelReplacement(target);
  return step == "Retaining" ? RetainVolume(target) : DeleteLostClaim(target);
}

// Its claim is there still, so a store that has its disk again just goes on.
Status ClusterPass::CancelReplacement(const StoreTarget& target) {
  PBFS_ASSIGN_OR_RETURN(const Json volume, VolumeOf(target));
  // It was as its class made it, and is again.
  if (!volume.is_null() && LabelOf(volume, kStoreLabel) == std::to_string(target.store.value))
    PBFS_RETURN_IF_ERROR(PutVolume(volume, LabelOf(volume, kReclaimLabel), Json::object()));
  status_.erase("operation");
  Say("Normal", "ReplacementCancelled", fmt::format("store {} in {} is not lost", target.store.value, target.pod));
  return OkStatus();
}

// The volume of the claim that is meant; null if there is none.
Result<Json> ClusterPass::VolumeOf(const StoreTarget& target) {
  const Result<Json> claim = world_.kube.Get(context_, {kinds::kPersistentVolumeClaim, space_, ClaimOf(target.pod)});
  if (claim.status().code() == StatusCode::kNotFound) return Json();
  PBFS_RETURN_IF_ERROR(claim.status());
  const std::string name = kube::Text(kube::Member(*claim, "spec"), "volumeName");
  if (MetaText(*claim, "uid") != target.claim_uid || name.empty()) return Json();
  const Result<Json> volume = world_.kube.Get(context_, {kinds::kPersistentVolume, "", name});
  if (volume.status().code() == StatusCode::kNotFound) return Json();
  PBFS_RETURN_IF_ERROR(volume.status());
  const std::string owner = kube::Text(kube::Member(kube::Member(*volume, "spec"), "claimRef"), "uid");
  return owner == target.claim_uid ? *volume : Json();
}

Status ClusterPass::PutVolume(const Json& volume, const std::string& policy, Json labels) {
  const Json intent = {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolume"},
      {"metadata",
       {{"name", MetaText(volume, "name")}, {"uid", MetaText(volume, "uid")}, {"labels", std::move(labels)}}},
      {"spec", {{"persistentVolumeReclaimPolicy", policy}}}};
  return world_.kube.Apply(context_, kinds::kPersistentVolume, intent, kube::OnConflict::kTake).status();
}

// What is on the disk stays until a person deletes the PersistentVolume.
Status ClusterPass::RetainVolume(const StoreTarget& target) {
  PBFS_ASSIGN_OR_RETURN(const Json volume, VolumeOf(target));
  if (!volume.is_null() && LabelOf(volume, kStoreLabel).empty()) {
    const std::string before = kube::Text(kube::Member(volume, "spec"), "persistentVolumeReclaimPolicy", "Retain");
    PBFS_RETURN_IF_ERROR(PutVolume(volume, "Retain",
                                   {{kClusterLabel, name_},
                                    {kRetired, "true"},
                                    {kStoreLabel, std::to_string(target.store.value)},
                                    {kReclaimLabel, before}}));
  }
  GoOn("Deleting", kube::Text(status_["operation"], "message"));
  return OkStatus();
}

Status ClusterPass::DeleteLostClaim(const StoreTarget& target) {
  const kube::ObjectRef ref{kinds::kPersistentVolumeClaim, space_, ClaimOf(target.pod)};
  const Result<Json> claim = world_.kube.Get(context_, ref);
  if (!claim.ok() && claim.status().code() != StatusCode::kNotFound) return claim.status();
  if (claim.ok() && MetaText(*claim, "uid") == target.claim_uid) {
    const Status deleted =
        world_.kube.Delete(context_, ref, {target.claim_uid, MetaText(*claim, "resourceVersion"), {}});
    if (!deleted.ok() && deleted.code() != StatusCode::kNotFound) return deleted;
  }
  GoOn("Ending", "");
  return OkStatus();
}

// A pod by its uid, at once where its node cannot end it. True when it is gone.
Result<bool> ClusterPass::EndPod(const std::string& name, const std::string& pod_uid) {
  const kube::ObjectRef ref{kinds::kPod, space_, name};
  const Result<Json> pod = world_.kube.Get(context_, ref);
  if (pod.status().code() == StatusCode::kNotFound) return true;
  PBFS_RETURN_IF_ERROR(pod.status());
  if (MetaText(*pod, "uid") != pod_uid) return true;
  const std::string node_name = kube::Text(kube::Member(*pod, "spec"), "nodeName");
  const bool node_ends_it = std::any_of(nodes_.begin(), nodes_.end(), [&](const Json& node) {
    return MetaText(node, "name") == node_name && HasCondition(node, "Ready") && !IsOutOfService(node);
  });
  if (IsBeingDeleted(*pod) && node_ends_it) return false;
  const Status deleted = world_.kube.Delete(context_, ref, {.uid = pod_uid, .at_once = !node_ends_it});
  if (!deleted.ok() && deleted.code() != StatusCode::kNotFound) return deleted;
  return false;  // the next look sees
}

Status ClusterPass::EndLostStore(const StoreTarget& target) {
  PBFS_ASSIGN_OR_RETURN(const bool ended, EndPod(target.pod, target.pod_uid));
  if (!ended) return OkStatus();
  const Result<Json> claim = world_.kube.Get(context_, {kinds::kPersistentVolumeClaim, space_, ClaimOf(target.pod)});
  if (!claim.ok() && claim.status().code() != StatusCode::kNotFound) return claim.status();
  if (claim.ok() && MetaText(*claim, "uid") == target.claim_uid) {
    // Another pod has it that was made meanwhile, and can keep it no more than the first.
    const Result<Json> pod = world_.kube.Get(context_, {kinds::kPod, space_, target.pod});
    if (pod.ok()) status_["operation"]["targets"][0]["podUID"] = MetaText(*pod, "uid");
    GoOn("Ending", "its claim is being deleted");
    return OkStatus();
  }
  const StoreInfo* store = site_->map.FindStore(target.store);
  if (store != nullptr && (store->state == StoreState::kSuspect || store->state == StoreState::kDraining))
    PBFS_RETURN_IF_ERROR(PutState(target.store, StoreState::kDown));
  status_.erase("operation");
  return OkStatus();
}

// Of a pod that has a new store, the one before it.
Status ClusterPass::ForgetReplaced() {
  if (IsUnderWay(kScaleDown)) return OkStatus();
  for (const StoreInfo& store : site_->map.stores) {
    const StoreInfo* successor = IsAway(store.state) ? SuccessorOf(store) : nullptr;
    if (successor == nullptr) continue;
    if (store.state != StoreState::kDown) {
      PBFS_RETURN_IF_ERROR(PutState(store.id, StoreState::kDown));
    } else if (IsRepaired(site_->redundancy) && GroupsThatNeed(site_->map, store.id) == 0) {
      PBFS_RETURN_IF_ERROR(PutState(store.id, StoreState::kGone));
      Say("Normal", "StoreReplaced",
          fmt::format("store {} in {} is replaced by store {}", store.id.value, PodOf(store), successor->id.value));
    }
  }
  return OkStatus();
}

}  // namespace pbfs::operators
