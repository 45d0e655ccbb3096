#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "libs/catalog/store_state.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"

/// Stores of a pool get a new template one by one, from the last: their StatefulSet has a partition above all of them, and it is lowered by one
/// when all stores are well in the eyes of Kubernetes and of the catalogs, and no body would be unreadable without one store more.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr const char* kRevision = "controller-revision-hash";

int OrdinalOf(const std::string& pod) {
  return static_cast<int>(std::strtol(pod.c_str() + pod.rfind('-') + 1, nullptr, 10));
}

/// A StatefulSet of stores, as its controller has seen it.
struct Progress {
  int pods = 0, ready = 0, updated = 0, partition = 0;
  bool seen = false;
};
Progress ProgressOf(const Json& set) {
  const Json &spec = kube::Member(set, "spec"), &status = kube::Member(set, "status");
  const auto number = [](const Json& of, const char* name, int fallback) {
    return static_cast<int>(kube::Number(of, name, fallback));
  };
  Progress out{number(spec, "replicas", 1), number(status, "readyReplicas", 0), number(status, "updatedReplicas", 0)};
  const Json& rolling = kube::Member(kube::Member(spec, "updateStrategy"), "rollingUpdate");
  out.partition = std::min(out.pods, number(rolling, "partition", out.pods));
  out.seen = kube::Number(status, "observedGeneration") >= GenerationOf(set);
  return out;
}

}  // namespace

Result<bool> ClusterPass::SettleStores(const std::string& set) {
  const Json& live = *live_.Find(kinds::kStatefulSet, set);
  const Progress now = ProgressOf(live);
  if (!now.seen || !IsOfItsPlan(set)) {
    Reach(set, "its controller has not seen it yet");
    return false;
  }
  if (intent_.spec.update_policy.strategy == "OnDelete") return true;
  if (now.ready < now.pods) PBFS_RETURN_IF_ERROR(EndStrays(live));
  std::string trouble = StoreTrouble();
  const bool done = IsSettled(set);
  if (done && trouble.empty()) return true;
  const int least = std::min(now.pods, intent_.spec.update_policy.partition);
  const bool stepped = now.updated >= now.pods - now.partition;
  if (!stepped) trouble = fmt::format("the pod {}-{} is to become ready", set, now.partition);
  if (!done && stepped && now.partition > least) {
    bool may_go = trouble.empty();
    // Nothing is lost with a store that does not serve anyway, and the new template may be what it needs.
    if (!may_go) {
      PBFS_ASSIGN_OR_RETURN(const bool serves, IsPodReady(fmt::format("{}-{}", set, now.partition - 1)));
      may_go = !serves;
    }
    if (may_go) {
      PBFS_RETURN_IF_ERROR(Lower(set, now.partition - 1));
      return false;
    }
  }
  if (!done && stepped && now.partition <= least && least > 0 && trouble.empty())
    AwaitCanary(set, least);
  else
    Reach(fmt::format("{}-{}", set, now.partition), trouble.empty() ? "its pods are to become ready" : trouble);
  return false;
}

// What speaks against restarting another store now; empty if nothing does.
std::string ClusterPass::StoreTrouble() {
  int pods = 0, known = 0;
  for (const Pool& pool : intent_.spec.fragment_store.pools) {
    const Pods of_pool = PodsOf(PoolName(name_, pool.name));
    if (of_pool.ready < of_pool.wanted)
      return fmt::format("{} of {} stores of the pool {} are ready", of_pool.ready, of_pool.wanted, pool.name);
    pods += of_pool.wanted;
  }
  if (!site_) return "the catalogs do not answer";
  for (const StoreInfo& store : site_->map.stores) {
    if (store.state == StoreState::kGone) continue;
    ++known;
    const std::string pod = PodOf(store);
    if (store.state != StoreState::kUp)
      return fmt::format("store {} in {} is {}", store.id.value, pod, NameOf(store.state));
    // The catalogs miss a short absence: it has to say itself that it is back.
    const Result<StoreStat> stat = StatOf(store.id);
    if (!stat.ok())
      return fmt::format("store {} in {} does not answer: {}", store.id.value, pod, stat.status().message());
  }
  if (known < pods) return fmt::format("{} of {} stores have joined", known, pods);
  for (const auto& [margin, bodies] : site_->redundancy.degraded)
    if (margin <= 0 && bodies > 0)
      return fmt::format("{} bodies cannot miss another store: the repairer makes up for that first", bodies);
  return "";
}

Result<bool> ClusterPass::IsPodReady(const std::string& pod) {
  const Result<Json> live = world_.kube.Get(context_, {kinds::kPod, space_, pod});
  if (live.status().code() == StatusCode::kNotFound) return false;
  PBFS_RETURN_IF_ERROR(live.status());
  return HasCondition(*live, "Ready");
}

// Pods that are not ready, and of a template that nobody wants any more: what is left of one that was taken back. They are below the partition,
// where their controller leaves them alone.
Status ClusterPass::EndStrays(const Json& set) {
  const Progress now = ProgressOf(set);
  const std::string current = kube::Text(set["status"], "currentRevision"),
                    update = kube::Text(set["status"], "updateRevision");
  PBFS_ASSIGN_OR_RETURN(
      const kube::ObjectList pods,
      world_.kube.List(context_, {kinds::kPod, space_, SelectionOf(set["spec"]["selector"]["matchLabels"])}));
  for (const Json& pod : pods.items) {
    const std::string revision = LabelOf(pod, kRevision), name = MetaText(pod, "name");
    if (HasCondition(pod, "Ready") || IsBeingDeleted(pod) || revision.empty() || revision == current ||
        revision == update)
      continue;
    if (OrdinalOf(name) >= now.partition) continue;
    const Status deleted = world_.kube.Delete(context_, {kinds::kPod, space_, name},
                                              {MetaText(pod, "uid"), MetaText(pod, "resourceVersion"), {}});
    if (!deleted.ok() && deleted.code() != StatusCode::kNotFound) return deleted;
  }
  return OkStatus();
}

// The next pod gets the new template. The StatefulSet has to be as this look has read it.
Status ClusterPass::Lower(const std::string& set, int partition) {
  const auto rendered = std::find_if(objects_.begin(), objects_.end(), [&](const Json& object) {
    return object["kind"] == "StatefulSet" && MetaText(object, "name") == set;
  });
  if (rendered == objects_.end()) return OkStatus();
  Json object = Planned(*rendered, partition);
  object["metadata"]["resourceVersion"] = MetaText(*live_.Find(kinds::kStatefulSet, set), "resourceVersion");
  PBFS_RETURN_IF_ERROR(world_.kube.Apply(context_, kinds::kStatefulSet, object, kube::OnConflict::kTake).status());
  const std::string pod = fmt::format("{}-{}", set, partition);
  Reach(pod, "its pod gets the new template");
  Say("Normal", "PodRolled", fmt::format("{} gets the template of {}", pod, rollout_.version));
  return OkStatus();
}

// However long somebody looks at it.
void ClusterPass::AwaitCanary(const std::string& set, int partition) {
  const std::string message =
      fmt::format("{}: pods below {} keep the old template, as updatePolicy.partition wants it; a smaller one goes on",
                  set, partition);
  status_["operation"]["step"] = "Canary";
  status_["operation"]["message"] = message;
  conditions_.Set("UpgradeBlocked", Truth::kFalse, "Canary", message);
  conditions_.Set("RestartPending", Truth::kTrue, "Canary", message);
}

}  // namespace pbfs::operators
