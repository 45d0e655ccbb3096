#include "services/operator/volume_loss.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

using kube::Member;
using kube::Text;

constexpr const char* kHost = "kubernetes.io/hostname";
// How drivers of local volumes call the label that names a node, behind their prefix.
constexpr std::array<std::string_view, 4> kNodeKeys{"hostname", "node", "nodename", "node-name"};

bool NamesNode(const std::string& key) {
  const std::string last = key.substr(key.rfind('/') + 1);
  return key == "metadata.name" || std::find(kNodeKeys.begin(), kNodeKeys.end(), last) != kNodeKeys.end();
}

// The nodes of one term, all of whose requirements hold. Empty: it names none.
std::vector<std::string> NodesOfTerm(const Json& term) {
  std::vector<std::string> nodes;
  for (const char* list : {"matchExpressions", "matchFields"}) {
    const Json& requirements = Member(term, list);
    if (!requirements.is_array()) continue;
    for (const Json& one : requirements) {
      const Json& values = Member(one, "values");
      if (Text(one, "operator") != "In" || !NamesNode(Text(one, "key")) || !values.is_array()) continue;
      for (const Json& value : values)
        if (value.is_string()) nodes.push_back(value.get<std::string>());
    }
  }
  return nodes;
}

bool IsNamed(const Json& node, const std::string& name) {
  return MetaText(node, "name") == name || LabelOf(node, kHost) == name;
}

}  // namespace

bool IsOutOfService(const Json& node) {
  const Json& taints = Member(Member(node, "spec"), "taints");
  return taints.is_array() && std::any_of(taints.begin(), taints.end(), [](const Json& taint) {
           return Text(taint, "key") == "node.kubernetes.io/out-of-service";
         });
}

std::optional<std::vector<std::string>> NodesOf(const Json& volume) {
  const Json& terms = Member(Member(Member(Member(volume, "spec"), "nodeAffinity"), "required"), "nodeSelectorTerms");
  if (!terms.is_array() || terms.empty()) return std::nullopt;
  std::vector<std::string> all;
  for (const Json& term : terms) {  // any of them is enough
    const std::vector<std::string> nodes = NodesOfTerm(term);
    if (nodes.empty()) return std::nullopt;
    all.insert(all.end(), nodes.begin(), nodes.end());
  }
  return all;
}

std::string WhyUnreachable(const Json& volume, const std::vector<Json>& nodes) {
  const auto names = NodesOf(volume);
  if (!names) return "";
  bool out_of_service = false;
  for (const Json& node : nodes) {
    if (std::none_of(names->begin(), names->end(), [&](const std::string& name) { return IsNamed(node, name); }))
      continue;
    if (!IsOutOfService(node)) return "";
    out_of_service = true;
  }
  return fmt::format("node {} is {}", fmt::join(*names, ", "), out_of_service ? "out of service" : "gone");
}

}  // namespace pbfs::operators
