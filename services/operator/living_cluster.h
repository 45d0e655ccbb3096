#pragma once

#include <functional>
#include <set>
#include <string>

#include "services/operator/cluster_reconciler.h"
#include "services/operator/fake_world.h"

namespace pbfs::operators {

/// For tests: a cluster "demo" on somebody else's PostgreSQL whose stores have pods, claims and local volumes, and what plays Kubernetes,
/// the stores and the repairer. Store i is number i + 1, in the pod demo-fs-main-<i>, on the node node<1 + i % 3>.
class LivingCluster {
 public:
  static constexpr int kStores = 4;
  /// `spec` is laid over that of a pool of kStores stores, 1+2.
  explicit LivingCluster(const Json& spec = Json::object());

  static std::string Pod(int ordinal) { return "demo-fs-main-" + std::to_string(ordinal); }
  static std::string IpOf(int ordinal) { return "10.0.0." + std::to_string(ordinal); }
  static std::string Claim(int ordinal) { return "data-" + Pod(ordinal); }
  static std::string Volume(int number) { return "pv-" + std::to_string(number); }

  FakeWorld& world() { return world_; }
  Json Cluster() { return world_.Get(kube::kinds::kPbfsCluster, "demo"); }
  bool IsReady() { return ConditionOf(Cluster(), "Ready") == "True/AllHealthy"; }
  std::string Step();
  /// Of the operation under way.
  std::string Operation();
  StoreState StateOf(uint32_t store);
  /// The store that is up in a pod; 0: none.
  uint32_t StoreIn(int ordinal);
  int Count(StoreState state);
  void Edit(const Json& spec);
  void Annotate(const std::string& key, const std::string& value);
  Json Spec() { return spec_; }

  /// Its pods and its stores stop where they are; the object stays.
  void CrashNode(int node);
  /// And comes back with its disks.
  void StartNode(int node);
  void DeleteNode(int node);
  void MakeNode(int node);
  void PutOutOfService(int node);
  /// A store stops and holds no lease; `state` is what the catalogs make of it.
  void StopStore(uint32_t store, StoreState state = StoreState::kSuspect);

  /// What goes on beside the operator: controllers, kubelets, new stores, the repairer, and eleven seconds.
  void Live();
  void Round(ClusterReconciler& reconciler);
  void RunUntil(ClusterReconciler& reconciler, const std::function<bool()>& done, int rounds = 40);

 private:
  void MakeVolumeOf(int ordinal);
  void RunStores();
  void RunPod(int ordinal);
  void EndPod(int ordinal);
  void JoinStore(int ordinal);
  static std::string NodeOf(int ordinal) { return "node" + std::to_string(1 + ordinal % 3); }
  bool Runs(const std::string& node);
  std::string NodeOfVolume(int ordinal);

  Json spec_;
  FakeWorld world_{kStores};
  std::set<std::string> crashed_;
  int volumes_ = 0, turn_ = 0;
};

}  // namespace pbfs::operators
