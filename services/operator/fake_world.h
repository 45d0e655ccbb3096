#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/catalog/faulty_catalog.h"
#include "libs/client/twin_cluster.h"
#include "libs/kube/faulty_kube.h"
#include "libs/kube/memory_kube.h"
#include "services/operator/object_pass.h"
#include "services/operator/site_directory.h"

/// The outside of the operator for tests: a Kubernetes in memory whose controllers do what they should when told to, and a site of twins.
namespace pbfs::operators {

class TwinSite final : public Site {
 public:
  explicit TwinSite(int stores)
      : twins_({.stores = stores, .k = 1, .m = 2}),
        client_(twins_.NewClient({.threads = 1}, faults_.ports(), twins_.keys())),
        documents_(*client_) {}
  Client& client() override { return *client_; }
  Groups& groups() override { return twins_.catalog(); }
  Repairs& repairs() override { return twins_.catalog(); }
  FragmentStores& stores() override { return twins_.fragment_stores(); }
  SystemBucket& documents() override { return documents_; }

  /// From now on store i is reached in the pod "<set>-<i>".
  void NamePods(const std::string& set);
  /// The repairer's turn: every group is looked for, and found whole.
  void RepairAll();
  void StopRepairs() { repairs_stopped_ = true; }
  void SetState(int store, StoreState state);
  /// Of the calls of client() and documents().
  FaultyCatalog& faults() { return faults_; }
  /// Another client, as users have one: no fault reaches it.
  std::unique_ptr<Client> NewClient() { return twins_.NewClient({.threads = 1}); }

 private:
  bool repairs_stopped_ = false;
  TwinCluster twins_;
  FaultyCatalog faults_{twins_.catalog().ports(), twins_.random(), {}};
  std::unique_ptr<Client> client_;
  SystemBucket documents_;
};

/// Opens the same site for whoever asks.
class TwinSiteDoor final : public SiteDoor {
 public:
  explicit TwinSiteDoor(int stores) : site_(std::make_shared<TwinSite>(stores)) {}
  Result<std::shared_ptr<Site>> Open(const std::string&, const SiteKeys&) override {
    return std::shared_ptr<Site>(site_);
  }
  TwinSite& site() { return *site_; }

 private:
  std::shared_ptr<TwinSite> site_;
};

inline constexpr const char* kTestSpace = "storage";

/// Of a crash matrix: the operator dies at its n-th call to Kubernetes, or the site's catalogs fail at the n-th call to them.
struct Fault {
  bool of_site = false;
  bool happens = false;  // the call that it is about
  int64_t call = 1;
};
/// Calls `scene`, which says whether its fault was reached, for every fault that there is.
void WalkFaults(const std::function<bool(const Fault&)>& scene);

class FakeWorld {
 public:
  explicit FakeWorld(int stores = 3);

  OperatorWorld world() { return {faults_, door_, clock_, random_}; }
  static OperatorOptions Options();

  /// A PBFSCluster "demo" that serves, as one that became Available would have left it: for looks at what lives in it. `spec` is laid over
  /// the smallest that is right.
  void BeginCluster(const Json& spec = Json::object());
  /// Sets a condition of an object by hand.
  void SetCondition(const kube::Kind& kind, const std::string& name, const std::string& type, bool is);
  /// What looks at clusters have learnt.
  SiteDirectory& directory() { return directory_; }

  /// The controllers of Kubernetes: pods of every StatefulSet are ready, every Job has succeeded, Patroni has a
  /// primary and its standbys, every volume has
  /// what its claim asks for.
  void RunControllers();
  /// As a person would.
  Json Make(const kube::Kind& kind, Json object);
  Json Get(const kube::Kind& kind, const std::string& name, const std::string& space = kTestSpace);
  bool Exists(const kube::Kind& kind, const std::string& name, const std::string& space = kTestSpace);
  std::vector<Json> All(const kube::Kind& kind);
  void Edit(const kube::Kind& kind, Json object);
  void Remove(const kube::Kind& kind, const std::string& name, const std::string& space = kTestSpace);
  /// Everything that there is, with versions: equal if nobody wrote.
  Json Everything();

  /// From now on, until Heal().
  void Arm(const Fault& fault);
  bool Reached(const Fault& fault);
  void Heal();

  kube::FaultyKube& faults() { return faults_; }
  kube::MemoryKube& kube() { return kube_; }
  TwinSite& site() { return door_.site(); }
  ManualClock& clock() { return clock_; }
  Random& random() { return random_; }

 private:
  void RunPatroni(const Json& set);

  ManualClock clock_{1'800'000'000'000'000};
  SystemRandom random_;
  kube::MemoryKube kube_{clock_};
  kube::MemoryKube others_ = kube_.As("somebody");
  kube::FaultyKube faults_{kube_};
  TwinSiteDoor door_;
  SiteDirectory directory_;
};

/// "True/AllHealthy" of a condition; empty if the object has none of this type.
std::string ConditionOf(const Json& object, const std::string& type);
Json ObjectOf(const kube::Kind& kind, const std::string& name, Json spec, const std::string& space = kTestSpace);

}  // namespace pbfs::operators
