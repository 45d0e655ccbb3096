#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <memory>
#include <regex>
#include <set>
#include <sstream>

#include "libs/base/random.h"
#include "libs/base/testing.h"
#include "services/operator/bucket_reconciler.h"
#include "services/operator/cluster_reconciler.h"
#include "services/operator/controller.h"
#include "services/operator/fake_world.h"
#include "services/operator/key_reconciler.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/recorded_kube.h"
#include "services/operator/replication_reconciler.h"
#include "services/operator/rolling_cluster.h"
#include "services/operator/spec_samples.h"

/// The ClusterRole of operator-manifests/base/rbac.yaml against the calls that the operator makes: none is missing, none is too many.
namespace pbfs::operators {

// Where googletest finds it.
void PrintTo(const Right& right, std::ostream* out) {
  *out << right.verb << " " << right.resource << (right.group.empty() ? "" : ".") << right.group;
}

namespace {

namespace kinds = kube::kinds;
using ::testing::IsEmpty;
using Rights = std::set<Right>;

constexpr const char* kGuestSpace = "apps";  // where objects are that live in a cluster of another namespace

std::string TextOf(const std::string& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> Words(const std::string& list) {
  std::vector<std::string> out;
  static const std::regex word(R"re(""|[^\s,"]+)re");
  for (std::sregex_iterator at(list.begin(), list.end(), word), end; at != end; ++at)
    out.push_back(at->str() == "\"\"" ? "" : at->str());
  return out;
}

/// The rules of the first ClusterRole of a file, which stand there in one form, three lines each; in any other they are none.
class RuleReader {
 public:
  explicit RuleReader(const std::string& text) {
    std::istringstream lines(text.substr(text.find("kind: ClusterRole\n")));
    std::string line;
    while (std::getline(lines, line) && line != "rules:") continue;
    while (std::getline(lines, line) && line != "---")
      if (line[0] != '#') Read(line);
    EXPECT_EQ(next_, 0u) << "the last rule is not whole";
  }
  const Rights& rights() const { return rights_; }

 private:
  void Read(const std::string& line) {
    static const std::array<std::regex, 3> forms{std::regex(R"(- apiGroups: \[(.*)\])"),
                                                 std::regex(R"(  resources: \[(.*)\])"),
                                                 std::regex(R"(  verbs: \[(.*)\])")};
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, forms[next_])) << line;
    lists_[next_] = Words(match[1].str());
    next_ = (next_ + 1) % forms.size();
    if (next_ == 0) AddAll();
  }
  void AddAll() {
    for (const std::string& group : lists_[0])
      for (const std::string& resource : lists_[1])
        for (const std::string& verb : lists_[2])
          EXPECT_TRUE(rights_.insert({group, resource, verb}).second) << "twice: " << verb << " " << resource;
  }

  size_t next_ = 0;
  std::array<std::vector<std::string>, 3> lists_;
  Rights rights_;
};

Rights Granted() { return RuleReader(TextOf(PBFS_REPOSITORY "/operator-manifests/base/rbac.yaml")).rights(); }

Rights Without(const Rights& all, const Rights& others) {
  Rights out;
  std::set_difference(all.begin(), all.end(), others.begin(), others.end(), std::inserter(out, out.end()));
  return out;
}

/// What the Roles of a cluster grant.
Rights GivenTo(const ClusterIntent& intent) {
  Rights out;
  for (const Json& object : Render(intent)) {
    if (object["kind"] != "Role") continue;
    for (const Json& rule : object["rules"])
      for (const Json& verb : rule["verbs"])
        out.insert({rule["apiGroups"][0].get<std::string>(), rule["resources"][0].get<std::string>(),
                    verb.get<std::string>()});
  }
  return out;
}

Rights GivenToAnyCluster() {
  Rights out;
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  for (int i = 0; i < TestScaled(100); ++i) out.merge(GivenTo(IntentOf(RandomSpec(random))));
  for (const char* type : {"Managed", "External", "CloudNativePG"}) {
    ClusterIntent intent = IntentOf(SmallestSpec());
    intent.facts.postgres_type = type;
    out.merge(GivenTo(intent));
  }
  return out;
}

/// Of its own lease (RoleTurn), whose client has nothing to record. Services are given the same.
Rights ForItsLease() {
  Rights out;
  for (const char* verb : {"get", "list", "watch", "create", "update"})
    out.insert({std::string(kinds::kLease.group), std::string(kinds::kLease.plural), verb});
  return out;
}

