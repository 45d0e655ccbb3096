#include "services/operator/cluster_numbers.h"

#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

using Labels = std::map<std::string, std::string>;

// Of one cluster: more would be no work of ours.
constexpr size_t kMostConditions = 32;

std::pair<std::string, std::string> NameOf(const Json& cluster) {
  return {MetaText(cluster, "namespace"), MetaText(cluster, "name")};
}

Labels With(Labels labels, const char* label, const std::string& value) {
  labels[label] = value;
  return labels;
}

void AddConditions(const Labels& cluster, const Json& status, ClusterNumbers& out) {
  const Json& conditions = kube::Member(status, "conditions");
  if (!conditions.is_array()) return;
  for (size_t i = 0; i < conditions.size() && i < kMostConditions; ++i) {
    const std::string type = kube::Text(conditions[i], "type"), reason = kube::Text(conditions[i], "reason");
    out.conditions[With(With(cluster, "type", type), "reason", reason)] =
        kube::Text(conditions[i], "status") == "True" ? 1 : 0;
  }
}

void AddStores(const Labels& cluster, const Json& status, ClusterNumbers& out) {
  const Json& stores = kube::Member(status, "stores");
  if (!stores.is_object()) return;  // none was seen yet
  for (const char* state : {"total", "ready", "draining", "lost"})
    out.stores[With(cluster, "state", state)] = static_cast<double>(kube::Number(stores, state));
}

// Zero where no time is said: then it never made any.
void AddTimes(const Labels& cluster, const Json& status, ClusterNumbers& out) {
  const Json& operation = kube::Member(status, "operation");
  if (const std::string type = kube::Text(operation, "type"); !type.empty())
    out.operations[With(cluster, "operation", type)] =
        static_cast<double>(SecondsOfTime(kube::Text(operation, "lastProgressTime")));
  if (const std::string end = kube::Text(kube::Member(status, "tls"), "nearestExpiryTime"); !end.empty())
    out.certificates[cluster] = static_cast<double>(SecondsOfTime(end));
}

}  // namespace

void ClusterBook::OnList(const std::vector<Json>& clusters) {
  MutexLock lock(mutex_);
  statuses_.clear();
  for (const Json& cluster : clusters) statuses_[NameOf(cluster)] = kube::Member(cluster, "status");
}

void ClusterBook::OnEvent(const kube::WatchEvent& event) {
  MutexLock lock(mutex_);
  if (event.type == kube::WatchEvent::Type::kDeleted)
    statuses_.erase(NameOf(event.object));
  else
    statuses_[NameOf(event.object)] = kube::Member(event.object, "status");
}

ClusterNumbers ClusterBook::Numbers() const {
  MutexLock lock(mutex_);
  ClusterNumbers out;
  for (const auto& [name, status] : statuses_) {
    const Labels cluster = {{"namespace", name.first}, {"pbfs_dev_cluster", name.second}};
    AddConditions(cluster, status, out);
    AddStores(cluster, status, out);
    AddTimes(cluster, status, out);
  }
  return out;
}

}  // namespace pbfs::operators
