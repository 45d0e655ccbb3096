#include "services/operator/recorded_kube.h"

#include <algorithm>

#include "libs/base/check.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {

std::set<RecordedKube::Use> RecordedKube::uses() const {
  MutexLock lock(mutex_);
  return uses_;
}

void RecordedKube::Note(const kube::Kind& kind, const std::string& space, const char* verb, const char* part) {
  MutexLock lock(mutex_);
  uses_.insert({{std::string(kind.group), std::string(kind.plural) + part, verb}, space});
}

// Who lets the deletion of an owner wait for this object must be allowed to change the owner's finalizers (the admission plugin
// OwnerReferencesPermissionEnforcement, which OpenShift has on).
void RecordedKube::NoteOwners(const Json& object) {
  const Json& owners = kube::Member(kube::Member(object, "metadata"), "ownerReferences");
  if (!owners.is_array()) return;
  for (const Json& owner : owners) {
    if (kube::Member(owner, "blockOwnerDeletion") != Json(true)) continue;
    const auto& all = kube::kinds::kAll;
    const auto kind = std::find_if(all.begin(), all.end(),
                                   [&](const kube::Kind& one) { return one.name == kube::Text(owner, "kind"); });
    PBFS_CHECK(kind != all.end());
    Note(*kind, MetaText(object, "namespace"), "update", "/finalizers");
  }
}

Result<Json> RecordedKube::Get(const Context& context, const kube::ObjectRef& ref) {
  Note(ref.kind, ref.space, "get");
  return inner_.Get(context, ref);
}

Result<kube::ObjectList> RecordedKube::List(const Context& context, const kube::Selection& selection) {
  Note(selection.kind, selection.space, "list");
  return inner_.List(context, selection);
}

Result<Json> RecordedKube::Create(const Context& context, const kube::Kind& kind, const Json& object) {
  Note(kind, MetaText(object, "namespace"), "create");
  NoteOwners(object);
  return inner_.Create(context, kind, object);
}

// An apply is a PATCH, and a server asks for "create" as well where it makes the object.
Result<Json> RecordedKube::Apply(const Context& context, const kube::Kind& kind, const Json& intent,
                                 kube::OnConflict on_conflict) {
  const std::string space = MetaText(intent, "namespace");
  Note(kind, space, "patch");
  NoteOwners(intent);
  const Result<Json> before = inner_.Get(context, {kind, space, MetaText(intent, "name")});
  // What names its uid makes nothing.
  if (before.status().code() == StatusCode::kNotFound && MetaText(intent, "uid").empty()) Note(kind, space, "create");
  return inner_.Apply(context, kind, intent, on_conflict);
}

Result<Json> RecordedKube::ApplyStatus(const Context& context, const kube::Kind& kind, const Json& status) {
  Note(kind, MetaText(status, "namespace"), "patch", "/status");
  return inner_.ApplyStatus(context, kind, status);
}

Status RecordedKube::Delete(const Context& context, const kube::ObjectRef& ref, const kube::DeleteOptions& options) {
  Note(ref.kind, ref.space, "delete");
  return inner_.Delete(context, ref, options);
}

Status RecordedKube::Watch(const Context& context, const kube::Selection& selection, const std::string& version,
                           Duration timeout, const std::function<void(const kube::WatchEvent&)>& on_event) {
  Note(selection.kind, selection.space, "watch");
  return inner_.Watch(context, selection, version, timeout, on_event);
}

}  // namespace pbfs::operators