Json Named(const kube::Kind& kind, const std::string& space, const std::string& name, Json labels = Json::object()) {
  return {{"apiVersion", kind.ApiVersion()},
          {"kind", kind.name},
          {"metadata", {{"name", name}, {"namespace", space}, {"labels", std::move(labels)}}}};
}

/// Everything that happens to a cluster, its bucket and its key, from their making to their end.
class Life {
 public:
  /// `spec` names a tenancy of "All", or a selector that `kGuestSpace` fits.
  Life(Json spec, const std::string& watch_space, const std::string& dependents)
      : spec_(std::move(spec)), dependents_(dependents), options_(OptionsFor(watch_space)) {}

  std::set<RecordedKube::Use> Live() {
    Begin();
    TakenName();
    FailedMigration();
    Settle();
    EXPECT_EQ(ConditionOf(Cluster(), "Ready"), "True/AllHealthy") << Cluster().dump(1);
    LeftOver();
    MakeDependents();
    Grow();
    Lose();
    Rotate();
    Shrink();
    Edit();
    RemoveDependents();
    End();
    for (const auto& [kind, space, labels] : Controller::Watched({{kinds::kPbfsCluster, nullptr},
                                                                  {kinds::kPbfsBucket, nullptr},
                                                                  {kinds::kPbfsAccessKey, nullptr},
                                                                  {kinds::kPbfsSiteReplication, nullptr}},
                                                                 options_.watch_space)) {
      (void)recorded_.List(TestContext(), {kind, space, labels});
      (void)recorded_.Watch(TestContext(), {kind, space, labels}, "0", Duration::zero(), [](const auto&) {});
    }
    return recorded_.uses();
  }

 private:
  static OperatorOptions OptionsFor(const std::string& watch_space) {
    OperatorOptions options = FakeWorld::Options();
    options.watch_space = watch_space;
    return options;
  }
  Json Cluster() { return world_.Get(kinds::kPbfsCluster, "demo"); }
  Json Find(const kube::Kind& kind, const std::string& name) {
    return world_.kube().Get(TestContext(), {kind, dependents_, name}).value_or(Json());
  }
  void Look() {
    (void)clusters_.Reconcile(TestContext(), kTestSpace, "demo");
    (void)buckets_.Reconcile(TestContext(), dependents_, "photos");
    (void)keys_.Reconcile(TestContext(), dependents_, "reader");
    (void)links_.Reconcile(TestContext(), dependents_, "away");
  }
  void Settle() {
    world_.Settle([this] { Look(); });
  }
  void Put(const kube::Kind& kind, const std::string& space, const std::string& name, const Json& spec) {
    Json object = Named(kind, space, name);
    object["spec"] = spec;
    world_.Edit(kind, object);
  }

