#include "services/operator/dependents.h"

#include <fmt/format.h>

#include "libs/kube/kube_json.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {

std::vector<std::string> Dependents::Seen(const kube::Kind& kind, const std::string& key, const Json& object) {
  MutexLock lock(mutex_);
  if (kind == kube::kinds::kPbfsCluster) {
    const int64_t generation = GenerationOf(object);
    const auto [known, is_new] = generations_.try_emplace(key, generation);
    if (is_new || known->second == generation) return {};
    known->second = generation;
    const std::set<std::string>& keys = keys_[key];
    return {keys.begin(), keys.end()};
  }
  const Json& reference = kube::Member(kube::Member(object, "spec"), "clusterRef");
  if (!reference.is_object()) return {};
  const std::string cluster =
      fmt::format("{}/{}/{}", kube::kinds::kPbfsCluster.name,
                  kube::Text(reference, "namespace", MetaText(object, "namespace")), kube::Text(reference, "name"));
  std::string& before = clusters_[key];
  if (before != cluster) keys_[before].erase(key);
  before = cluster;
  keys_[cluster].insert(key);
  return {};
}

}  // namespace pbfs::operators
