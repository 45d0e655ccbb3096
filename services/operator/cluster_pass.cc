#include "services/operator/cluster_pass.h"

#include <algorithm>
#include <cstdlib>
#include <set>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/release.h"
#include "services/operator/render_cloudnativepg.h"
#include "services/operator/render_object.h"
#include "services/operator/render_postgres.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

constexpr Duration kSoon = std::chrono::seconds(3);

std::string SpecName(const std::string& cluster) { return cluster + "-spec"; }
constexpr const char* kSpecKey = "spec.json";

std::string Words(const Violations& violations) {
  std::vector<std::string> words;
  for (const Violation& violation : violations) words.push_back(violation.path + ": " + violation.message);
  return fmt::format("{}", fmt::join(words, "; "));
}

bool MayRunPods(const Json& node) {
  const Json& cordoned = kube::Member(kube::Member(node, "spec"), "unschedulable");
  return !(cordoned.is_boolean() && cordoned.get<bool>());
}

}  // namespace

ClusterPass::ClusterPass(const OperatorWorld& world, const OperatorOptions& options, SettledWrites& settled,
                         CheckedPairs& checked, SiteDirectory& sites, Context context, Json cluster)
    : ObjectPass(world, options, kinds::kPbfsCluster, std::move(context), std::move(cluster)),
      sites_(sites),
      checked_(checked),
      live_(world.kube, settled, space_, name_) {}

void ClusterPass::Note(const std::string& what, const Status& status) {
  if (!status.ok()) problems_.push_back(fmt::format("{}: {}", what, status.message()));
}

Result<LookAgain> ClusterPass::Run() {
  const Status loaded = live_.Load(context_);
  if (loaded.code() == StatusCode::kPermissionDenied) return ReportDenied(loaded);
  PBFS_RETURN_IF_ERROR(loaded);
  intent_.name = name_;
  intent_.space = space_;
  intent_.uid = uid_;
  if (RefuseNewer()) {
    PBFS_RETURN_IF_ERROR(WriteStatus());
    return LookAgain(std::chrono::seconds(60));
  }
  if (IsEnding()) return Delete();
  PBFS_RETURN_IF_ERROR(PutFinalizer(kClusterFinalizer));
  PBFS_ASSIGN_OR_RETURN(const bool followed, ReadSpec());
  if (followed) {
    PBFS_RETURN_IF_ERROR(PinPostgres());
    const Status identified = Identify();
    if (identified.ok()) {
      PBFS_RETURN_IF_ERROR(GatherFacts());
      ReadRollout();
      if (intent_.spec.paused)
        LookAtSite();
      else
        PutAll();
      LookForLosses();
      Observe();
      StepOperations();
    } else if (!identified.Detail(kReasonDetail)) {
      return identified;
    }
  }
  Judge();
  PBFS_RETURN_IF_ERROR(WriteStatus());
  return LookAgain(again_);
}

Result<LookAgain> ClusterPass::ReportDenied(const Status& status) {
  conditions_.Set("Degraded", Truth::kTrue, "RBACDenied", "the operator's account lacks a right: " + status.message());
  PBFS_RETURN_IF_ERROR(WriteStatus());
  return LookAgain(std::chrono::seconds(60));
}

Result<bool> ClusterPass::ReadSpec() {
  const Json* kept = live_.Find(kinds::kConfigMap, SpecName(name_));
  std::optional<ClusterSpec> previous;
  if (kept != nullptr) {
    PBFS_ASSIGN_OR_RETURN(const Json spec, kube::ParseJson(kube::Text(kube::Member(*kept, "data"), kSpecKey)));
    previous = ParseSpec(spec).spec;
    followed_ = spec;
  }
  ParsedSpec parsed = ParseSpec(kube::Member(object_, "spec"));
  Violations wrong = std::move(parsed.violations);
  if (wrong.empty()) wrong = CheckSpec(name_, parsed.spec, previous ? &*previous : nullptr);
  if (wrong.empty()) wrong = CheckSupported(parsed.spec);
  if (wrong.empty()) wrong = CheckRelease(parsed.spec, options_);
  if (wrong.empty()) {
    conditions_.Set("SpecValid", Truth::kTrue, "Valid", "the spec can be followed");
    intent_.spec = std::move(parsed.spec);
    intent_.images = ImagesOf(intent_.spec, options_);
    followed_ = kube::Member(object_, "spec");
    PBFS_RETURN_IF_ERROR(KeepValidSpec());
    return true;
  }
  const std::string words = Words(wrong);
  Warn("SpecValid", Truth::kFalse, "SpecRejected", words);
  if (!previous) return false;
  intent_.spec = *std::move(previous);
  intent_.images = ImagesOf(intent_.spec, options_);
  return true;
}

