#include "services/operator/render_pods.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace pbfs::operators {
namespace {

constexpr int kUser = 10001;
// A store reads all of its volumes' indexes before it serves.
constexpr int kStoreStartSeconds = 3600, kStartSeconds = 300, kProbeSeconds = 10;

Json Get(const char* path, const char* port) { return {{"httpGet", {{"path", path}, {"port", port}}}}; }
Json GetOverTls(const char* path, const char* port) {
  Json what = Get(path, port);
  what["httpGet"]["scheme"] = "HTTPS";
  return what;
}
Json Connect(const char* port) { return {{"tcpSocket", {{"port", port}}}}; }

Json Probe(Json what, int failures) {
  what.update({{"periodSeconds", kProbeSeconds}, {"timeoutSeconds", 5}, {"failureThreshold", failures}});
  return what;
}

// Ready: it can serve. Alive: the process answers, whatever becomes of its peers and its database; so a probe of that never
// asks for more than its own metrics.
struct Probes {
  Json started, ready, alive;
};

Probes ProbesOf(const Part& part) {
  if (part == kGateway) return {Get("/healthz", "health"), Get("/readyz", "health"), Get("/healthz", "health")};
  // Patroni's; the first of them says that its loop runs, also while a member is still being copied.
  if (part == kPostgres) {
    const Json alive = GetOverTls("/liveness", "patroni");
    return {alive, GetOverTls("/readiness", "patroni"), alive};
  }
  const Json metrics = Get("/metrics", "metrics");
  if (part == kCatalog) return {Connect("catalog"), Connect("catalog"), metrics};
  if (part == kFragmentStore) return {Connect("store"), Connect("store"), metrics};
  return {metrics, metrics, metrics};
}

void PutProbes(const Part& part, Json& container) {
  const int start_seconds = part == kFragmentStore ? kStoreStartSeconds : kStartSeconds;
  Probes probes = ProbesOf(part);
  container["startupProbe"] = Probe(std::move(probes.started), start_seconds / kProbeSeconds);
  container["readinessProbe"] = Probe(std::move(probes.ready), 2);
  container["livenessProbe"] = Probe(std::move(probes.alive), 6);
}

// A list that users may append to.
Json Joined(Json ours, const Json& theirs) {
  for (const Json& one : theirs) ours.push_back(one);
  return ours;
}

std::vector<Mounted> VolumesOf(const PodPlan& plan) {
  std::vector<Mounted> out = {
      {"config", kConfigFolder, {{"configMap", {{"name", plan.config_map}, {"defaultMode", 0444}}}}},
      {"tmp", "/tmp", {{"emptyDir", Json::object()}}, false}};
  out.insert(out.end(), plan.volumes.begin(), plan.volumes.end());
  return out;
}

Json MountsOf(const std::vector<Mounted>& volumes) {
  Json out = Json::array();
  for (const Mounted& volume : volumes) {
    Json mount = {{"name", volume.name}, {"mountPath", volume.path}};
    if (volume.read_only) mount["readOnly"] = true;
    out.push_back(std::move(mount));
  }
  return out;
}

Json SourcesOf(const std::vector<Mounted>& volumes) {
  Json out = Json::array();
  for (const Mounted& volume : volumes) {
    if (volume.source.is_null()) continue;
    Json source = volume.source;
    source["name"] = volume.name;
    out.push_back(std::move(source));
  }
  return out;
}

Json PortsJson(const std::vector<Port>& ports) {
  Json out = Json::array();
  for (const Port& port : ports)
    out.push_back({{"name", port.name}, {"containerPort", port.number}, {"protocol", "TCP"}});
  return out;
}

// PostgreSQL is no program of ours: an image for those has none.
const std::string& ImageOf(const ClusterIntent& intent, const PodPlan& plan) {
  const bool own = plan.part == kPostgres || plan.part == kBackup;
  return own || intent.spec.image.empty() ? plan.image : intent.spec.image;
}

Json ContainerOf(const ClusterIntent& intent, const PodPlan& plan, const std::vector<Mounted>& volumes) {
  const PodOverrides& pod = plan.component.pod;
  Json container = {
      {"name", plan.part.component},
      {"image", ImageOf(intent, plan)},
      {"imagePullPolicy", intent.spec.image_pull_policy},
      {"command", Json::array({plan.part.program})},
      {"args", Json::array({"--config", fmt::format("{}/{}", kConfigFolder, plan.config_file)})},
      {"ports", PortsJson(PortsOf(intent, plan.part))},
      {"volumeMounts", Joined(MountsOf(volumes), pod.extra_volume_mounts)},
      {"securityContext",
       {{"allowPrivilegeEscalation", false},
        {"readOnlyRootFilesystem", true},
        {"capabilities", {{"drop", Json::array({"ALL"})}}}}},
  };
  PutUnlessEmpty(container, "env", Joined(plan.variables, pod.env));
  PutResources(plan.component.resources, container);
  PutProbes(plan.part, container);
  // SIGTERM drains. Before it, who routes to the pod has to learn that it goes.
  const Ending ending = EndingOf(plan.part, pod);
  if (ending.wait_seconds > 0) container["lifecycle"] = {{"preStop", {{"sleep", {{"seconds", ending.wait_seconds}}}}}};
  return container;
}

Json PodSecurity() {
  return {{"runAsNonRoot", true},
          {"runAsUser", kUser},
          {"runAsGroup", kUser},
          {"fsGroup", kUser},
          // A volume of millions of files is not walked through at each start.
          {"fsGroupChangePolicy", "OnRootMismatch"},
          {"seccompProfile", {{"type", "RuntimeDefault"}}}};
}

Json PodSpec(const ClusterIntent& intent, const PodPlan& plan) {
  const PodOverrides& pod = plan.component.pod;
  const std::vector<Mounted> volumes = VolumesOf(plan);
  Json spec = {{"serviceAccountName", NameOf(intent.name, plan.part)},
               {"automountServiceAccountToken", false},
               {"enableServiceLinks", false},
               {"terminationGracePeriodSeconds", EndingOf(plan.part, pod).grace_seconds},
               {"securityContext", PodSecurity()},
               {"containers", Json::array({ContainerOf(intent, plan, volumes)})},
               {"volumes", Joined(SourcesOf(volumes), pod.extra_volumes)}};
  for (const std::string& secret : intent.spec.image_pull_secrets)
    spec["imagePullSecrets"].push_back({{"name", secret}});
  const Placement placement = WithOverrides(plan.placement, pod, plan.selector);
  PutUnlessEmpty(spec, "affinity", placement.affinity);
  PutUnlessEmpty(spec, "topologySpreadConstraints", placement.spread);
  PutUnlessEmpty(spec, "nodeSelector", pod.node_selector);
  PutUnlessEmpty(spec, "tolerations", pod.tolerations);
  PutUnlessEmpty(spec, "priorityClassName", pod.priority_class_name);
  return spec;
}

}  // namespace

