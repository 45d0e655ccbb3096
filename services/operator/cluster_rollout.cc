#include <algorithm>

#include <fmt/format.h>

#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/release.h"
#include "services/operator/render_config.h"
#include "services/operator/render_object.h"

/// Which templates StatefulSets have. What is rendered anew differs for three reasons: the spec asks for something else, this is another operator,
/// or the nodes are others. Only the first one restarts pods: it is found by rendering twice, by the spec as it is and by the one that was followed
/// last, all else being equal. What is asked for comes at once, or, where it needs care, step by step (cluster_upgrade.cc).
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr const char* kRolloutKey = "rollout.json";

std::string RolloutName(const std::string& cluster) { return cluster + "-rollout"; }

bool IsServiceConfig(const Json& config) {
  return kube::Member(config, "data").contains(kConfigFile) &&
         std::any_of(kParts.begin(), kParts.end(),
                     [&](const Part& part) { return LabelOf(config, kComponentLabel) == part.component; });
}

}  // namespace

bool IsSetOf(const Json& object, const Part& part) {
  return object["kind"] == "StatefulSet" && LabelOf(object, kComponentLabel) == part.component;
}

// What a later release has made this one does not know, so it would undo half of it. True: hands off.
bool ClusterPass::RefuseNewer() {
  const std::string newest = kube::Text(status_, "operatorVersion");
  const auto theirs = ReleaseOf(newest), own = ReleaseOf(options_.version);
  const int64_t schema = kube::Number(kube::Member(status_, "catalog"), "schemaVersion");
  const bool newer = (theirs && own && *theirs > *own) || schema > options_.schema;
  if (newer)
    ReportBlock("OperatorTooOld", fmt::format("an operator of {} has looked after this cluster, and this one is of {}: "
                                              "it changes nothing; install the later one again",
                                              newest, options_.version));
  else if (conditions_.ReasonOf("UpgradeBlocked") == "OperatorTooOld")
    conditions_.Drop("UpgradeBlocked");
  return newer;
}

void ClusterPass::ReadRollout() {
  const Json* kept = live_.Find(kinds::kConfigMap, RolloutName(name_));
  if (kept != nullptr)
    if (const Result<Json> json = kube::ParseJson(kube::Text(kube::Member(*kept, "data"), kRolloutKey)); json.ok())
      rollout_ = Rollout::FromJson(*json);
  intent_.facts.restarted_at = AnnotationOf(object_, kRestartedAt);
  if (intent_.facts.restarted_at.empty()) intent_.facts.restarted_at = rollout_.restarted_at;
}

Status ClusterPass::KeepRollout() {
  Json map = MakeObject(intent_, "v1", "ConfigMap", RolloutName(name_), ClusterLabels(intent_));
  map["data"] = {{kRolloutKey, rollout_.ToJson().dump()}};
  map = WithHash(std::move(map));
  // Another operator that believes to lead may have gone on from there.
  if (const Json* live = live_.Find(kinds::kConfigMap, RolloutName(name_)))
    map["metadata"]["resourceVersion"] = MetaText(*live, "resourceVersion");
  return live_.Put(context_, map);
}

// With another spec, all else being as it is.
ClusterIntent ClusterPass::IntentBy(const Json& spec, const std::string& restarted_at) const {
  ClusterIntent intent = intent_;
  intent.spec = ParseSpec(spec).spec;
  intent.images = ImagesOf(intent.spec, options_);
  intent.facts.restarted_at = restarted_at;
  return intent;
}

std::string ClusterPass::MadeBy() const {
  const Images& images = options_.images;
  const Json all = {images.gateway,           images.catalog,  images.fragment_store,
                    images.garbage_collector, images.repairer, images.postgres};
  return options_.version + " " + SpecHash(all).substr(0, 16);
}