Status ClusterPass::KeepValidSpec() {
  Json map = MakeObject(intent_, "v1", "ConfigMap", SpecName(name_), ClusterLabels(intent_));
  map["data"] = {{kSpecKey, kube::Member(object_, "spec").dump()}};
  return live_.Put(context_, WithHash(std::move(map)));
}

Status ClusterPass::PinPostgres() {
  const Json& pinned = kube::Member(kube::Member(status_, "postgres"), "type");
  if (pinned.is_string()) {
    intent_.facts.postgres_type = pinned.get<std::string>();
    return OkStatus();
  }
  const std::string& wanted = intent_.spec.postgres.type;
  intent_.facts.postgres_type = wanted != "Auto"                          ? wanted
                                : live_.IsServed(kinds::kPostgresCluster) ? "CloudNativePG"
                                                                          : "Managed";
  status_["postgres"]["type"] = intent_.facts.postgres_type;
  return OkStatus();
}

Status ClusterPass::Identify() {
  const SiteIdentity recorded{kube::Text(status_, "clusterID"), kube::Text(status_, "adminPublicKey")};
  const auto lost = [&](const Status& status) {
    Warn("IdentityConsistent", Truth::kFalse, *status.Detail(kReasonDetail), status.message());
    return status;
  };
  Result<SiteIdentity> identity = KnownIdentity(live_, name_, recorded, world_.random);
  if (!identity.ok()) return lost(identity.status());
  status_["clusterID"] = identity->cluster_id;
  // Before the first side effect: a crash between two of them must not lead to two identities.
  PBFS_RETURN_IF_ERROR(WriteStatus());
  if (live_.Find(kinds::kSecret, IdentityName(name_)) == nullptr && !intent_.spec.paused) {
    identity = MakeIdentity(context_, live_, intent_, *identity, world_.random);
    if (!identity.ok()) return identity.status().Detail(kReasonDetail) ? lost(identity.status()) : identity.status();
  }
  if (!identity->admin_public_key.empty()) status_["adminPublicKey"] = identity->admin_public_key;
  intent_.facts.cluster_id = identity->cluster_id;
  intent_.facts.admin_public_key = identity->admin_public_key;
  conditions_.Set("IdentityConsistent", Truth::kTrue, "Consistent", "the cluster's id and keys are where they belong");
  return OkStatus();
}

// What a pool has. Where its set is gone, or sleeps, its volumes say how many stores there were: fewer pods would leave some of them without one.
Status ClusterPass::GatherPool(const Pool& pool) {
  const std::string name = PoolName(name_, pool.name);
  if (const Json* set = live_.Find(kinds::kStatefulSet, name)) {
    intent_.facts.store_replicas[pool.name] = static_cast<int>(kube::Number(kube::Member(*set, "spec"), "replicas"));
    const Json& claims = kube::Member(kube::Member(*set, "spec"), "volumeClaimTemplates");
    const Result<Quantity> size = SizeOfClaim(claims.is_array() && !claims.empty() ? claims[0] : claims);
    if (size.ok()) intent_.facts.store_sizes[pool.name] = *size;
    if (ReplicasOf(pool.name) > 0) return OkStatus();
  }
  const std::string labels = SelectionOf(PoolSelector(name_, pool.name));
  PBFS_ASSIGN_OR_RETURN(const kube::ObjectList claims,
                        world_.kube.List(context_, {kinds::kPersistentVolumeClaim, space_, labels}));
  for (const Json& claim : claims.items) {
    const std::string claim_name = MetaText(claim, "name"), prefix = "data-" + name + "-";
    if (!claim_name.starts_with(prefix) || !LabelOf(claim, kRetired).empty()) continue;
    if (const Result<Quantity> size = SizeOfClaim(claim);
        size.ok()) {  // those that are smaller than they should be grow then
      Quantity& smallest = intent_.facts.store_sizes.emplace(pool.name, *size).first->second;
      if (*size < smallest) smallest = *size;
    }
    int& replicas = intent_.facts.store_replicas[pool.name];
    replicas = std::max(replicas, 1 + static_cast<int>(std::strtol(claim_name.c_str() + prefix.size(), nullptr, 10)));
  }
  return OkStatus();
}