  void Begin() {
    world_.InstallCloudNativePg(spec_["postgres"]["type"] == "CloudNativePG");
    world_.Make(kinds::kNamespace, {{"apiVersion", "v1"},
                                    {"kind", "Namespace"},
                                    {"metadata", {{"name", kGuestSpace}, {"labels", {{"guest", "yes"}}}}}});
    Json dsn = Named(kinds::kSecret, kTestSpace, "dsn");
    dsn["data"] = EncodeSecretValues({{"uri", "host=db"}});
    world_.Make(kinds::kSecret, dsn);
    Put(kinds::kPbfsCluster, kTestSpace, "demo", spec_);
    ASSERT_OK(world_.site().documents().Create(TestContext(), {1, 2}));  // as gateways do
  }
  // Others were there first, and what was listed does not show them.
  void TakenName() {
    const std::string name = MigrationName();
    world_.Make(kinds::kJob, Named(kinds::kJob, kTestSpace, name));
    Settle();
    world_.Remove(kinds::kJob, name);
  }
  void FailedMigration() {
    Look();
    Json job = Named(kinds::kJob, kTestSpace, MigrationName());
    job["status"] = {{"conditions", Json::array({{{"type", "Failed"}, {"status", "True"}}})}};
    ASSERT_OK(world_.kube().As("somebody").ApplyStatus(TestContext(), kinds::kJob, job));
    Look();
  }
  std::string MigrationName() { return MigrationJob(IntentOf(SmallestSpec()), 0, options_.schema)["metadata"]["name"]; }
  // What an earlier release made under other names.
  void LeftOver() {
    const Json owner = {{"apiVersion", kinds::kPbfsCluster.ApiVersion()},
                        {"kind", kinds::kPbfsCluster.name},
                        {"name", "demo"},
                        {"uid", Cluster()["metadata"]["uid"]},
                        {"controller", true}};
    for (const kube::Kind& kind :
         {kinds::kServiceAccount, kinds::kRole, kinds::kRoleBinding, kinds::kService, kinds::kConfigMap,
          kinds::kPodDisruptionBudget, kinds::kNetworkPolicy, kinds::kServiceMonitor, kinds::kPrometheusRule,
          kinds::kScheduledBackup, kinds::kCronJob}) {
      if (kind == kinds::kScheduledBackup && spec_["postgres"]["type"] != "CloudNativePG") continue;  // not served
      Json object = Named(kind, kTestSpace, "demo-former", {{kClusterLabel, "demo"}});
      object["metadata"]["ownerReferences"] = Json::array({owner});
      world_.Make(kind, object);
    }
    Settle();
    EXPECT_FALSE(world_.Exists(kinds::kRole, "demo-former"));
  }
  void MakeDependents() {
    const Json reference = {{"name", "demo"}, {"namespace", kTestSpace}};
    Put(kinds::kPbfsBucket, dependents_, "photos", {{"clusterRef", reference}, {"deletionPolicy", "Delete"}});
    Put(kinds::kPbfsAccessKey, dependents_, "reader", KeySpec(1));
    Put(kinds::kPbfsSiteReplication, dependents_, "away", {{"clusterRef", reference}});
    Settle();
    EXPECT_EQ(ConditionOf(Find(kinds::kPbfsBucket, "photos"), "Ready"), "True/Ready");
    EXPECT_EQ(ConditionOf(Find(kinds::kPbfsAccessKey, "reader"), "Ready"), "True/Ready");
  }
  Json KeySpec(int generation) const {
    return {{"clusterRef", {{"name", "demo"}, {"namespace", kTestSpace}}},
            {"grants", Json::array({{{"bucketRef", {{"name", "photos"}}}, {"access", Json::array({"Read", "List"})}}})},
            {"rotation", {{"generation", generation}}}};
  }
  void Edit() {
    Json spec = spec_;
    spec["gateway"]["replicas"] = 3;
    spec["networkPolicy"]["mode"] = "Disabled";
    spec["monitoring"] = {{"serviceMonitor", "Disabled"}, {"prometheusRule", "Disabled"}};
    Put(kinds::kPbfsCluster, kTestSpace, "demo", spec);
    Put(kinds::kPbfsAccessKey, dependents_, "reader", KeySpec(2));
    Settle();
    spec["redundancy"]["dataShards"] = 9;
    Put(kinds::kPbfsCluster, kTestSpace, "demo", spec);
    Settle();
    EXPECT_EQ(ConditionOf(Cluster(), "SpecValid"), "False/SpecRejected");
    EXPECT_FALSE(world_.Exists(kinds::kPrometheusRule, "demo"));
    EXPECT_FALSE(world_.Exists(kinds::kConfigMap, "demo-dashboard-cluster"));
    spec["redundancy"]["dataShards"] = 1;
    Put(kinds::kPbfsCluster, kTestSpace, "demo", spec);
    Settle();
  }
  // Volumes that grow: every store has one, and a pod.
  void Grow() {
    world_.site().NamePods("demo-fs-main");
    for (int i = 0; i < kStores; ++i) {
      world_.Make(kinds::kPod, Named(kinds::kPod, kTestSpace, PodName(i)));
      Json claim = Named(kinds::kPersistentVolumeClaim, kTestSpace, "data-" + PodName(i), PoolSelector("demo", "main"));
      claim["spec"] = {{"resources", {{"requests", {{"storage", "10Gi"}}}}}};
      world_.Make(kinds::kPersistentVolumeClaim, claim);
    }
    spec_["fragmentStore"]["pools"][0]["storage"]["size"] = "20Gi";
    Put(kinds::kPbfsCluster, kTestSpace, "demo", spec_);
    Settle();
    EXPECT_FALSE(Cluster()["status"].contains("operation")) << Cluster().dump(1);
  }
  // A store whose node is gone, and another in its place.
  void Lose() {
    const std::string pod = PodName(1), claim = "data-" + pod;
    Json bound = world_.Get(kinds::kPersistentVolumeClaim, claim);
    bound["spec"]["volumeName"] = "disk";
    world_.Edit(kinds::kPersistentVolumeClaim, bound);
    const Json term = {
        {"matchExpressions",
         Json::array({{{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", Json::array({"gone"})}}})}};
    Json volume = Named(kinds::kPersistentVolume, "", "disk");
    volume["spec"] = {{"claimRef", {{"uid", MetaText(world_.Get(kinds::kPersistentVolumeClaim, claim), "uid")}}},
                      {"nodeAffinity", {{"required", {{"nodeSelectorTerms", Json::array({term})}}}}}};
    world_.Make(kinds::kPersistentVolume, volume);
    world_.Make(kinds::kLease, Named(kinds::kLease, kTestSpace, "demo-stores.2",
                                     {{kClusterLabel, "demo"}, {"pbfs.dev/lease", "stores"}}));
    world_.site().StopStore(StoreId{2}, StoreState::kDown);
    for (int round = 0; round < 12; ++round) {
      Look();
      world_.RunControllers();
      if (!world_.Exists(kinds::kPod, pod)) Replace(pod);
      world_.site().RepairAll();
      world_.clock().Advance(11'000'000);
    }
    EXPECT_FALSE(world_.Exists(kinds::kLease, "demo-stores.2")) << Cluster().dump(1);
  }
  void Replace(const std::string& pod) {
    Json claim = Named(kinds::kPersistentVolumeClaim, kTestSpace, "data-" + pod, PoolSelector("demo", "main"));
    claim["spec"] = {{"resources", {{"requests", {{"storage", "20Gi"}}}}}};
    world_.Make(kinds::kPersistentVolumeClaim, claim);
    world_.Make(kinds::kPod, Named(kinds::kPod, kTestSpace, pod));
    world_.site().Join(pod + ".demo-fs-main.storage.svc:9100");
  }
  void Rotate() {
    spec_["tls"]["caGeneration"] = 2;
    Put(kinds::kPbfsCluster, kTestSpace, "demo", spec_);
    for (int round = 0; round < 20; ++round) {
      Look();
      world_.RunControllers();
      world_.clock().Advance(31'000'000);
    }
    EXPECT_EQ(kube::Number(Cluster()["status"]["tls"], "caGeneration"), 2) << Cluster().dump(1);
  }
  // A store less, whose volume is kept.
  void Shrink() {
    spec_["fragmentStore"]["pools"][0]["replicas"] = kStores - 1;
    Put(kinds::kPbfsCluster, kTestSpace, "demo", spec_);
    const auto replicas = [&] {
      return kube::Number(kube::Member(world_.Get(kinds::kStatefulSet, "demo-fs-main"), "spec"), "replicas");
    };
    for (int round = 0; round < 20; ++round) {
      Look();
      world_.RunControllers();
      world_.site().RepairAll();
      world_.clock().Advance(11'000'000);
      if (replicas() < kStores && world_.Exists(kinds::kPod, PodName(kStores - 1)))
        world_.Remove(kinds::kPod, PodName(kStores - 1));
    }
    EXPECT_EQ(replicas(), kStores - 1) << Cluster().dump(1);
  }
  static std::string PodName(int ordinal) { return "demo-fs-main-" + std::to_string(ordinal); }

  void RemoveDependents() {
    world_.Remove(kinds::kPbfsCluster, "demo");
    Settle();
    EXPECT_EQ(ConditionOf(Cluster(), "DeletionBlocked"), "True/DeletionBlocked");
    for (const auto& [kind, name] : {std::pair(kinds::kPbfsBucket, "photos"),
                                     {kinds::kPbfsAccessKey, "reader"},
                                     {kinds::kPbfsSiteReplication, "away"}})
      ASSERT_OK(world_.kube().As("somebody").Delete(TestContext(), {kind, dependents_, name}, {}));
  }
  void End() {
    for (int i = 0; i + 1 < kStores; ++i) world_.Remove(kinds::kPod, PodName(i));  // as their sets' controllers do
    Settle();
    EXPECT_FALSE(world_.Exists(kinds::kPbfsCluster, "demo")) << Cluster().dump(1);
    EXPECT_FALSE(world_.Exists(kinds::kPersistentVolumeClaim, "data-demo-fs-main-0"));
  }

  static constexpr int kStores = 4;
  Json spec_;
  const std::string dependents_;  // the namespace of the bucket and the key
  FakeWorld world_{kStores};
  RecordedKube recorded_{world_.faults()};
  const OperatorOptions options_;
  SiteDirectory sites_;
  const OperatorWorld outside_{recorded_, world_.world().sites, world_.probe(), world_.clock(), world_.random()};
  ClusterReconciler clusters_{outside_, options_, sites_};
  BucketReconciler buckets_{outside_, options_, sites_};
  KeyReconciler keys_{outside_, options_, sites_};
  ReplicationReconciler links_{outside_, options_};
};

Json SpecWith(Json postgres) {
  Json spec = SmallestSpec();
  spec["deletionPolicy"] = "Delete";
  spec["fragmentStore"]["pools"][0]["replicas"] = 4;
  spec["fragmentStore"]["decommission"] = {{"minFreePercentAfter", 0}};
  spec["networkPolicy"]["mode"] = "Enabled";
  spec["monitoring"] = {{"serviceMonitor", "Enabled"}, {"grafanaDashboards", "Enabled"}};
  spec["redundancy"] = {{"dataShards", 1}, {"parityShards", 2}, {"failureDomain", "topology.kubernetes.io/zone"}};
  spec["tenancy"] = {{"allowedNamespaces", "Selector"}, {"selector", {{"matchLabels", {{"guest", "yes"}}}}}};
  spec["postgres"] = std::move(postgres);
  return spec;
}
Json ManagedSpec() {
  const Json away = {{"credentialsSecretRef", {{"name", "away"}}}};
  return SpecWith({{"type", "Managed"},
                   {"managed", {{"backup", {{"schedule", "@daily"}, {"s3", away}}}, {"restore", {{"s3", away}}}}}});
}
Json CloudNativePgSpec() {
  return SpecWith({{"type", "CloudNativePG"}, {"cloudNativePG", {{"scheduledBackup", {{"schedule", "@daily"}}}}}});
}
Json ExternalSpec() {
  return SpecWith({{"type", "External"}, {"external", {{"dsnSecretRef", {{"name", "dsn"}, {"key", "uri"}}}}}});
}

/// An upgrade whose second store does not start, and the way back.
std::set<RecordedKube::Use> UsedByUpgrades() {
  const auto demo = RollingCluster::Ready();
  demo->sets().is_bad = [](const Json& pod) {
    return MetaText(pod, "name") == "demo-fs-main-1" && pod.dump().find(":0.1.1\"") != std::string::npos;
  };
  demo->Edit([](Json& spec) {
    spec["version"] = "0.1.1";
    spec["fragmentStore"]["pools"][0]["config"] = {{"limits.threads", "8"}};
  });
  demo->Rounds(40);
  demo->WantVersion("0.1.0");
  EXPECT_TRUE(demo->Settle());
  demo->Rounds(2);
  return demo->calls().uses();
}

Rights AllNeeded() {
  Rights out = ForItsLease();
  for (const RecordedKube::Use& use : UsedByUpgrades()) out.insert(use.right);
  for (const Json& spec : {ManagedSpec(), CloudNativePgSpec(), ExternalSpec()})
    for (const RecordedKube::Use& use : Life(spec, "", kGuestSpace).Live()) out.insert(use.right);
  return out;
}
const Rights& Needed() {
  static const Rights all = AllNeeded();
  return all;
}

TEST(RightsTest, WhatItCallsItMay) { EXPECT_THAT(Without(Needed(), Granted()), IsEmpty()); }

TEST(RightsTest, WhatItGivesItHas) {
  const Rights given = GivenToAnyCluster();
  EXPECT_TRUE(given.contains({"", "endpoints", "patch"}));
  EXPECT_THAT(Without(given, Granted()), IsEmpty());
}

TEST(RightsTest, NoRightIsForNothing) {
  EXPECT_THAT(Without(Without(Granted(), Needed()), GivenToAnyCluster()), IsEmpty());
}

// Installed for one namespace it has a Role there, and of the cluster what no namespace has.
TEST(RightsTest, ForOneNamespaceItReachesForNoOther) {
  const std::set<RecordedKube::Use> uses = Life(ExternalSpec(), kTestSpace, kTestSpace).Live();
  for (const auto& [right, space] : uses) {
    if (right.resource == "nodes" || right.resource == "namespaces" || right.resource == "persistentvolumes") continue;
    EXPECT_EQ(space, kTestSpace) << ::testing::PrintToString(right);
  }
}

}  // namespace
}  // namespace pbfs::operators
