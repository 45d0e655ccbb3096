#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "libs/catalog/store_state.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/pod_trouble.h"
#include "services/operator/render_config.h"

/// What is to be seen of a cluster, and what is said of it.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kNotWell = std::chrono::seconds(5);  // between looks at a cluster that is not as it should be
constexpr size_t kMaxAttention = 50, kMaxMessage = 512, kMaxTroubles = 3;

int CountOf(const Json& object, const char* part, const char* field) {
  return static_cast<int>(kube::Number(kube::Member(object, part), field));
}

const char* AttentionState(StoreState state) {
  switch (state) {
    case StoreState::kJoining: return "Joining";
    case StoreState::kDraining: return "Draining";
    case StoreState::kDown: return "Lost";
    default: return "Suspect";
  }
}

}  // namespace

ClusterPass::Pods ClusterPass::PodsOf(const std::string& name) const {
  const Json* set = live_.Find(kinds::kStatefulSet, name);
  if (set == nullptr) return {};
  Pods pods;
  pods.wanted = CountOf(*set, "spec", "replicas");
  pods.ready = CountOf(*set, "status", "readyReplicas");
  const bool seen = CountOf(*set, "status", "observedGeneration") >= GenerationOf(*set);
  const Json& status = kube::Member(*set, "status");
  pods.current = seen && (pods.wanted == 0 || CountOf(*set, "status", "updatedReplicas") >= pods.wanted ||
                          kube::Text(status, "currentRevision") == kube::Text(status, "updateRevision"));
  if (!seen) pods.ready = std::min(pods.ready, pods.wanted);
  return pods;
}

int ClusterPass::ReadyCatalogs() const { return PodsOf(ShardName(name_, 0)).ready; }

Result<std::shared_ptr<Site>> ClusterPass::OpenSite() {
  PBFS_ASSIGN_OR_RETURN(const SiteKeys keys, KeysOfSite(live_, intent_));
  sites_.Put(space_ + "/" + name_, keys);
  return world_.sites.Open(space_ + "/" + name_, keys);
}

void ClusterPass::LookAtSite() {
  if (ReadyCatalogs() == 0 || intent_.facts.admin_public_key.empty()) return;
  const auto look = [&]() -> Status {
    PBFS_ASSIGN_OR_RETURN(const auto site, OpenSite());
    const Context patience = context_.Within(kPatience);
    SiteLook seen;
    PBFS_ASSIGN_OR_RETURN(seen.map, site->groups().WatchMap(patience, -1));
    PBFS_ASSIGN_OR_RETURN(seen.redundancy, site->repairs().GetRedundancy(patience));
    site_ = std::move(seen);
    return OkStatus();
  };
  const Status looked = look();
  conditions_.Set("CatalogReady", looked.ok() ? Truth::kTrue : Truth::kFalse, looked.ok() ? "Ready" : "NoAnswer",
                  looked.ok() ? "the catalogs answer" : looked.message());
}

// Whether writes are acknowledged now. A cluster that began with enough domains goes on in fewer.
bool ClusterPass::StoresServe() const {
  if (!site_ || site_->map.groups.empty()) return false;
  const RedundancySpec& wanted = intent_.spec.redundancy;
  const int least = wanted.min_write_shards.value_or(wanted.data_shards + (wanted.parity_shards + 1) / 2);
  const auto& stores = site_->map.stores;
  return std::count_if(stores.begin(), stores.end(),
                       [](const StoreInfo& store) { return store.state == StoreState::kUp; }) >= least;
}

// Enough stores, in enough domains, to begin with.
bool ClusterPass::StoresSuffice() const {
  if (!site_) return false;
  std::set<std::string> domains;
  int up = 0;
  for (const StoreInfo& store : site_->map.stores) {
    if (store.state != StoreState::kUp) continue;
    ++up;
    domains.insert(store.domain);
  }
  const RedundancySpec& wanted = intent_.spec.redundancy;
  return up >= wanted.data_shards + wanted.parity_shards && static_cast<int>(domains.size()) >= DomainsNeeded(wanted) &&
         !site_->map.groups.empty();
}

void ClusterPass::Observe() {
  ObserveComponents();
  ObservePods();
  ObserveStores();
  ObserveBackups();
  ObserveRestore();
  const Pods gateways = PodsOf(NameOf(name_, kGateway));
  const bool available = gateways.ready > 0 && ReadyCatalogs() > 0 && StoresServe();
  conditions_.Set("Available", TruthOf(available), available ? "Serving" : "NotServing",
                  fmt::format("{} of {} gateways are ready{}", gateways.ready, gateways.wanted,
                              StoresServe() ? "" : ", and fewer stores are up than a write needs"));
  status_["gatewayReplicas"] = gateways.wanted;
  status_["gatewaySelector"] = fmt::format("{}={},{}={}", kClusterLabel, name_, kComponentLabel, kGateway.component);
  const std::string host = fmt::format("{}.{}.svc", NameOf(name_, kGateway), space_);
  const bool clear = intent_.spec.tls.mode == "Disabled";
  status_["endpoints"] = {
      {"s3", fmt::format("{}://{}:{}", clear ? "http" : "https", host, intent_.spec.gateway.s3_port)}};
  if (!clear) status_["endpoints"]["grpc"] = fmt::format("{}:{}", host, intent_.spec.gateway.grpc_port);
  status_["operatorVersion"] = options_.version;
}

