#include "services/operator/living_cluster.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/base/check.h"
#include "libs/base/testing.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {

namespace kinds = kube::kinds;

namespace {

constexpr const char* kProtection = "kubernetes.io/pvc-protection";

Json DefaultSpec() {
  Json spec = SmallestSpec();
  spec["fragmentStore"]["pools"][0]["replicas"] = LivingCluster::kStores;
  spec["fragmentStore"]["decommission"] = {{"minFreePercentAfter", 0}};
  spec["postgres"] = {{"type", "External"}, {"external", {{"dsnSecretRef", {{"name", "dsn"}, {"key", "uri"}}}}}};
  return spec;
}

Json Meta(const std::string& name) { return {{"name", name}, {"namespace", kTestSpace}}; }

}  // namespace

LivingCluster::LivingCluster(const Json& spec) : spec_(DefaultSpec()) {
  spec_.merge_patch(spec);
  world_.Make(kinds::kSecret, {{"apiVersion", "v1"},
                               {"kind", "Secret"},
                               {"metadata", Meta("dsn")},
                               {"data", EncodeSecretValues({{"uri", "host=db"}})}});
  world_.Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", spec_));
  world_.site().NamePods("demo-fs-main");
  for (int i = 0; i < kStores; ++i) MakeVolumeOf(i), RunPod(i);
}

std::string LivingCluster::Step() { return kube::Text(kube::Member(Cluster()["status"], "operation"), "step"); }
std::string LivingCluster::Operation() { return kube::Text(kube::Member(Cluster()["status"], "operation"), "type"); }

StoreState LivingCluster::StateOf(uint32_t store) {
  const ClusterMap map = *world_.site().catalog().WatchMap(Context(), -1);
  const StoreInfo* found = map.FindStore(StoreId{store});
  PBFS_CHECK(found != nullptr);
  return found->state;
}

uint32_t LivingCluster::StoreIn(int ordinal) {
  const ClusterMap map = *world_.site().catalog().WatchMap(Context(), -1);
  for (const StoreInfo& store : map.stores)
    if (store.state == StoreState::kUp && PodOf(store) == Pod(ordinal)) return store.id.value;
  return 0;
}

int LivingCluster::Count(StoreState state) {
  const ClusterMap map = *world_.site().catalog().WatchMap(Context(), -1);
  return static_cast<int>(std::count_if(map.stores.begin(), map.stores.end(),
                                        [&](const StoreInfo& store) { return store.state == state; }));
}

