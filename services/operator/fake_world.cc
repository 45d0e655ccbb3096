#include "services/operator/fake_world.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/base/testing.h"
#include "libs/crypto/certificates.h"
#include "libs/crypto/file_hash.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {

namespace kinds = kube::kinds;

void TwinSite::NamePods(const std::string& set) {
  for (int i = 0; i < twins_.stores(); ++i) {
    StoreInfo store = *catalog().WatchMap(Context(), -1)->FindStore(TwinCluster::IdOf(i));
    store.address = fmt::format("{}-{}.{}.{}.svc:9100", set, i, set, kTestSpace);
    PBFS_CHECK(catalog().PutStore(Context(), store).ok());
  }
}

void TwinSite::RepairAll() {
  if (repairs_stopped_) return;
  const auto checks = repairs().ListGroupChecks(Context());
  std::vector<GroupVersion> all;
  for (const GroupCheck& group : *checks)
    if (!group.checked_ms) all.push_back({group.group, group.version});
  PBFS_CHECK(repairs().GroupsChecked(Context(), all).ok());
}

void TwinSite::SetState(int store, StoreState state) { SetStoreState(TwinCluster::IdOf(store), state); }

void TwinSite::SetStoreState(StoreId store, StoreState state) {
  StoreInfo info = *catalog().WatchMap(Context(), -1)->FindStore(store);
  info.state = state;
  PBFS_CHECK(catalog().PutStore(Context(), info).ok());
}

void TwinSite::StopStore(StoreId store, StoreState state) {
  if (store.value <= static_cast<uint32_t>(twins_.stores()))
    twins_.store(static_cast<int>(store.value) - 1).SetDown(true);
  else
    stores_.joined().Remove(store);
  SetStoreState(store, state);
}

void TwinSite::StartStore(StoreId store) {
  if (store.value <= static_cast<uint32_t>(twins_.stores()))
    twins_.store(static_cast<int>(store.value) - 1).SetDown(false);
  SetStoreState(store, StoreState::kUp);
}

StoreId TwinSite::Join(const std::string& address) {
  const StoreId id = *catalog().NewStoreId(Context());
  stores_.joined().Set(id, std::shared_ptr<FragmentStore>(&twins_.disk(0), [](FragmentStore*) {}));  // as a disk is
  PBFS_CHECK(catalog().PutStore(Context(), {id, address, fmt::format("host{}", id.value), StoreState::kUp, 1}).ok());
  return id;
}

namespace {
std::string IpOf(const std::string& address) { return address.substr(0, address.find(':')); }
}  // namespace

void TwinProbe::Bring(const std::string& ip) {
  const auto get = [&](const kube::Kind& kind, const char* name) {
    return kube_.Get(Context(), {kind, kTestSpace, name}).value_or(Json());
  };
  held_[ip] = {kube::Text(kube::Member(get(kinds::kConfigMap, "demo-ca-bundle"), "data"), "ca.crt"),
               SecretValues(get(kinds::kSecret, "demo-fs-tls"))["tls.crt"],
               SecretValues(get(kinds::kSecret, "demo-fs-tls"))["tls.key"]};
}

Result<uint32_t> TwinProbe::HashOfFile(const Context&, const std::string& address, const std::string& file) {
  const auto found = held_.find(IpOf(address));
  if (found == held_.end()) return UnavailableError("no such pod");
  return FileHash(file.ends_with("ca.crt") ? found->second.trust : found->second.certificate);
}

Result<std::string> TwinProbe::Served(const Context&, const std::string& address) {
  const auto found = held_.find(IpOf(address));
  if (found == held_.end()) return UnavailableError("no such pod");
  PBFS_ASSIGN_OR_RETURN(const CertificateFacts facts, ReadCertificate(found->second.certificate));
  return facts.fingerprint;
}

FakeWorld::FakeWorld(int stores) : door_(stores) {
  InstallCloudNativePg(false);
  for (int i = 1; i <= 3; ++i)
    Make(kinds::kNode, {{"apiVersion", "v1"},
                        {"kind", "Node"},
                        {"metadata",
                         {{"name", fmt::format("node{}", i)},
                          {"labels",
                           {{"kubernetes.io/hostname", fmt::format("node{}", i)},
                            {"topology.kubernetes.io/zone", fmt::format("zone{}", i)}}}}}});
}