void ClusterPass::ObserveComponents() {
  Json components = Json::array();
  bool current = true;
  for (const Json* set : live_.OfKind(kinds::kStatefulSet)) {
    const std::string name = MetaText(*set, "name");
    const Pods pods = PodsOf(name);
    current = current && pods.WellOrNone();
    components.push_back({{"name", name},
                          {"replicas", pods.wanted},
                          {"readyReplicas", pods.ready},
                          {"updatedReplicas", CountOf(*set, "status", "updatedReplicas")},
                          {"updateRevision", kube::Text(kube::Member(*set, "status"), "updateRevision")}});
  }
  for (const auto& [name, plan] : rollout_.running)
    current = current && live_.Find(kinds::kStatefulSet, name) != nullptr;
  if (current && !components.empty() && rollout_.next.empty() && !IsRolling()) status_["version"] = rollout_.version;
  status_["components"] = std::move(components);
}

// Pods are looked at only where some of them are missing. What cannot be read is one thing less to be said.
void ClusterPass::ObservePods() {
  const auto sets = live_.OfKind(kinds::kStatefulSet);
  const auto is_well = [&](const Json* set) { return PodsOf(MetaText(*set, "name")).WellOrNone(); };
  if (std::all_of(sets.begin(), sets.end(), is_well) && HasSchema() && !NeedsMigration()) return;
  const Result<kube::ObjectList> pods =
      world_.kube.List(context_, {kinds::kPod, space_, fmt::format("{}={}", kClusterLabel, name_)});
  if (!pods.ok()) return;
  for (const Json& pod : pods->items)
    if (std::string trouble = TroubleOfPod(pod); !trouble.empty()) pod_troubles_.push_back(std::move(trouble));
  if (!pod_troubles_.empty()) ObserveClaims();
  int64_t wanted = 0;
  for (const Json* set : sets) wanted += PodsOf(MetaText(*set, "name")).wanted;
  if (static_cast<int64_t>(pods->items.size()) >= wanted) return;
  const Result<kube::ObjectList> quotas = world_.kube.List(context_, {kinds::kResourceQuota, space_, ""});
  if (!quotas.ok()) return;
  for (std::string& full : QuotasUsedUp(quotas->items)) pod_troubles_.push_back(std::move(full));
}

// The scheduler says that a volume is missing, not which.
void ClusterPass::ObserveClaims() {
  const Result<kube::ObjectList> claims =
      world_.kube.List(context_, {kinds::kPersistentVolumeClaim, space_, fmt::format("{}={}", kClusterLabel, name_)});
  if (!claims.ok()) return;
  for (const Json& claim : claims->items)
    if (std::string trouble = TroubleOfClaim(claim); !trouble.empty())
      pod_troubles_.insert(pod_troubles_.begin(), std::move(trouble));
}

void ClusterPass::ObserveStores() {
  if (!site_) return;  // what was seen last stands
  int total = 0, up = 0, draining = 0, lost = 0;
  std::string first;  // of those that are away
  Json attention = Json::array();
  for (const StoreInfo& store : site_->map.stores) {
    if (store.state == StoreState::kGone) continue;
    ++total;
    up += store.state == StoreState::kUp ? 1 : 0;
    draining += store.state == StoreState::kDraining ? 1 : 0;
    lost += store.state == StoreState::kDown ? 1 : 0;
    if (store.state == StoreState::kUp || attention.size() >= kMaxAttention) continue;
    const std::string advice = AdviceOn(store);
    const std::string message =
        fmt::format("{} in {}{}{}", NameOf(store.state), store.domain, advice.empty() ? "" : ": ", advice);
    if (first.empty() && !advice.empty())
      first = fmt::format("; store {} in {} is {}", store.id.value, PodOf(store), message);
    attention.push_back({{"storeID", std::to_string(store.id.value)},
                         {"state", AttentionState(store.state)},
                         {"pod", PodOf(store)},
                         {"message", Shortened(message, kMaxMessage)}});
  }
  status_["stores"] = {{"total", total},
                       {"ready", up},
                       {"draining", draining},
                       {"lost", lost},
                       {"summary", fmt::format("{}/{}", up, total)}};
  status_["attention"] = std::move(attention);
  status_["redundancy"] = {{"degradedEncodings", DegradedBodies(site_->redundancy)},
                           {"lostEncodings", UnreadableBodies(site_->redundancy)}};
  const bool satisfied = DegradedBodies(site_->redundancy) == 0 && site_->redundancy.groups > 0;
  conditions_.Set("RedundancySatisfied", TruthOf(satisfied), satisfied ? "Whole" : "UnderProtected",
                  satisfied ? "every shard of every body is where it should be"
                            : fmt::format("{} bodies have missing shards", DegradedBodies(site_->redundancy)));
  const bool healthy = total > 0 && up + draining == total;
  conditions_.Set("MembershipHealthy", TruthOf(healthy), healthy ? "AllUp" : "StoresMissing",
                  fmt::format("{} of {} stores are up{}", up, total, first));
}