// What was asked for since the last look is written down before any of it is done.
Status ClusterPass::FollowSpec() {
  const Rollout recorded = rollout_;
  const PodPlans now = PlansOf(objects_);
  PodPlans then;
  const bool same = rollout_.spec == followed_ && rollout_.restarted_at == intent_.facts.restarted_at;
  if (same)
    then = now;
  else if (rollout_.spec.is_object())
    then = PlansOf(Render(IntentBy(rollout_.spec, rollout_.restarted_at)));
  const std::string& version = intent_.spec.version;
  const bool rolls = intent_.spec.update_policy.on_operator_upgrade == "Roll" && rollout_.made_by != MadeBy();
  // That a version is the one that the operator would take anyway does not make it less asked for.
  const bool anyway = rolls || (!version.empty() && version != rollout_.version);
  if (rollout_.Follow(now, then, anyway) || anyway) {
    rollout_.made_by = MadeBy();
    rollout_.version = VersionOf(intent_.spec, options_);
  }
  rollout_.spec = followed_;
  rollout_.restarted_at = intent_.facts.restarted_at;
  deferred_ = std::any_of(now.begin(), now.end(), [&](const auto& one) { return PlanToCome(one.first) != one.second; });
  const Status kept = KeepRollout();
  if (!kept.ok()) rollout_ = recorded;
  PBFS_RETURN_IF_ERROR(kept);
  return MoveAtOnce();
}

const Json& ClusterPass::PlanToCome(const std::string& set) const {
  static const Json none;
  for (const PodPlans* plans : {&rollout_.next, &rollout_.running})
    if (const auto found = plans->find(set); found != plans->end()) return found->second;
  return none;
}

// Whether the schema has to be brought up to date for the catalogs that are to come. An older release has nothing to add to it.
bool ClusterPass::NeedsMigration() const {
  const std::string set = ShardName(name_, 0), image = ImageOf(PlanToCome(set));
  const auto running = rollout_.running.find(set);
  if (!HasSchema() || running == rollout_.running.end() || image == ImageOf(running->second)) return false;
  const auto was = ReleaseOf(kube::Text(status_, "version")), is = ReleaseOf(rollout_.version);
  return image != rollout_.migrated_by && !(was && is && *is < *was);
}

// Stores, and another release, come with a look at health between two steps, but only where there is something that could be lost by it: a cluster
// that never ran, or of which nothing runs, gets at once what may help it.
bool ClusterPass::NeedsOrder() const {
  if (intent_.spec.update_policy.strategy == "OnDelete") return false;
  const auto& sets = live_.OfKind(kinds::kStatefulSet);
  const bool runs = std::any_of(sets.begin(), sets.end(), [&](const Json* set) {
    return LabelOf(*set, kComponentLabel) != kPostgres.component && PodsOf(MetaText(*set, "name")).ready > 0;
  });
  if (!runs || kube::Text(status_, "version").empty()) return false;
  return rollout_.ChangesImages() || std::any_of(rollout_.next.begin(), rollout_.next.end(), [&](const auto& one) {
           return one.first.starts_with(NameOf(name_, kFragmentStore) + "-");
         });
}

Status ClusterPass::MoveAtOnce() {
  if (rollout_.next.empty() || IsRolling() || NeedsOrder()) return OkStatus();
  if (NeedsMigration() && !intent_.spec.hibernated && DatabaseReady()) PBFS_RETURN_IF_ERROR(StepMigration());
  if (NeedsMigration()) return OkStatus();
  while (!rollout_.next.empty()) rollout_.Move(rollout_.next.begin()->first);
  rollout_.moved.clear();
  return KeepRollout();
}

void ClusterPass::PutConfigs() {
  for (const PodPlans* plans : {&rollout_.running, &rollout_.next})
    for (const auto& [name, plan] : *plans)
      if (plan.contains("config")) Note("configuration of " + name, live_.Put(context_, WithHash(plan["config"])));
}

// Pods of older templates read theirs when they start, so none goes before all pods are of the newest.
Status ClusterPass::PruneConfigs() {
  if (!rollout_.next.empty() || intent_.spec.hibernated) return OkStatus();
  std::set<std::string> wanted;
  for (const auto& [name, plan] : rollout_.running) {
    if (!IsSettled(name)) return OkStatus();
    wanted.insert(MetaText(kube::Member(plan, "config"), "name"));
  }
  std::vector<std::string> superfluous;
  for (const Json* config : live_.OfKind(kinds::kConfigMap))
    if (IsServiceConfig(*config) && !wanted.contains(MetaText(*config, "name")))
      superfluous.push_back(MetaText(*config, "name"));
  for (const std::string& name : superfluous) PBFS_RETURN_IF_ERROR(live_.Delete(context_, kinds::kConfigMap, name));
  return OkStatus();
}

