#include "services/operator/pod_trouble.h"

#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libs/kube/object_ref.h"
#include "services/operator/object_text.h"
#include "services/operator/quantity.h"

namespace pbfs::operators {
namespace {

constexpr size_t kMostWords = 200;  // of what others say

std::string Cut(const std::string& text) {
  return text.size() <= kMostWords ? text : Shortened(text, kMostWords) + "…";
}

std::string Explained(const std::string& reason, const std::string& message) {
  return message.empty() ? reason : fmt::format("{}: {}", reason, Cut(message));
}

// What a container waits for, where it is more than its turn; or how it ended.
std::string TroubleOfContainer(const Json& container) {
  const Json& state = kube::Member(container, "state");
  const Json& waiting = kube::Member(state, "waiting");
  static const std::set<std::string> its_turn{"", "ContainerCreating", "PodInitializing"};
  const std::string reason = kube::Text(waiting, "reason");
  const Json& ended =
      kube::Member(reason == "CrashLoopBackOff" ? kube::Member(container, "lastState") : state, "terminated");
  if (const int64_t code = kube::Number(ended, "exitCode"); ended.is_object() && code != 0)
    return fmt::format("{} ended with code {}: its log says why", kube::Text(container, "name"), code);
  return its_turn.contains(reason) ? "" : Explained(reason, kube::Text(waiting, "message"));
}

std::string TroubleOfContainers(const Json& pod) {
  for (const char* which : {"initContainerStatuses", "containerStatuses"}) {
    const Json& containers = kube::Member(kube::Member(pod, "status"), which);
    if (!containers.is_array()) continue;
    for (const Json& container : containers)
      if (const std::string trouble = TroubleOfContainer(container); !trouble.empty()) return trouble;
  }
  return "";
}

std::string TroubleOfScheduling(const Json& pod) {
  const Json& conditions = kube::Member(kube::Member(pod, "status"), "conditions");
  if (!conditions.is_array()) return "";
  for (const Json& condition : conditions)
    if (kube::Text(condition, "type") == "PodScheduled" && kube::Text(condition, "status") == "False")
      return Explained(kube::Text(condition, "reason"), kube::Text(condition, "message"));
  return "";
}

}  // namespace

std::string TroubleOfPod(const Json& pod) {
  std::string trouble = TroubleOfScheduling(pod);
  if (trouble.empty()) trouble = TroubleOfContainers(pod);
  return trouble.empty() ? "" : fmt::format("{}: {}", MetaText(pod, "name"), trouble);
}

std::string TroubleOfClaim(const Json& claim) {
  if (kube::Text(kube::Member(claim, "status"), "phase") != "Pending") return "";
  const std::string storage_class = kube::Text(kube::Member(claim, "spec"), "storageClassName");
  return fmt::format("the claim {} waits for a volume of {}", MetaText(claim, "name"),
                     storage_class.empty() ? "the default StorageClass" : "the StorageClass " + storage_class);
}

std::vector<std::string> QuotasUsedUp(const std::vector<Json>& quotas) {
  std::vector<std::string> out;
  for (const Json& quota : quotas) {
    const Json& status = kube::Member(quota, "status");
    const Json& most = kube::Member(status, "hard");
    if (!most.is_object()) continue;
    std::vector<std::string> full;
    for (const auto& [what, amount] : most.items()) {
      const Result<Quantity> hard = Quantity::Parse(kube::Text(most, what.c_str()));
      const Result<Quantity> used = Quantity::Parse(kube::Text(kube::Member(status, "used"), what.c_str()));
      if (hard.ok() && used.ok() && *used >= *hard)
        full.push_back(fmt::format("{} {} of {}", what, used->Canonical(), hard->Canonical()));
    }
    if (!full.empty())
      out.push_back(fmt::format("the quota {} is used up ({})", MetaText(quota, "name"), fmt::join(full, ", ")));
  }
  return out;
}

}  // namespace pbfs::operators
