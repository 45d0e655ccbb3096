#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"

/// A cluster that sleeps has no pods. They end in the order in which one needs the other, each part after the one before is gone, however long that
/// takes, so that nobody loses whom he calls; they come back as in a beginning. What there is says how far it is: nothing else is kept.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr std::array kInOrder{kGateway, kRepairer, kGarbageCollector, kFragmentStore, kCatalog, kPostgres};

}  // namespace

bool ClusterPass::IsGone(const std::string& set) const {
  const Json* live = live_.Find(kinds::kStatefulSet, set);
  if (live == nullptr) return true;
  const Json& status = kube::Member(*live, "status");
  return kube::Number(kube::Member(*live, "spec"), "replicas") == 0 && kube::Number(status, "replicas") == 0 &&
         kube::Number(status, "observedGeneration") >= GenerationOf(*live);
}

bool ClusterPass::MaySleep(const Part& part) const {
  for (const Part& earlier : kInOrder) {
    if (earlier == part) return true;
    for (const Json* set : live_.OfKind(kinds::kStatefulSet))
      if (IsSetOf(*set, earlier) && !IsGone(MetaText(*set, "name"))) return false;
  }
  return true;
}

// The pods of a rendered StatefulSet for now.
int ClusterPass::ReplicasNow(const Json& set, const Part& part, bool may_wake) const {
  const int wanted = static_cast<int>(kube::Number(set["spec"], "replicas"));
  const Json* live = live_.Find(kinds::kStatefulSet, MetaText(set, "name"));
  const int now = live == nullptr ? wanted : static_cast<int>(kube::Number(kube::Member(*live, "spec"), "replicas"));
  if (intent_.spec.hibernated) return MaySleep(part) ? 0 : now;
  if (now == 0 && !may_wake) return 0;
  // What is deleted under two sets of rules may be needed by one of them.
  const bool interrupted = IsUnderWay(kReplaceStore) && rollout_.ChangesImages() && !rollout_.moved.empty();
  if (part == kGarbageCollector && (interrupted || IsUnderWay(kUpgrade)) && !IsAtCollector()) return 0;
  return wanted;
}

// The part whose end is waited for; empty: all are gone.
std::string ClusterPass::StillRunning() const {
  for (const Part& part : kInOrder)
    for (const Json* set : live_.OfKind(kinds::kStatefulSet))
      if (IsSetOf(*set, part) && !IsGone(MetaText(*set, "name"))) return MetaText(*set, "name");
  return "";
}

void ClusterPass::ReportHibernation() {
  if (!intent_.spec.hibernated) return conditions_.Drop("Hibernated");
  const std::string running = StillRunning();
  if (running.empty())
    conditions_.Set("Hibernated", Truth::kTrue, "Hibernated", "no pods run, as spec.hibernated wants it");
  else
    conditions_.Set("Hibernated", Truth::kFalse, "Hibernating", fmt::format("the pods of {} end", running));
}

}  // namespace pbfs::operators
