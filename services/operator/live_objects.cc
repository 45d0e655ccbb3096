#include "services/operator/live_objects.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "services/operator/names.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr std::array kRead{kinds::kServiceAccount,
                           kinds::kRole,
                           kinds::kRoleBinding,
                           kinds::kService,
                           kinds::kConfigMap,
                           kinds::kSecret,
                           kinds::kStatefulSet,
                           kinds::kJob,
                           kinds::kPodDisruptionBudget,
                           kinds::kNetworkPolicy,
                           kinds::kServiceMonitor,
                           kinds::kPrometheusRule,
                           kinds::kPostgresCluster,
                           kinds::kScheduledBackup,
                           kinds::kCronJob};
// Those that are made again from the spec alone, so that nothing is lost with them. Secrets and StatefulSets of stores have no owner,
// but are left out all the same.
constexpr std::array kPruned{
    kinds::kServiceAccount,      kinds::kRole,          kinds::kRoleBinding,    kinds::kService,
    kinds::kPodDisruptionBudget, kinds::kNetworkPolicy, kinds::kServiceMonitor, kinds::kPrometheusRule,
    kinds::kScheduledBackup,     kinds::kCronJob};

bool IsMadeAgain(const kube::Kind& kind) { return std::find(kPruned.begin(), kPruned.end(), kind) != kPruned.end(); }

// Of ConfigMaps only dashboards: the others go with the cluster.
bool MayBePruned(const kube::Kind& kind, const Json& object) {
  return IsMadeAgain(kind) || (kind == kinds::kConfigMap && !LabelOf(object, kDashboardLabel).empty());
}

bool IsOwnedBy(const Json& object, const std::string& uid) {
  const Json& owners = kube::Member(kube::Member(object, "metadata"), "ownerReferences");
  return owners.is_array() &&
         std::any_of(owners.begin(), owners.end(), [&](const Json& owner) { return kube::Text(owner, "uid") == uid; });
}

}  // namespace

void SettledWrites::Note(const kube::ObjectRef& ref, const std::string& hash, const std::string& version) {
  MutexLock lock(mutex_);
  writes_[ref] = {hash, version};
}

bool SettledWrites::Knows(const kube::ObjectRef& ref, const std::string& hash, const std::string& version) const {
  MutexLock lock(mutex_);
  const auto found = writes_.find(ref);
  return found != writes_.end() && found->second == std::pair(hash, version);
}

Status LiveObjects::Load(const Context& context) {
  objects_.clear();
  unserved_.clear();
  const std::string label = fmt::format("{}={}", kClusterLabel, cluster_);
  for (const kube::Kind& kind : kRead) {
    Result<kube::ObjectList> list = kube_.List(context, {kind, space_, label});
    if (list.status().code() == StatusCode::kUnimplemented) {
      unserved_.insert(kind);
      continue;
    }
    PBFS_RETURN_IF_ERROR(list.status());
    for (Json& object : list->items) {
      std::string name = MetaText(object, "name");
      objects_[{kind, std::move(name)}] = std::move(object);
    }
  }
  return OkStatus();
}

const Json* LiveObjects::Find(const kube::Kind& kind, const std::string& name) const {
  const auto found = objects_.find({kind, name});
  return found == objects_.end() ? nullptr : &found->second;
}

std::vector<const Json*> LiveObjects::OfKind(const kube::Kind& kind) const {
  std::vector<const Json*> out;
  for (const auto& [key, object] : objects_)
    if (key.first == kind) out.push_back(&object);
  return out;
}

Status LiveObjects::CheckName(const Context& context, const kube::ObjectRef& ref) {
  const Result<Json> there = kube_.Get(context, ref);
  if (there.status().code() == StatusCode::kNotFound) return OkStatus();
  PBFS_RETURN_IF_ERROR(there.status());
  if (LabelOf(*there, kClusterLabel) == cluster_) return OkStatus();
  return FailedPreconditionError(
      fmt::format("there is another {} {} that is none of this cluster: rename or remove it", ref.kind.name, ref.name));
}

Status LiveObjects::Put(const Context& context, const Json& intent) {
  const kube::Kind* kind = KindOf(intent);
  PBFS_CHECK(kind != nullptr);
  const kube::ObjectRef ref{*kind, space_, MetaText(intent, "name")};
  const std::string hash = AnnotationOf(intent, kSpecHash);
  const Json* live = Find(*kind, ref.name);
  if (live != nullptr && IsBeingDeleted(*live)) return OkStatus();  // made again when it is gone
  if (live != nullptr && AnnotationOf(*live, kSpecHash) == hash &&
      (Covers(*live, intent) || settled_.Knows(ref, hash, MetaText(*live, "resourceVersion"))))
    return OkStatus();
  if (live == nullptr) PBFS_RETURN_IF_ERROR(CheckName(context, ref));
  ++writes_;
  Result<Json> applied = kube_.Apply(context, *kind, intent, kube::OnConflict::kTake);
  // What others put beside ours makes no sense together with it, and an apply takes nothing of theirs away: so it is made anew.
  if (applied.status().code() == StatusCode::kInvalidArgument && live != nullptr && IsMadeAgain(*kind) &&
      AnnotationOf(*live, kSpecHash) == hash)
    return Delete(context, *kind, ref.name);
  PBFS_RETURN_IF_ERROR(applied.status());
  Json now = *std::move(applied);
  settled_.Note(ref, hash, MetaText(now, "resourceVersion"));
  objects_[{*kind, ref.name}] = std::move(now);
  return OkStatus();
}

Status LiveObjects::PutOnce(const Context& context, const Json& object) {
  const kube::Kind* kind = KindOf(object);
  PBFS_CHECK(kind != nullptr);
  const kube::ObjectRef ref{*kind, space_, MetaText(object, "name")};
  if (Find(*kind, ref.name) != nullptr) return OkStatus();
  ++writes_;
  Result<Json> made = kube_.Create(context, *kind, object);
  if (made.status().code() == StatusCode::kAlreadyExists) {  // an earlier try, or another's
    PBFS_RETURN_IF_ERROR(CheckName(context, ref));
    made = kube_.Get(context, ref);
  }
  PBFS_RETURN_IF_ERROR(made.status());
  objects_[{*kind, ref.name}] = *std::move(made);
  return OkStatus();
}

Status LiveObjects::Delete(const Context& context, const kube::Kind& kind, const std::string& name,
                           kube::DeleteOptions::Dependents dependents) {
  const Json* live = Find(kind, name);
  if (live == nullptr || IsBeingDeleted(*live)) return OkStatus();
  ++writes_;
  const Status deleted = kube_.Delete(context, {kind, space_, name},
                                      {MetaText(*live, "uid"), MetaText(*live, "resourceVersion"), dependents});
  if (!deleted.ok() && deleted.code() != StatusCode::kNotFound) return deleted;
  objects_.erase({kind, name});
  return OkStatus();
}

Status LiveObjects::Prune(const Context& context, const std::string& owner_uid, const std::vector<Json>& intents) {
  std::set<Key> wanted;
  for (const Json& intent : intents) wanted.insert({*KindOf(intent), MetaText(intent, "name")});
  std::vector<Key> superfluous;
  for (const auto& [key, object] : objects_)
    if (MayBePruned(key.first, object) && !wanted.contains(key) && IsOwnedBy(object, owner_uid))
      superfluous.push_back(key);
  for (const auto& [kind, name] : superfluous) PBFS_RETURN_IF_ERROR(Delete(context, kind, name));
  return OkStatus();
}

}  // namespace pbfs::operators