void FakeWorld::InstallCloudNativePg(bool is_there) {
  for (const kube::Kind& kind : {kinds::kPostgresCluster, kinds::kScheduledBackup}) kube_.SetServed(kind, is_there);
}

OperatorOptions FakeWorld::Options() {
  const auto image = [](const char* program) { return fmt::format("registry.example/{}:0.1.0", program); };
  return {{image("pbfs-gateway"), image("pbfs-catalog"), image("pbfs-fragment-store"), image("pbfs-garbage-collector"),
           image("pbfs-repairer"), image("pbfs-postgres")},
          "0.1.0",
          7,
          "pbfs-system",
          "operator-0"};
}

Json FakeWorld::Make(const kube::Kind& kind, Json object) {
  const auto made = others_.Create(Context(), kind, object);
  PBFS_CHECK(made.ok());
  return *made;
}

Json FakeWorld::Get(const kube::Kind& kind, const std::string& name, const std::string& space) {
  return kube_.Get(Context(), {kind, kind.namespaced ? space : "", name}).value_or(Json());
}
bool FakeWorld::Exists(const kube::Kind& kind, const std::string& name, const std::string& space) {
  return !Get(kind, name, space).is_null();
}

std::vector<Json> FakeWorld::All(const kube::Kind& kind) {
  return kube_.List(Context(), {kind, "", ""}).value_or(kube::ObjectList()).items;
}

void FakeWorld::Settle(const std::function<void()>& look) {
  for (int round = 0; round < 30; ++round) {
    const Json before = Everything();
    look();
    RunControllers();
    if (Everything() == before) return;
  }
  ADD_FAILURE() << "it never comes to rest";
}

bool FakeWorld::Migrates() {
  const std::vector<Json> jobs = All(kinds::kJob);
  return std::any_of(jobs.begin(), jobs.end(),
                     [](const Json& job) { return MetaText(job, "name").starts_with("demo-migrate-"); });
}

void FakeWorld::Edit(const kube::Kind& kind, Json object) {
  for (const char* kept : {"resourceVersion", "generation", "creationTimestamp", "uid"}) object["metadata"].erase(kept);
  const auto edited = others_.Apply(Context(), kind, object, kube::OnConflict::kTake);
  PBFS_CHECK(edited.ok());
}

void FakeWorld::Remove(const kube::Kind& kind, const std::string& name, const std::string& space) {
  PBFS_CHECK(others_.Delete(Context(), {kind, kind.namespaced ? space : "", name}, {}).ok());
}

Json FakeWorld::Everything() {
  Json all = Json::array();
  for (const kube::Kind& kind : kinds::kAll) {
    if (kind == kinds::kEvent) continue;
    for (Json& object : All(kind)) all.push_back(std::move(object));
  }
  return all;
}

void FakeWorld::BeginCluster(const Json& spec) {
  Json whole = SmallestSpec();
  whole.update(spec);
  Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", whole));
  SetCondition(kinds::kPbfsCluster, "demo", "Available", true);
  SiteKeys keys;
  keys.ca = "authority";
  directory_.Put(fmt::format("{}/demo", kTestSpace), keys);
  PBFS_CHECK(site().documents().Create(Context(), {1, 2, std::nullopt}).ok());
}

void FakeWorld::SetCondition(const kube::Kind& kind, const std::string& name, const std::string& type, bool is) {
  Json intent = {{"apiVersion", kind.ApiVersion()},
                 {"kind", kind.name},
                 {"metadata", {{"name", name}, {"namespace", kTestSpace}}},
                 {"status",
                  {{"conditions", Json::array({{{"type", type}, {"status", is ? "True" : "False"}}})},
                   {"endpoints", {{"s3", "https://demo-gateway.storage.svc:443"}}}}}};
  PBFS_CHECK(others_.ApplyStatus(Context(), kind, intent).ok());
}

// The first member leads, all others are its synchronous standbys.
void FakeWorld::RunPatroni(const Json& set) {
  const std::string name = MetaText(set, "name");
  std::string standbys;
  Json members = Json::object();
  for (int64_t i = 0; i < kube::Number(kube::Member(set, "spec"), "replicas"); ++i) {
    members[fmt::format("{}-{}", name, i)] = "https://member";
    if (i > 0) standbys += fmt::format("{}{}-{}", i > 1 ? "," : "", name, i);
  }
  const auto put = [&](const std::string& endpoints, Json annotations) {
    Edit(kinds::kEndpoints,
         {{"apiVersion", "v1"},
          {"kind", "Endpoints"},
          {"metadata",
           {{"name", endpoints}, {"namespace", MetaText(set, "namespace")}, {"annotations", std::move(annotations)}}}});
  };
  put(name, {{"leader", name + "-0"}, {"failsafe", members.dump()}});
  put(name + "-sync", {{"leader", name + "-0"}, {"sync_standby", standbys}});
}