// Why the cluster cannot be called ready; empty if it can.
std::string ClusterPass::TroubleReason(std::string& message) const {
  const auto because = [&](const char* condition, const char* reason) {
    message = conditions_.MessageOf(condition);
    return reason;
  };
  if (!conditions_.IsTrue("SpecValid")) return because("SpecValid", "SpecRejected");
  if (!conditions_.IsTrue("IdentityConsistent")) {
    message = conditions_.MessageOf("IdentityConsistent");
    return conditions_.ReasonOf("IdentityConsistent");
  }
  if (!problems_.empty()) {
    message = fmt::format("{}", fmt::join(problems_, "; "));
    return "ObjectsRefused";
  }
  if (intent_.spec.hibernated) {
    message = conditions_.MessageOf("Hibernated");
    return conditions_.ReasonOf("Hibernated");
  }
  const std::string before = conditions_.ReasonOf("Ready");
  const bool began = conditions_.IsTrue("Available") || (!before.empty() && before != "Bootstrapping");
  if (!conditions_.IsTrue("PostgresReady"))
    return because("PostgresReady", began ? "PostgresUnavailable" : "Bootstrapping");
  if (!conditions_.IsTrue("CatalogReady"))
    return because("CatalogReady", began ? "CatalogUnavailable" : "Bootstrapping");
  if (!conditions_.IsTrue("Available")) return because("Available", began ? "GatewayUnavailable" : "Bootstrapping");
  if (IsRolling()) return because("UpgradeBlocked", IsUnderWay(kUpgrade) ? "Upgrading" : "Restarting");
  if (!rollout_.next.empty()) return because("UpgradeBlocked", "UpgradeBlocked");
  if (const Json& operation = kube::Member(status_, "operation"); kube::Text(operation, "type") == "ScaleDown") {
    message = fmt::format("a store goes: {}", kube::Text(operation, "step"));
    return "ScalingDown";
  }
  if (!conditions_.IsTrue("RedundancySatisfied")) return because("RedundancySatisfied", "UnderProtected");
  if (!conditions_.IsTrue("MembershipHealthy")) return because("MembershipHealthy", "StoreLost");
  if (site_ && kube::Number(status_["stores"], "total") < StoresOf(intent_.spec)) {
    message =
        fmt::format("{} of {} stores have joined", kube::Number(status_["stores"], "total"), StoresOf(intent_.spec));
    return "Progressing";
  }
  const bool by_hand = intent_.spec.update_policy.strategy == "OnDelete";
  for (const Json* set : live_.OfKind(kinds::kStatefulSet)) {
    const Pods pods = PodsOf(MetaText(*set, "name"));
    if (pods.WellOrNone() || (pods.ready >= pods.wanted && by_hand)) continue;
    message = fmt::format("{}: {} of {} pods are ready{}", MetaText(*set, "name"), pods.ready, pods.wanted,
                          pods.current ? "" : ", not all of them of the newest template");
    return "Progressing";
  }
  return "";
}

void ClusterPass::Judge() {
  const bool was_ready = conditions_.IsTrue("Ready");
  ReportHibernation();
  std::string message;
  std::string reason = TroubleReason(message);
  const bool ready = reason.empty();
  if (ready && !was_ready) Say("Normal", "ClusterReady", "every part of the cluster is ready");
  if (ready) reason = "AllHealthy", message = "every part of the cluster is ready";
  if (!ready && !pod_troubles_.empty()) {
    pod_troubles_.resize(std::min(pod_troubles_.size(), kMaxTroubles));
    message += fmt::format(" ({})", fmt::join(pod_troubles_, "; "));
  }
  conditions_.Set("Ready", TruthOf(ready), reason, message);
  conditions_.Set(
      "Degraded", TruthOf(!problems_.empty()), problems_.empty() ? "AllWritten" : "ObjectsRefused",
      problems_.empty() ? "every object is as it should be" : fmt::format("{}", fmt::join(problems_, "; ")));
  if (intent_.spec.paused)
    conditions_.Set("Paused", Truth::kTrue, "Paused",
                    "the operator looks and changes nothing, as spec.paused wants it");
  else
    conditions_.Drop("Paused");
  if (!ready && !conditions_.IsTrue("Hibernated")) again_ = std::min(again_, kNotWell);
}

}  // namespace pbfs::operators
