#include "libs/adapters/kube/kube_objects.h"

#include <utility>

namespace pbfs::kube {
namespace {

/// `ref` has been checked: no name needs to be escaped.
std::string PathOf(const ObjectRef& ref) { return CollectionPath(ref.kind, ref.space) + "/" + ref.name; }

/// An object of the server as the port shows it.
Json Shown(const Kind& kind, Json object) {
  if (!object.is_object()) return object;
  object["apiVersion"] = kind.ApiVersion();
  object["kind"] = kind.name;
  if (object.contains("metadata") && object["metadata"].is_object()) object["metadata"].erase("managedFields");
  return object;
}

Result<Json> Shown(const Kind& kind, Result<Json> object) {
  if (!object.ok()) return object;
  return Shown(kind, *std::move(object));
}

/// What ApplyStatus sends: a status takes no finalizers, labels and owners.
Json OnlyStatus(const Json& object) {
  Json metadata = Json::object();
  for (const char* name : {"name", "namespace", "uid", "resourceVersion"})
    if (const Json& value = Member(Member(object, "metadata"), name); !value.is_null()) metadata[name] = value;
  return {{"apiVersion", Member(object, "apiVersion")},
          {"kind", Member(object, "kind")},
          {"metadata", std::move(metadata)},
          {"status", Member(object, "status")}};
}

}  // namespace

std::string CollectionPath(const Kind& kind, const std::string& space) {
  std::string path = (kind.group.empty() ? "/api/" : "/apis/") + kind.ApiVersion();
  if (!space.empty()) path += "/namespaces/" + space;
  return path + "/" + std::string(kind.plural);
}

Result<Json> KubeObjects::Get(const Context& context, const ObjectRef& ref) {
  PBFS_RETURN_IF_ERROR(CheckRef(ref));
  return Shown(ref.kind, client_.Get(context, PathOf(ref)));
}

Result<ObjectList> KubeObjects::List(const Context& context, const Selection& selection) {
  PBFS_RETURN_IF_ERROR(CheckSelection(selection));
  const std::string path = CollectionPath(selection.kind, selection.space);
  PBFS_ASSIGN_OR_RETURN(ObjectList list, client_.List(context, path, selection.labels));
  for (Json& item : list.items) item = Shown(selection.kind, std::move(item));
  return list;
}

Result<Json> KubeObjects::Create(const Context& context, const Kind& kind, const Json& object) {
  PBFS_ASSIGN_OR_RETURN(const ObjectRef ref, RefOf(kind, object));
  return Shown(kind, client_.Create(context, CollectionPath(kind, ref.space), object, manager_));
}

Result<Json> KubeObjects::Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) {
  PBFS_ASSIGN_OR_RETURN(const ObjectRef ref, RefOf(kind, intent));
  const bool force = on_conflict == OnConflict::kTake;
  return Shown(kind, client_.Apply(context, PathOf(ref), intent, manager_, force));
}

Result<Json> KubeObjects::ApplyStatus(const Context& context, const Kind& kind, const Json& status) {
  PBFS_ASSIGN_OR_RETURN(const ObjectRef ref, RefOf(kind, status));
  return Shown(kind, client_.Apply(context, PathOf(ref) + "/status", OnlyStatus(status), manager_, true));
}

Status KubeObjects::Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) {
  PBFS_RETURN_IF_ERROR(CheckRef(ref));
  return client_.Delete(context, PathOf(ref), options);
}

Status KubeObjects::Watch(const Context& context, const Selection& selection, const std::string& version,
                          Duration timeout, const std::function<void(const WatchEvent&)>& on_event) {
  PBFS_RETURN_IF_ERROR(CheckSelection(selection));
  const auto show = [&](const WatchEvent& event) {
    on_event({event.type, Shown(selection.kind, event.object), event.version});
  };
  const std::string path = CollectionPath(selection.kind, selection.space);
  return client_.Watch(context, path, selection.labels, version, timeout, show);
}

}  // namespace pbfs::kube