void LivingCluster::Edit(const Json& spec) {
  spec_.merge_patch(spec);
  world_.Edit(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", spec_));
}

void LivingCluster::Annotate(const std::string& key, const std::string& value) {
  Json object = ObjectOf(kinds::kPbfsCluster, "demo", spec_);
  object["metadata"]["annotations"] = {{key, value}};
  world_.Edit(kinds::kPbfsCluster, object);
}

void LivingCluster::StopStore(uint32_t store, StoreState state) { world_.site().StopStore(StoreId{store}, state); }

void LivingCluster::CrashNode(int node) {
  crashed_.insert("node" + std::to_string(node));
  for (int i = 0; i < kStores; ++i)
    if (NodeOfVolume(i) == "node" + std::to_string(node) && StoreIn(i) != 0) StopStore(StoreIn(i));
}

void LivingCluster::StartNode(int node) {
  crashed_.erase("node" + std::to_string(node));
  const ClusterMap map = *world_.site().catalog().WatchMap(Context(), -1);
  for (const StoreInfo& store : map.stores) {
    const Json claim = world_.Get(kinds::kPersistentVolumeClaim, ClaimOf(PodOf(store)));
    const Json volume = world_.Get(kinds::kPersistentVolume, kube::Text(kube::Member(claim, "spec"), "volumeName"));
    if (LabelOf(volume, "test/store") == std::to_string(store.id.value) &&
        LabelOf(volume, "test/node") == "node" + std::to_string(node) && store.state != StoreState::kGone)
      world_.site().StartStore(store.id);
  }
}

void LivingCluster::DeleteNode(int node) { world_.Remove(kinds::kNode, "node" + std::to_string(node)); }

void LivingCluster::PutOutOfService(int node) {
  Json object = world_.Get(kinds::kNode, "node" + std::to_string(node));
  object["spec"]["taints"] = Json::array({{{"key", "node.kubernetes.io/out-of-service"}, {"effect", "NoExecute"}}});
  world_.Edit(kinds::kNode, object);
}

void LivingCluster::MakeNode(int node) {
  const std::string name = "node" + std::to_string(node);
  world_.Make(kinds::kNode, {{"apiVersion", "v1"},
                             {"kind", "Node"},
                             {"metadata", {{"name", name}, {"labels", {{"kubernetes.io/hostname", name}}}}}});
}

bool LivingCluster::Runs(const std::string& node) {
  return !crashed_.contains(node) && world_.Exists(kinds::kNode, node);
}

std::string LivingCluster::NodeOfVolume(int ordinal) {
  const Json claim = world_.Get(kinds::kPersistentVolumeClaim, Claim(ordinal));
  return LabelOf(world_.Get(kinds::kPersistentVolume, kube::Text(kube::Member(claim, "spec"), "volumeName")),
                 "test/node");
}

// The provisioner's: on the pod's own node, or on the first that lives.
void LivingCluster::MakeVolumeOf(int ordinal) {
  std::string node = NodeOf(ordinal);
  for (int i = 1; i <= 3 && !Runs(node); ++i) node = "node" + std::to_string(i);
  const std::string volume = Volume(++volumes_);
  const Json claim =
      world_.Make(kinds::kPersistentVolumeClaim,
                  {{"apiVersion", "v1"},
                   {"kind", "PersistentVolumeClaim"},
                   {"metadata",
                    {{"name", Claim(ordinal)},
                     {"namespace", kTestSpace},
                     {"labels", PoolSelector("demo", "main")},
                     {"finalizers", Json::array({kProtection})}}},
                   {"spec", {{"volumeName", volume}, {"resources", {{"requests", {{"storage", "10Gi"}}}}}}}});
  const Json term = {
      {"matchExpressions",
       Json::array({{{"key", "kubernetes.io/hostname"}, {"operator", "In"}, {"values", Json::array({node})}}})}};
  world_.Make(
      kinds::kPersistentVolume,
      {{"apiVersion", "v1"},
       {"kind", "PersistentVolume"},
       {"metadata",
        {{"name", volume}, {"labels", {{"test/node", node}, {"test/store", std::to_string(StoreIn(ordinal))}}}}},
       {"spec",
        {{"persistentVolumeReclaimPolicy", "Delete"},
         {"claimRef", {{"uid", MetaText(claim, "uid")}}},
         {"nodeAffinity", {{"required", {{"nodeSelectorTerms", Json::array({term})}}}}}}}});
}

void LivingCluster::RunPod(int ordinal) {
  Json labels = PoolSelector("demo", "main");
  world_.Make(kinds::kPod, {{"apiVersion", "v1"},
                            {"kind", "Pod"},
                            {"metadata", {{"name", Pod(ordinal)}, {"namespace", kTestSpace}, {"labels", labels}}},
                            {"spec", {{"nodeName", NodeOfVolume(ordinal)}}}});
  const Json status = {{"apiVersion", "v1"},
                       {"kind", "Pod"},
                       {"metadata", Meta(Pod(ordinal))},
                       {"status", {{"phase", "Running"}, {"podIP", IpOf(ordinal)}}}};
  PBFS_CHECK(world_.kube().As("kubelet").ApplyStatus(Context(), kinds::kPod, status).ok());
  world_.probe().Bring(IpOf(ordinal));
}

void LivingCluster::JoinStore(int ordinal) {
  const uint32_t store = world_.site().Join(Pod(ordinal) + ".demo-fs-main.storage.svc:9100").value;
  Json volume = world_.Get(
      kinds::kPersistentVolume,
      kube::Text(kube::Member(world_.Get(kinds::kPersistentVolumeClaim, Claim(ordinal)), "spec"), "volumeName"));
  volume["metadata"]["labels"]["test/store"] = std::to_string(store);
  world_.Edit(kinds::kPersistentVolume, volume);
}

void LivingCluster::EndPod(int ordinal) {
  if (world_.Exists(kinds::kPod, Pod(ordinal))) world_.Remove(kinds::kPod, Pod(ordinal));
}

// Of the set's controller, the volumes' and the kubelets.
void LivingCluster::RunStores() {
  const Json set = world_.Get(kinds::kStatefulSet, "demo-fs-main");
  // A set that was deleted without its pods comes back.
  const int wanted = set.is_null() ? (Cluster().is_null() || IsBeingDeleted(Cluster()) ? 0 : kStores)
                                   : static_cast<int>(kube::Number(set["spec"], "replicas"));
  for (int i = 0; i < kStores; ++i) {
    if (i >= wanted) EndPod(i);
    Json claim = world_.Get(kinds::kPersistentVolumeClaim, Claim(i));
    const bool has_pod = world_.Exists(kinds::kPod, Pod(i));
    if (!claim.is_null() && IsBeingDeleted(claim) && !has_pod) {
      const Json volume = world_.Get(kinds::kPersistentVolume, kube::Text(claim["spec"], "volumeName"));
      claim["metadata"]["finalizers"] = Json::array();
      world_.Edit(kinds::kPersistentVolumeClaim, claim);
      if (!volume.is_null() && kube::Text(volume["spec"], "persistentVolumeReclaimPolicy") == "Delete")
        world_.Remove(kinds::kPersistentVolume, MetaText(volume, "name"));
      continue;
    }
    if (i >= wanted || set.is_null()) continue;
    if (claim.is_null()) {
      if (has_pod) EndPod(i);
      MakeVolumeOf(i);
      JoinStore(i);
    }
    if (!world_.Exists(kinds::kPod, Pod(i))) RunPod(i);
  }
}

void LivingCluster::Live() {
  world_.RunControllers();
  RunStores();
  world_.probe().Bring(IpOf(turn_++ % kStores));  // kubelets are not in step
  world_.site().RepairAll();
  world_.clock().Advance(11'000'000);
}

void LivingCluster::Round(ClusterReconciler& reconciler) {
  (void)reconciler.Reconcile(TestContext(), kTestSpace, "demo");
  Live();
}

void LivingCluster::RunUntil(ClusterReconciler& reconciler, const std::function<bool()>& done, int rounds) {
  for (int round = 0; round < rounds && !done(); ++round) Round(reconciler);
}

}  // namespace pbfs::operators
