#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "services/operator/cluster_reconciler.h"
#include "services/operator/fake_world.h"
#include "services/operator/recorded_kube.h"

namespace pbfs::operators {

/// For tests: a cluster "demo" of three stores with pods that come and go, and what plays Kubernetes, the stores and time. A round is a look of
/// the operator and what follows from it.
class RollingCluster {
 public:
  static constexpr int kStores = 3;

  RollingCluster();
  /// The same, as it is when everything is ready.
  static std::unique_ptr<RollingCluster> Ready();

  /// As a person edits the spec.
  void Edit(const std::function<void(Json& spec)>& edit);
  void WantVersion(const std::string& version);
  void Annotate(const std::string& name, const std::string& value);
  /// From now on another process looks, of another release if need be.
  void NewOperator(const std::string& version = "0.1.0", const std::string& tag = "0.1.0");

  void Round();
  bool RunUntil(const std::function<bool()>& done, int rounds = 120);
  /// Until Ready/AllHealthy, with all that was asked for done.
  bool Settle();
  void Rounds(int rounds);

  FakeWorld& world() { return world_; }
  /// Of all operators.
  const RecordedKube& calls() const { return recorded_; }
  FakeSets& sets() { return *sets_; }
  Json Cluster() { return world_.Get(kube::kinds::kPbfsCluster, "demo"); }
  std::string Condition(const std::string& type) { return ConditionOf(Cluster(), type); }
  std::string Step();
  bool IsReady() { return Condition("Ready") == "True/AllHealthy"; }
  std::string TagOf(const std::string& pod);
  /// Of all pods; one where all have the same.
  std::set<std::string> Tags();
  Json Set(const std::string& name) { return world_.Get(kube::kinds::kStatefulSet, name); }
  /// Pods that were made anew since the last Forget(), in that order.
  const std::vector<std::string>& restarted() const { return restarted_; }
  void Forget() { restarted_.clear(); }
  /// The most stores that were away at once since the last Forget().
  int most_away() const { return most_away_; }
  void KeepAway(int store) { kept_away_.insert(store); }
  void LetBack(int store) { kept_away_.erase(store); }

 private:
  void WatchPods();
  void ReportStores();

  FakeWorld world_{kStores};
  RecordedKube recorded_{world_.faults()};
  const OperatorWorld outside_{recorded_, world_.world().sites, world_.probe(), world_.clock(), world_.random()};
  FakeSets* sets_;
  Json spec_;
  OperatorOptions options_ = FakeWorld::Options();
  SiteDirectory sites_;
  std::unique_ptr<ClusterReconciler> operator_;
  std::map<std::string, std::string> uids_;  // of pods
  std::vector<std::string> restarted_;
  std::set<int> kept_away_;  // stores that the catalogs miss, whatever their pods say
  int most_away_ = 0;
};

}  // namespace pbfs::operators