Status ClusterPass::GatherFacts() {
  Facts& facts = intent_.facts;
  facts.operator_namespace = options_.space;
  facts.release = options_.version;
  facts.catalog_made = HasSchema();
  PBFS_ASSIGN_OR_RETURN(const kube::ObjectList nodes, world_.kube.List(context_, {kinds::kNode, "", ""}));
  nodes_ = nodes.items;
  std::set<std::string> domains;
  facts.nodes = 0;
  for (const Json& node : nodes.items) {
    if (!MayRunPods(node)) continue;
    ++facts.nodes;
    if (std::string domain = LabelOf(node, intent_.spec.redundancy.failure_domain.c_str()); !domain.empty())
      domains.insert(std::move(domain));
  }
  facts.nodes = std::max(1, facts.nodes);
  facts.failure_domains = std::max<int>(1, static_cast<int>(domains.size()));
  facts.service_monitors_served = live_.IsServed(kinds::kServiceMonitor);
  facts.prometheus_rules_served = live_.IsServed(kinds::kPrometheusRule);
  for (const Pool& pool : intent_.spec.fragment_store.pools) PBFS_RETURN_IF_ERROR(GatherPool(pool));
  PBFS_RETURN_IF_ERROR(CapStores());
  if (!intent_.spec.paused) return PutDomains(nodes.items);
  return OkStatus();
}

// Where each node stands, for stores that cannot ask: a file for each node.
Status ClusterPass::PutDomains(const std::vector<Json>& nodes) {
  const std::string& label = intent_.spec.redundancy.failure_domain;
  if (label == "kubernetes.io/hostname") return OkStatus();  // stores know the name of their node
  Json map = MakeObject(intent_, "v1", "ConfigMap", DomainsName(name_), ClusterLabels(intent_));
  map["data"] = Json::object();
  for (const Json& node : nodes)
    if (const std::string domain = LabelOf(node, label.c_str()); !domain.empty())
      map["data"][MetaText(node, "name")] = domain;
  return live_.Put(context_, WithHash(std::move(map)));
}

Status ClusterPass::KeepAllCertificates() {
  const bool made_before = !kube::Text(kube::Member(status_, "tls"), "caFingerprint").empty();
  PBFS_ASSIGN_OR_RETURN(
      const CertificateReport report,
      KeepCertificates(context_, live_, intent_, checked_, made_before, SuccessionNow(), now_micros_ / 1'000'000));
  if (report.authority.empty()) return OkStatus();
  status_["tls"]["caFingerprint"] = report.authority;
  // What is made first is of the generation that is wanted first; others follow by rotation.
  if (!kube::Member(status_["tls"], "caGeneration").is_number())
    status_["tls"]["caGeneration"] = intent_.spec.tls.ca_generation;
  status_["tls"]["nearestExpiryTime"] = TimeText(report.nearest_end * 1'000'000);
  if (made_before && !report.issued.empty())
    Say("Normal", "CertificateRenewed", fmt::format("issued anew: {}", fmt::join(report.issued, ", ")));
  return OkStatus();
}

