#include "services/catalog/kubernetes_failovers.h"

#include <fmt/format.h>

#include "libs/kube/kube_json.h"

namespace pbfs::catalog {
namespace {

using kube::Json;
using kube::Member;
using kube::Text;
namespace kinds = kube::kinds;

// Of all that is Patroni's; the operator gives it to Patroni by this name.
constexpr const char* kScopeLabel = "pbfs.dev/postgres";
constexpr const char* kKey = "remembered";

Status Doubt(const std::string& why) { return FailedPreconditionError(why); }

std::string MetaText(const Json& object, const char* field) { return Text(Member(object, "metadata"), field); }
std::string Annotation(const Json& object, const char* name) {
  return Text(Member(Member(object, "metadata"), "annotations"), name);
}

PatroniSync SyncOf(const Json& object) {
  return PatroniSync::Of(Annotation(object, "leader"), Annotation(object, "sync_standby"));
}

const Json& Named(const kube::ObjectList& list, const std::string& name) {
  static const Json none;
  for (const Json& object : list.items)
    if (MetaText(object, "name") == name) return object;
  return none;
}

}  // namespace

/// A place that was acknowledged, what the record `sync` was then, and from which version it can be followed.
struct KubernetesFailovers::Remembered {
  WalPosition at;
  PatroniSync sync;
  std::string sync_version, version;

  static Remembered Of(const std::string& text) {
    const Json json = kube::ParseJson(text).value_or(Json::object());
    return {{Text(json, "system"), static_cast<int32_t>(kube::Number(json, "timeline")), kube::Number(json, "lsn")},
            PatroniSync::Of(Text(json, "leader"), Text(json, "standbys")),
            Text(json, "syncVersion"),
            Text(json, "version")};
  }
  std::string ToText() const {
    std::string standbys;
    for (const std::string& standby : sync.standbys) standbys += (standbys.empty() ? "" : ",") + standby;
    return Json{{"system", at.system},  {"timeline", at.timeline},     {"lsn", at.lsn},     {"leader", sync.leader},
                {"standbys", standbys}, {"syncVersion", sync_version}, {"version", version}}
        .dump();
  }
};

Result<Json> KubernetesFailovers::Own(const Context& context) {
  return kube_.Get(context, {kinds::kConfigMap, options_.space, options_.scope + "-thawed"});
}

Result<KubernetesFailovers::Seen> KubernetesFailovers::Look(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(
      const kube::ObjectList list,
      kube_.List(context, {kinds::kEndpoints, options_.space, fmt::format("{}={}", kScopeLabel, options_.scope)}));
  const Json& config = Named(list, options_.scope + "-config");
  const Json& sync = Named(list, options_.scope + "-sync");
  Seen seen;
  seen.version = list.version;
  seen.sync_version = MetaText(sync, "resourceVersion");
  PatroniRecords& records = seen.records;
  records.initialize = Annotation(config, "initialize");
  records.config = Annotation(config, "config");
  records.history = Annotation(config, "history");
  records.leader = Annotation(Named(list, options_.scope), "leader");
  records.sync = SyncOf(sync);
  if (records.leader.empty()) return seen;
  const Result<Json> pod = kube_.Get(context, {kinds::kPod, options_.space, records.leader});
  if (!pod.ok() && pod.status().code() != StatusCode::kNotFound) return pod.status();
  if (pod.ok()) records.member = Annotation(*pod, "status");
  return seen;
}

// Whether it need not be written anew yet, whichever catalog wrote it.
bool KubernetesFailovers::IsFresh(const std::string& text) {
  if (text != last_text_) last_text_ = text, last_change_ = MonotonicNow();
  return MonotonicNow() - last_change_ < options_.period;
}

Status KubernetesFailovers::Remember(const Context& context, const WalPosition& at) {
  PBFS_ASSIGN_OR_RETURN(const Json own, Own(context));
  PBFS_ASSIGN_OR_RETURN(const Seen seen, Look(context));
  PBFS_RETURN_IF_ERROR(KnowsPrimary(seen.records, at));
  const std::string text = Text(Member(own, "data"), kKey);
  const Remembered then = Remembered::Of(text);
  if (then.at.system == at.system && then.at.timeline > at.timeline)
    return Doubt(
        fmt::format("the primary is on timeline {}, but a later one was thawed before: what was acknowledged there "
                    "is lost, unless a backup was restored",
                    at.timeline));
  const bool same =
      then.at.system == at.system && then.at.timeline == at.timeline && then.sync_version == seen.sync_version;
  if (IsFresh(text) && same) return OkStatus();
  const Remembered now{at, seen.records.sync, seen.sync_version, seen.version};
  const Json intent = {{"apiVersion", kinds::kConfigMap.ApiVersion()},
                       {"kind", kinds::kConfigMap.name},
                       {"metadata",
                        {{"name", MetaText(own, "name")},
                         {"namespace", options_.space},
                         {"uid", MetaText(own, "uid")},
                         {"resourceVersion", MetaText(own, "resourceVersion")}}},
                       {"data", {{kKey, now.ToText()}}}};
  const Status written = kube_.Apply(context, kinds::kConfigMap, intent, kube::OnConflict::kTake).status();
  // Another catalog may have been quicker: then its word stands.
  return written.code() == StatusCode::kAborted ? OkStatus() : written;
}

Status KubernetesFailovers::Vouch(const Context& context, int32_t thawed, const WalPosition& now) {
  PBFS_ASSIGN_OR_RETURN(const Json own, Own(context));
  const std::string text = Text(Member(own, "data"), kKey);
  if (text.empty()) return Doubt("nothing is remembered of the time before");
  const Remembered then = Remembered::Of(text);
  PBFS_ASSIGN_OR_RETURN(const Seen seen, Look(context));
  PBFS_RETURN_IF_ERROR(ContinuesFrom(seen.records, then.at, thawed, now));
  return FollowSync(context, then, seen);
}

// Every version of the record since the remembered one: each names who comes after it.
Status KubernetesFailovers::FollowSync(const Context& context, const Remembered& then, const Seen& now) {
  PatroniSync last = then.sync;
  std::string version = then.sync_version;
  Status chain;
  const auto follow = [&](const kube::WatchEvent& event) {
    if (event.type == kube::WatchEvent::Type::kBookmark || version == now.sync_version || !chain.ok()) return;
    if (MetaText(event.object, "name") != options_.scope + "-sync") return;
    if (event.type != kube::WatchEvent::Type::kModified) {
      chain = Doubt("Patroni's record sync was made anew");
      return;
    }
    PatroniSync next = SyncOf(event.object);
    chain = TookOver(last, next);
    last = std::move(next), version = event.version;
  };
  const Status watched =
      version == now.sync_version
          ? OkStatus()
          : kube_.Watch(context, {kinds::kEndpoints, options_.space, fmt::format("{}={}", kScopeLabel, options_.scope)},
                        then.version, options_.patience, follow);
  if (watched.code() == StatusCode::kOutOfRange)
    return Doubt("Kubernetes no longer tells what Patroni's record sync was: " + watched.message());
  PBFS_RETURN_IF_ERROR(watched);
  PBFS_RETURN_IF_ERROR(chain);
  return version == now.sync_version ? OkStatus()
                                     : UnavailableError("not all changes of Patroni's record sync are told yet");
}

}  // namespace pbfs::catalog
