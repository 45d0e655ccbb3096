#include "services/operator/fake_sets.h"

#include <cstdlib>

#include <fmt/format.h>

#include "libs/base/check.h"
#include "services/operator/fake_world.h"
#include "services/operator/object_text.h"
#include "services/operator/render.h"

namespace pbfs::operators {

namespace kinds = kube::kinds;

namespace {

constexpr const char* kRevision = "controller-revision-hash";

int OrdinalOf(const Json& pod) {
  const std::string name = MetaText(pod, "name");
  return static_cast<int>(std::strtol(name.c_str() + name.rfind('-') + 1, nullptr, 10));
}

}  // namespace

bool IsPodReady(const Json& pod) { return ConditionOf(pod, "Ready").starts_with("True/"); }

struct FakeSets::Set {
  Json object;
  std::string name, space, current, update;
  int replicas = 0, partition = 0;
  bool on_delete = false;
  std::map<int, Json> pods;  // by ordinal
  bool Has(int ordinal) const { return pods.contains(ordinal); }
};

std::string FakeSets::RevisionOf(const Json& pod_template) {
  const std::string revision = SpecHash(pod_template).substr(0, 10);
  revisions_[revision] = pod_template;
  return revision;
}

// A pod that somebody's finalizer holds is still there.
void FakeSets::End(Set& set, int ordinal) {
  const kube::ObjectRef ref{kinds::kPod, set.space, fmt::format("{}-{}", set.name, ordinal)};
  PBFS_CHECK(others_.Delete(Context(), ref, {}).ok());
  if (!others_.Get(Context(), ref).ok()) set.pods.erase(ordinal);
}

void FakeSets::Run() {
  const auto sets = others_.List(Context(), {kinds::kStatefulSet, "", ""});
  for (const Json& set : sets->items) RunSet(set);
}

void FakeSets::RunSet(const Json& object) {
  Set set{object, MetaText(object, "name"), MetaText(object, "namespace"), "", RevisionOf(object["spec"]["template"])};
  set.current = kube::Text(kube::Member(object, "status"), "currentRevision", set.update);
  set.replicas = static_cast<int>(kube::Number(object["spec"], "replicas"));
  const Json& strategy = kube::Member(object["spec"], "updateStrategy");
  set.on_delete = kube::Text(strategy, "type") == "OnDelete";
  set.partition = static_cast<int>(kube::Number(kube::Member(strategy, "rollingUpdate"), "partition"));
  const auto pods = others_.List(Context(), {kinds::kPod, set.space, ""});
  for (const Json& pod : pods->items)
    if (MetaText(pod, "name") == fmt::format("{}-{}", set.name, OrdinalOf(pod))) set.pods[OrdinalOf(pod)] = pod;
  EndSurplus(set);
  MakeReady(set);
  Replace(set);
  MakeMissing(set);
  Report(set);
}

void FakeSets::EndSurplus(Set& set) {
  const int end = set.pods.empty() ? 0 : set.pods.rbegin()->first + 1;
  for (int ordinal = set.replicas; ordinal < end; ++ordinal)
    if (set.Has(ordinal)) End(set, ordinal);
}

void FakeSets::MakeReady(Set& set) {
  for (auto& [ordinal, pod] : set.pods) {
    if (IsPodReady(pod) || is_bad(pod)) continue;
    const Json status = {{"apiVersion", "v1"},
                         {"kind", "Pod"},
                         {"metadata", {{"name", MetaText(pod, "name")}, {"namespace", set.space}}},
                         {"status", {{"conditions", Json::array({{{"type", "Ready"}, {"status", "True"}}})}}}};
    pod = *others_.ApplyStatus(Context(), kinds::kPod, status);
  }
}

// From the last, and none while one above it is not ready.
void FakeSets::Replace(Set& set) {
  if (set.on_delete) return;
  for (int ordinal = set.replicas - 1; ordinal >= set.partition; --ordinal) {
    if (!set.Has(ordinal)) return;
    if (LabelOf(set.pods[ordinal], kRevision) != set.update) return End(set, ordinal);
    if (!IsPodReady(set.pods[ordinal])) return;
  }
}

void FakeSets::MakeMissing(Set& set) {
  for (int ordinal = 0; ordinal < set.replicas; ++ordinal) {
    if (set.Has(ordinal)) continue;
    const std::string& revision = !set.on_delete && ordinal < set.partition ? set.current : set.update;
    Json pod = revisions_[revision];
    pod["apiVersion"] = "v1", pod["kind"] = "Pod";
    pod["metadata"]["name"] = fmt::format("{}-{}", set.name, ordinal);
    pod["metadata"]["namespace"] = set.space;
    pod["metadata"]["labels"][kRevision] = revision;
    set.pods[ordinal] = *others_.Create(Context(), kinds::kPod, pod);
  }
}

void FakeSets::Report(Set& set) {
  int ready = 0, updated = 0;
  for (const auto& [ordinal, pod] : set.pods) {
    ready += IsPodReady(pod) ? 1 : 0;
    updated += LabelOf(pod, kRevision) == set.update ? 1 : 0;
  }
  if (!set.on_delete && updated == set.replicas && ready == set.replicas) set.current = set.update;
  const Json status = {{"apiVersion", "apps/v1"},
                       {"kind", "StatefulSet"},
                       {"metadata", {{"name", set.name}, {"namespace", set.space}}},
                       {"status",
                        {{"observedGeneration", GenerationOf(set.object)},
                         {"replicas", static_cast<int>(set.pods.size())},
                         {"readyReplicas", ready},
                         {"updatedReplicas", updated},
                         {"currentRevision", set.current},
                         {"updateRevision", set.update}}}};
  PBFS_CHECK(others_.ApplyStatus(Context(), kinds::kStatefulSet, status).ok());
}

}  // namespace pbfs::operators