// Passwords count when a member makes its database, and at no later time.
Status ClusterPass::KeepPostgresSecrets() {
  if (!IsManaged(intent_)) return OkStatus();
  for (int shard = 0; shard < intent_.spec.catalog.shards; ++shard) {
    const Json secret = PostgresSecret(intent_, shard, world_.random);
    const std::string name = MetaText(secret, "name");
    const bool made_before = live_.Find(kinds::kStatefulSet, name) != nullptr;
    if (made_before && live_.Find(kinds::kSecret, name) == nullptr)
      return FailedPreconditionError(
          fmt::format("the Secret {} with the passwords of PostgreSQL is gone: bring it back from a backup", name));
    PBFS_RETURN_IF_ERROR(live_.PutOnce(context_, secret));
    if (JudgesFailovers(intent_)) PBFS_RETURN_IF_ERROR(live_.PutOnce(context_, FailoverMemory(intent_, shard)));
  }
  return OkStatus();
}

// In the order in which one needs the other; what fails stops only what needs it.
void ClusterPass::PutAll() {
  Note("PostgreSQL", KeepPostgresSecrets());
  const Status certified = KeepAllCertificates();
  Note("certificates", certified);
  conditions_.Set("CertificatesValid", TruthOf(certified.ok()), certified.ok() ? "Valid" : "NotIssued",
                  certified.ok() ? "every certificate is issued and good" : certified.message());
  objects_ = Render(intent_);
  Note("what pods run", FollowSpec());
  const std::set<std::string> planned = PlannedConfigs(objects_);
  for (const Json& object : objects_) {
    const std::string kind = object["kind"], name = MetaText(object, "name");
    if (kind == "StatefulSet" || (kind == "ConfigMap" && planned.contains(name))) continue;
    Note(kind + " " + name, live_.Put(context_, object));
  }
  PutConfigs();
  PutWorkloads();
  Note("objects that are not needed any more", live_.Prune(context_, uid_, objects_));
  Note("configurations that are not needed any more", PruneConfigs());
}

// A set that is there follows the spec whatever else is wrong.
void ClusterPass::PutSets(const Part& part, bool may_begin, bool may_wake) {
  for (const Json& object : objects_) {
    if (!IsSetOf(object, part)) continue;
    const std::string name = MetaText(object, "name");
    if (!rollout_.running.contains(name)) continue;  // which could not be written down
    if (live_.Find(kinds::kStatefulSet, name) == nullptr && (!may_begin || intent_.spec.hibernated)) continue;
    Json set = object;
    set["spec"]["replicas"] = ReplicasNow(object, part, may_wake);
    Note("StatefulSet " + name, live_.Put(context_, Planned(std::move(set))));
  }
}

void ClusterPass::PutWorkloads() {
  PutSets(kPostgres, true, true);
  const bool database = DatabaseReady();
  if (database && !HasSchema()) Note("database", WantsRestore() ? StepRestore() : StepMigration());
  PutSets(kCatalog, HasSchema(), HasSchema() && database && !NeedsMigration());
  PutSets(kFragmentStore, ReadyCatalogs() > 0 || IsUnderWay(kExpandVolumes), ReadyCatalogs() > 0);
  LookAtSite();
  PutSets(kGateway, StoresSuffice(), StoresSuffice());
  PutSets(kRepairer, ReadyCatalogs() > 0, StoresSuffice());
  PutSets(kGarbageCollector, ReadyCatalogs() > 0, StoresSuffice());
}

bool ClusterPass::DatabaseReady() {
  if (intent_.facts.postgres_type == "Managed") {
    const Pods pods = PodsOf(PostgresName(name_, 0));
    const std::string trouble = pods.ready > 0 ? PatroniTrouble(0) : "";
    const bool ready = pods.ready > 0 && trouble.empty();
    conditions_.Set("PostgresReady", TruthOf(ready),
                    ready            ? "Ready"
                    : pods.ready > 0 ? "NoStandby"
                                     : "NoMember",
                    fmt::format("{} of {} members are ready{}", pods.ready, pods.wanted, trouble));
    return ready;
  }
  if (IsCloudNativePg(intent_)) return CloudNativePgReady();
  const SecretKey& dsn = intent_.spec.postgres.external->dsn;
  const auto secret = world_.kube.Get(context_, {kinds::kSecret, space_, dsn.name});
  const bool there = secret.ok() && SecretValues(*secret).contains(dsn.key);
  conditions_.Set("PostgresReady", TruthOf(there), there ? "Configured" : "SecretMissing",
                  there ? "the connection string is there"
                        : fmt::format("the Secret {} with the key {} is missing: make it", dsn.name, dsn.key));
  return there;
}

