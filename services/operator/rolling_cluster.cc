#include "services/operator/rolling_cluster.h"

#include <fmt/format.h>

#include "libs/base/testing.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {

namespace kinds = kube::kinds;

RollingCluster::RollingCluster() : sets_(&world_.PlaySets()), spec_(SmallestSpec()) {
  spec_["postgres"] = {{"type", "External"}, {"external", {{"dsnSecretRef", {{"name", "dsn"}, {"key", "uri"}}}}}};
  spec_["catalog"] = {{"replicas", 2}};
  spec_["gateway"] = {{"replicas", 2}};
  world_.Make(kinds::kSecret, {{"apiVersion", "v1"},
                               {"kind", "Secret"},
                               {"metadata", {{"name", "dsn"}, {"namespace", kTestSpace}}},
                               {"data", EncodeSecretValues({{"uri", "host=db"}})}});
  world_.Make(kinds::kPbfsCluster, ObjectOf(kinds::kPbfsCluster, "demo", spec_));
  world_.site().NamePods("demo-fs-main");
  NewOperator();
}

std::unique_ptr<RollingCluster> RollingCluster::Ready() {
  auto cluster = std::make_unique<RollingCluster>();
  EXPECT_TRUE(cluster->Settle()) << cluster->Cluster().dump(1);
  cluster->restarted_.clear();
  cluster->most_away_ = 0;
  return cluster;
}

void RollingCluster::Edit(const std::function<void(Json& spec)>& edit) {
  edit(spec_);
  Json object = ObjectOf(kinds::kPbfsCluster, "demo", spec_);
  const Json annotations = kube::Member(Cluster()["metadata"], "annotations");
  if (annotations.is_object()) object["metadata"]["annotations"] = annotations;
  world_.Edit(kinds::kPbfsCluster, object);
}
void RollingCluster::WantVersion(const std::string& version) {
  Edit([&](Json& spec) { spec["version"] = version; });
}
void RollingCluster::Annotate(const std::string& name, const std::string& value) {
  Json object = ObjectOf(kinds::kPbfsCluster, "demo", spec_);
  object["metadata"]["annotations"] = {{name, value}};
  world_.Edit(kinds::kPbfsCluster, object);
}

void RollingCluster::NewOperator(const std::string& version, const std::string& tag) {
  const auto image = [&](const char* program) { return fmt::format("registry.example/{}:{}", program, tag); };
  options_.version = version;
  options_.images = {image("pbfs-gateway"),           image("pbfs-catalog"),  image("pbfs-fragment-store"),
                     image("pbfs-garbage-collector"), image("pbfs-repairer"), image("pbfs-postgres")};
  operator_ = std::make_unique<ClusterReconciler>(outside_, options_, sites_);
}

void RollingCluster::Round() {
  (void)operator_->Reconcile(TestContext(), kTestSpace, "demo");
  world_.RunControllers();
  WatchPods();
  ReportStores();
  world_.site().RepairAll();
  world_.clock().Advance(3'000'000);
}

bool RollingCluster::RunUntil(const std::function<bool()>& done, int rounds) {
  for (int round = 0; round < rounds && !done(); ++round) Round();
  return done();
}
void RollingCluster::Rounds(int rounds) {
  for (int round = 0; round < rounds; ++round) Round();
}
bool RollingCluster::Settle() {
  Round();  // what was asked for just now is seen
  return RunUntil([&] { return IsReady() && !Cluster()["status"].contains("operation"); });
}

void RollingCluster::WatchPods() {
  int away = 0;
  for (const Json& pod : world_.All(kinds::kPod)) {
    const std::string name = MetaText(pod, "name"), uid = MetaText(pod, "uid");
    if (uids_.contains(name) && uids_[name] != uid) restarted_.push_back(name);
    uids_[name] = uid;
    away += name.starts_with("demo-fs-") && !IsPodReady(pod) ? 1 : 0;
  }
  most_away_ = std::max(most_away_, away);
}

void RollingCluster::ReportStores() {
  for (int i = 0; i < kStores; ++i) {
    const Json pod = world_.Get(kinds::kPod, fmt::format("demo-fs-main-{}", i));
    const bool there = !pod.is_null() && IsPodReady(pod) && !kept_away_.contains(i);
    world_.site().SetState(i, there ? StoreState::kUp : StoreState::kSuspect);
  }
}

std::string RollingCluster::Step() {
  return kube::Text(kube::Member(kube::Member(Cluster(), "status"), "operation"), "step");
}

std::string RollingCluster::TagOf(const std::string& name) {
  const Json pod = world_.Get(kinds::kPod, name);
  if (pod.is_null()) return "";
  const std::string image = pod["spec"]["containers"][0]["image"];
  return image.substr(image.rfind(':') + 1);
}
std::set<std::string> RollingCluster::Tags() {
  std::set<std::string> tags;
  for (const Json& pod : world_.All(kinds::kPod)) tags.insert(TagOf(MetaText(pod, "name")));
  return tags;
}

}  // namespace pbfs::operators
