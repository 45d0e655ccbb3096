#include "services/operator/object_pass.h"

#include <algorithm>
#include <utility>

#include "services/operator/events.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {

ObjectPass::ObjectPass(const OperatorWorld& world, const OperatorOptions& options, const kube::Kind& kind,
                       Context context, Json object)
    : world_(world),
      options_(options),
      kind_(kind),
      context_(std::move(context)),
      object_(std::move(object)),
      space_(MetaText(object_, "namespace")),
      name_(MetaText(object_, "name")),
      uid_(MetaText(object_, "uid")),
      now_micros_(world.clock.NowMicros()),
      status_(kube::Member(object_, "status")),
      conditions_(status_, GenerationOf(object_), TimeText(now_micros_)),
      version_(MetaText(object_, "resourceVersion")) {
  if (!status_.is_object()) status_ = Json::object();
  written_ = status_;
}

bool ObjectPass::IsEnding() const { return IsBeingDeleted(object_); }

bool ObjectPass::HasFinalizer(const char* finalizer) const {
  const Json& all = kube::Member(kube::Member(object_, "metadata"), "finalizers");
  return all.is_array() && std::find(all.begin(), all.end(), finalizer) != all.end();
}

Json ObjectPass::Bare() const {
  return {{"apiVersion", kind_.ApiVersion()},
          {"kind", kind_.name},
          {"metadata", {{"name", name_}, {"namespace", space_}, {"uid", uid_}}}};
}

Status ObjectPass::PutFinalizer(const char* finalizer) {
  if (HasFinalizer(finalizer)) return OkStatus();
  Json intent = Bare();
  intent["metadata"]["finalizers"] = Json::array({finalizer});
  PBFS_ASSIGN_OR_RETURN(const Json now, world_.kube.Apply(context_, kind_, intent, kube::OnConflict::kTake));
  version_ = MetaText(now, "resourceVersion");
  return OkStatus();
}

Status ObjectPass::DropFinalizer() {
  Json intent = Bare();  // an intent is whole: what it does not name is given up
  intent["metadata"]["resourceVersion"] = version_;
  const Status dropped = world_.kube.Apply(context_, kind_, intent, kube::OnConflict::kTake).status();
  return dropped.code() == StatusCode::kNotFound ? OkStatus() : dropped;
}

Status ObjectPass::WriteStatus() {
  status_["conditions"] = conditions_.List();
  status_["observedGeneration"] = GenerationOf(object_);
  if (status_ == written_) return OkStatus();
  Json intent = Bare();
  intent["metadata"]["resourceVersion"] = version_;
  intent["status"] = status_;
  PBFS_ASSIGN_OR_RETURN(const Json now, world_.kube.ApplyStatus(context_, kind_, intent));
  version_ = MetaText(now, "resourceVersion");
  written_ = status_;
  return OkStatus();
}

void ObjectPass::Say(const char* type, const std::string& reason, const std::string& note) {
  (void)world_.kube.Create(context_, kube::kinds::kEvent,
                           EventOf(object_, type, reason, note, options_.name, now_micros_));
}

void ObjectPass::Warn(const std::string& type, Truth truth, const std::string& reason, const std::string& message) {
  if (conditions_.ReasonOf(type) != reason || conditions_.MessageOf(type) != message) Say("Warning", reason, message);
  conditions_.Set(type, truth, reason, message);
}

}  // namespace pbfs::operators