void PutResources(const Resources& resources, Json& container) {
  Json out = Json::object();
  for (const auto& [name, amount] : resources.requests) out["requests"][name] = amount.Canonical();
  for (const auto& [name, amount] : resources.limits) out["limits"][name] = amount.Canonical();
  PutUnlessEmpty(container, "resources", out);
}

std::vector<Port> PortsOf(const ClusterIntent& intent, const Part& part) {
  const Port metrics{"metrics", kMetricsPort};
  if (part == kCatalog) return {{"catalog", kCatalogPort}, metrics};
  if (part == kFragmentStore) return {{"store", kStorePort}, metrics};
  if (part == kPostgres) return {{"postgres", kPostgresPort}, {"patroni", kPatroniPort}};
  if (part == kBackup) return {};
  if (!(part == kGateway)) return {metrics};
  if (intent.spec.tls.mode == "Disabled") return {{"s3", kS3Port}, {"health", kHealthPort}, metrics};
  return {{"s3", kS3Port}, {"grpc", kGrpcPort}, {"health", kHealthPort}, metrics};
}

Json PodTemplate(const ClusterIntent& intent, const PodPlan& plan) {
  const PodOverrides& pod = plan.component.pod;
  Json labels = pod.labels, annotations = intent.spec.annotations;
  labels.update(LabelsOf(intent, plan.selector));
  labels.update(plan.labels);
  annotations.update(Json(pod.annotations));
  annotations[kConfigHash] = plan.config_hash;
  if (!intent.facts.restarted_at.empty()) annotations[kRestartedAt] = intent.facts.restarted_at;
  return {{"metadata", {{"labels", labels}, {"annotations", annotations}}}, {"spec", PodSpec(intent, plan)}};
}

}  // namespace pbfs::operators