void FakeWorld::RunControllers() {
  const auto report = [&](const kube::Kind& kind, const Json& object, Json status) {
    const Json intent = {
        {"apiVersion", kind.ApiVersion()},
        {"kind", kind.name},
        {"metadata", {{"name", MetaText(object, "name")}, {"namespace", MetaText(object, "namespace")}}},
        {"status", std::move(status)}};
    PBFS_CHECK(others_.ApplyStatus(Context(), kind, intent).ok());
  };
  if (sets_) sets_->Run();
  for (const Json& set : sets_ ? std::vector<Json>() : All(kinds::kStatefulSet)) {
    const int64_t pods = kube::Number(kube::Member(set, "spec"), "replicas");
    report(kinds::kStatefulSet, set,
           {{"observedGeneration", GenerationOf(set)},
            {"replicas", pods},
            {"readyReplicas", pods},
            {"updatedReplicas", pods}});
  }
  for (const Json& set : All(kinds::kStatefulSet))
    if (LabelOf(set, kComponentLabel) == kPostgres.component) RunPatroni(set);
  for (const Json& claim : All(kinds::kPersistentVolumeClaim)) {
    const Json& wanted = kube::Member(kube::Member(kube::Member(claim, "spec"), "resources"), "requests");
    if (wanted.is_object()) report(kinds::kPersistentVolumeClaim, claim, {{"capacity", wanted}});
  }
  for (const Json& postgres : All(kinds::kPostgresCluster))
    report(kinds::kPostgresCluster, postgres, {{"readyInstances", 1}});
  for (const Json& job : All(kinds::kJob))
    report(kinds::kJob, job, {{"conditions", Json::array({{{"type", "Complete"}, {"status", "True"}}})}});
}

void FakeWorld::Arm(const Fault& fault) {
  const auto when = fault.happens ? kube::FaultyKube::When::kAfter : kube::FaultyKube::When::kBefore;
  if (fault.of_site)
    site().faults().FailCall(fault.call, fault.happens);
  else if (fault.of_writes)
    faults_.CrashAtWrite(fault.call, when);
  else
    faults_.Crash(fault.call, when);
}

bool FakeWorld::Reached(const Fault& fault) {
  if (fault.of_site) return site().faults().calls() >= fault.call;
  return (fault.of_writes ? faults_.writes() : faults_.calls()) >= fault.call;
}

void FakeWorld::Heal() {
  faults_.Heal();
  site().faults().FailCall(0, false);
}

namespace {
void Walk(bool of_writes, const std::function<bool(const Fault&)>& scene) {
  for (const bool of_site : {false, true})
    for (const bool happens : {false, true})
      for (int64_t call = 1;; ++call) {
        SCOPED_TRACE(fmt::format("{} call {}, which {}", of_site ? "site" : "Kubernetes", call,
                                 happens ? "happens" : "does not happen"));
        if (!scene({of_site, happens, call, of_writes}) || testing::Test::HasFailure()) break;
      }
}
}  // namespace

void WalkFaults(const std::function<bool(const Fault&)>& scene) { Walk(false, scene); }
void WalkWrites(const std::function<bool(const Fault&)>& scene) { Walk(true, scene); }

std::string ConditionOf(const Json& object, const std::string& type) {
  const Json& conditions = kube::Member(kube::Member(object, "status"), "conditions");
  if (!conditions.is_array()) return "";
  for (const Json& condition : conditions)
    if (kube::Text(condition, "type") == type)
      return kube::Text(condition, "status") + "/" + kube::Text(condition, "reason");
  return "";
}

Json ObjectOf(const kube::Kind& kind, const std::string& name, Json spec, const std::string& space) {
  return {{"apiVersion", kind.ApiVersion()},
          {"kind", kind.name},
          {"metadata", {{"name", name}, {"namespace", space}}},
          {"spec", std::move(spec)}};
}

}  // namespace pbfs::operators
