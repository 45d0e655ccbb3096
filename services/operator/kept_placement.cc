#include "services/operator/kept_placement.h"

#include <algorithm>

#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

constexpr int kPlenty = 1'000'000;

bool HasItsPods(const LiveObjects& live, const Json& object) {
  const Json* now = live.Find(kube::kinds::kStatefulSet, MetaText(object, "name"));
  const auto template_of = [](const Json& set) { return kube::Member(kube::Member(set, "spec"), "template"); };
  return now == nullptr || Covers(template_of(*now), template_of(object));
}

std::vector<Json> RenderFor(ClusterIntent intent, int nodes) {
  intent.facts.nodes = intent.facts.failure_domains = nodes;
  return Render(intent);
}

}  // namespace

std::vector<Json> RenderKeepingPlacement(const ClusterIntent& intent, const LiveObjects& live) {
  std::vector<Json> objects = Render(intent);
  const auto changes_pods = [&](const Json& object) {
    return object["kind"] == "StatefulSet" && !HasItsPods(live, object);
  };
  if (std::none_of(objects.begin(), objects.end(), changes_pods)) return objects;
  for (const int nodes : {kPlenty, 1}) {
    const std::vector<Json> others = RenderFor(intent, nodes);  // the same objects, in the same order
    for (size_t i = 0; i < objects.size(); ++i)
      if (changes_pods(objects[i]) && HasItsPods(live, others[i])) objects[i] = others[i];
  }
  return objects;
}

}  // namespace pbfs::operators