// As its own operator says. What is not served any more is not gone: its pods run on.
bool ClusterPass::CloudNativePgReady() {
  const std::string name = PostgresName(name_, 0);
  if (!live_.IsServed(kinds::kPostgresCluster)) {
    conditions_.Set("PostgresReady", Truth::kUnknown, "NotServed",
                    "the kinds of CloudNativePG are not installed in this Kubernetes: install it");
    return HasSchema();
  }
  const Json* cluster = live_.Find(kinds::kPostgresCluster, name);
  const int64_t ready = cluster == nullptr ? 0 : kube::Number(kube::Member(*cluster, "status"), "readyInstances");
  const std::string phase = cluster == nullptr ? "" : kube::Text(kube::Member(*cluster, "status"), "phase");
  conditions_.Set("PostgresReady", TruthOf(ready > 0), ready > 0 ? "Ready" : "NoMember",
                  fmt::format("{} members of {} are ready{}{}", ready, name, phase.empty() ? "" : ": ", phase));
  return ready > 0;
}

bool ClusterPass::HasSchema() const { return kube::Number(kube::Member(status_, "catalog"), "schemaVersion") > 0; }

// What a Job has done is written down, so that one that vanished is not repeated.
Status ClusterPass::StepMigration() {
  const Json& plan = PlanToCome(ShardName(name_, 0));
  ClusterIntent intent = intent_;
  intent.images.catalog = ImageOf(plan);
  Json job = MigrationJob(intent, 0, options_.schema);
  for (Json& volume : job["spec"]["template"]["spec"]["volumes"])
    if (volume["name"] == "config") volume["configMap"]["name"] = MetaText(kube::Member(plan, "config"), "name");
  const std::string name = MetaText(job, "name");
  PBFS_RETURN_IF_ERROR(EndOtherMigrations(name));
  PBFS_RETURN_IF_ERROR(live_.PutOnce(context_, job));
  const Json* live = live_.Find(kinds::kJob, name);
  again_ = kSoon;
  if (HasCondition(*live, "Complete")) {
    rollout_.migrated_by = ImageOf(plan);
    PBFS_RETURN_IF_ERROR(KeepRollout());
    status_["catalog"]["schemaVersion"] = options_.schema;
    status_["catalog"]["shards"] = intent_.spec.catalog.shards;
    return OkStatus();
  }
  if (!HasCondition(*live, "Failed")) return OkStatus();
  conditions_.Set("CatalogReady", Truth::kFalse, "MigrationFailed",
                  fmt::format("the Job {} failed and is tried again: its pods' logs say why", name));
  return live_.Delete(context_, kinds::kJob, name);
}

// Those by an image that is not wanted any more, because it was a bad one.
Status ClusterPass::EndOtherMigrations(const std::string& wanted) {
  std::vector<std::string> others;
  for (const Json* job : live_.OfKind(kinds::kJob))
    if (LabelOf(*job, kComponentLabel) == "migration" && MetaText(*job, "name") != wanted &&
        !HasCondition(*job, "Complete"))
      others.push_back(MetaText(*job, "name"));
  for (const std::string& name : others) PBFS_RETURN_IF_ERROR(live_.Delete(context_, kinds::kJob, name));
  return OkStatus();
}

Result<LookAgain> ClusterReconciler::Reconcile(const Context& context, const std::string& space,
                                               const std::string& name) {
  Result<Json> cluster = world_.kube.Get(context, {kinds::kPbfsCluster, space, name});
  if (cluster.status().code() == StatusCode::kNotFound) return LookAgain();
  PBFS_RETURN_IF_ERROR(cluster.status());
  return ClusterPass(world_, options_, settled_, checked_, sites_, context, *std::move(cluster)).Run();
}

}  // namespace pbfs::operators