// A rendered StatefulSet with the plan whose turn it is.
Json ClusterPass::Planned(Json set, std::optional<int> partition) const {
  set["metadata"]["annotations"].erase(kSpecHash);
  const auto plan = rollout_.running.find(MetaText(set, "name"));
  if (plan != rollout_.running.end()) set["spec"]["template"] = plan->second["template"];
  const std::string hash = SpecHash(set["spec"]["template"]);
  set["metadata"]["annotations"][kTemplateHash] = hash;
  Json& strategy = set["spec"]["updateStrategy"];
  if (IsSetOf(set, kFragmentStore) && strategy["type"] == "RollingUpdate")
    strategy["rollingUpdate"]["partition"] = partition ? *partition : PartitionOf(set, hash);
  return WithHash(std::move(set));
}

// Stores below the partition keep their template. It is above all of them, but while a look lowers it one by one.
int ClusterPass::PartitionOf(const Json& set, const std::string& hash) const {
  const int replicas = static_cast<int>(kube::Number(set["spec"], "replicas"));
  const Json* live = live_.Find(kinds::kStatefulSet, MetaText(set, "name"));
  if (live == nullptr || AnnotationOf(*live, kTemplateHash) != hash || IsSettled(MetaText(set, "name")))
    return replicas;
  const Json& rolling = kube::Member(kube::Member(kube::Member(*live, "spec"), "updateStrategy"), "rollingUpdate");
  return static_cast<int>(std::min<int64_t>(replicas, kube::Number(rolling, "partition", replicas)));
}

bool ClusterPass::IsOfItsPlan(const std::string& set) const {
  const Json* live = live_.Find(kinds::kStatefulSet, set);
  const auto plan = rollout_.running.find(set);
  return live != nullptr && plan != rollout_.running.end() &&
         AnnotationOf(*live, kTemplateHash) == SpecHash(plan->second["template"]);
}

// All of its pods are there, ready, and of the template that it should have; or it is not there at all.
bool ClusterPass::IsSettled(const std::string& set) const {
  const Json* live = live_.Find(kinds::kStatefulSet, set);
  if (live == nullptr) return true;
  const Json& status = kube::Member(*live, "status");
  const int64_t wanted = kube::Number(kube::Member(*live, "spec"), "replicas");
  return IsOfItsPlan(set) && kube::Number(status, "observedGeneration") >= GenerationOf(*live) &&
         kube::Number(status, "replicas") == wanted && kube::Number(status, "readyReplicas") >= wanted &&
         kube::Number(status, "updatedReplicas") >= wanted;
}

// What pods would be if all of them were started now.
void ClusterPass::ReportPending() {
  const auto pending = [&](const char* reason, const std::string& message) {
    conditions_.Set("RestartPending", Truth::kTrue, reason, message);
  };
  const auto& sets = live_.OfKind(kinds::kStatefulSet);
  const bool by_hand = intent_.spec.update_policy.strategy == "OnDelete";
  const bool behind =
      std::any_of(sets.begin(), sets.end(), [&](const Json* set) { return !PodsOf(MetaText(*set, "name")).current; });
  if (by_hand && behind)
    return pending("OnDelete",
                   "pods are of an older template: delete them one by one, as updatePolicy.strategy wants it");
  if (!rollout_.next.empty() && !IsRolling())
    return pending("Waiting", "pods are to be restarted: " + conditions_.MessageOf("UpgradeBlocked"));
  if (deferred_ && rollout_.made_by != MadeBy())
    return pending(
        "OperatorUpgraded",
        fmt::format("this operator would make pods otherwise: they follow when the spec changes their templates, "
                    "or the annotation {} another value",
                    kRestartedAt));
  if (deferred_)
    return pending(
        "NodesChanged",
        fmt::format("with the nodes that there are now pods would be placed otherwise: they follow as above, or by the "
                    "annotation {}",
                    kRestartedAt));
  if (kube::Text(kube::Member(status_, "operation"), "step") == "Canary") return;
  conditions_.Set("RestartPending", Truth::kFalse, "NothingPending", "every pod is as this operator makes it");
}

}  // namespace pbfs::operators
