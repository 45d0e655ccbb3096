#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "libs/catalog/faulty_catalog.h"
#include "libs/client/twin_cluster.h"
#include "libs/fragments/map_fragment_stores.h"
#include "libs/kube/faulty_kube.h"
#include "libs/kube/memory_kube.h"
#include "services/operator/fake_sets.h"
#include "services/operator/object_pass.h"
#include "services/operator/site_directory.h"

/// The outside of the operator for tests: a Kubernetes in memory whose controllers do what they should when told to, and a site of twins.
namespace pbfs::operators {

/// Stores that came later, besides those of the twins. They are empty, and hold nothing.
class JoinedStores final : public FragmentStores {
 public:
  explicit JoinedStores(FragmentStores& twins) : twins_(twins) {}
  Result<std::shared_ptr<FragmentStore>> Find(StoreId store) override {
    Result<std::shared_ptr<FragmentStore>> found = joined_.Find(store);
    return found.ok() ? found : twins_.Find(store);
  }
  MapFragmentStores& joined() { return joined_; }

 private:
  FragmentStores& twins_;
  MapFragmentStores joined_;
};

class TwinSite final : public Site {
 public:
  explicit TwinSite(int stores)
      : twins_({.stores = stores, .k = 1, .m = 2}),
        client_(twins_.NewClient({.threads = 1}, faults_.ports(), twins_.keys())),
        documents_(*client_) {}
  Client& client() override { return *client_; }
  Groups& groups() override { return faults_.ports().groups; }
  Repairs& repairs() override { return twins_.catalog(); }
  FragmentStores& stores() override { return stores_; }
  SystemBucket& documents() override { return documents_; }

  /// From now on store i is reached in the pod "<set>-<i>".
  void NamePods(const std::string& set);
  /// The repairer's turn: every group is looked for, and found whole.
  void RepairAll();
  void StopRepairs() { repairs_stopped_ = true; }
  void SetState(int store, StoreState state);
  /// A store that does not answer, and what the catalogs make of it; one that is up again; and one more, empty and with a number of its own.
  void StopStore(StoreId store, StoreState state);
  void StartStore(StoreId store);
  StoreId Join(const std::string& address);
  /// As others see it: without faults.
  MemoryCatalog& catalog() { return twins_.catalog(); }
  /// Of the calls of client(), documents() and groups().
  FaultyCatalog& faults() { return faults_; }
  /// Another client, as users have one: no fault reaches it.
  std::unique_ptr<Client> NewClient() { return twins_.NewClient({.threads = 1}); }

 private:
  void SetStoreState(StoreId store, StoreState state);

  bool repairs_stopped_ = false;
  TwinCluster twins_;
  JoinedStores stores_{twins_.fragment_stores()};
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

/// What the pods of a cluster "demo" have of certificates: what their kubelets have brought them, which is not at once what Secrets hold. They
/// are known by their addresses, "10.0.0.<n>". Threads: one.
class TwinProbe final : public kube::PodProbe {
 public:
  struct Held {
    std::string trust, certificate, key;
  };
  explicit TwinProbe(kube::MemoryKube& kube) : kube_(kube) {}
  /// The kubelet's turn for one pod.
  void Bring(const std::string& ip);
  const std::map<std::string, Held>& held() const { return held_; }

  Result<uint32_t> HashOfFile(const Context& context, const std::string& address, const std::string& file) override;
  Result<std::string> Served(const Context& context, const std::string& address) override;

 private:
  kube::MemoryKube& kube_;
  std::map<std::string, Held> held_;  // by ip
};

/// Of a crash matrix: the operator dies at its n-th call to Kubernetes, or the site's catalogs fail at the n-th call to them.
struct Fault {
  bool of_site = false;
  bool happens = false;  // the call that it is about
  int64_t call = 1;
  bool of_writes =
      false;  // only calls to Kubernetes that write are counted: a tenth, and they leave all that there is to be found
};
/// Calls `scene`, which says whether its fault was reached, for every fault that there is.
void WalkFaults(const std::function<bool(const Fault&)>& scene);
/// The same at every write to Kubernetes, and every call to the site.
void WalkWrites(const std::function<bool(const Fault&)>& scene);

class FakeWorld {
 public:
  explicit FakeWorld(int stores = 3);

  OperatorWorld world() { return {faults_, door_, probe_, clock_, random_}; }
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
  /// Whether its kinds are served; at first they are not.
  void InstallCloudNativePg(bool is_there);
  /// From now on the controller of StatefulSets makes pods and replaces them one by one.
  FakeSets& PlaySets() { return sets_.emplace(others_); }
  /// Looks and controllers in turns, until nobody writes.
  void Settle(const std::function<void()>& look);
  /// As a person would.
  Json Make(const kube::Kind& kind, Json object);
  Json Get(const kube::Kind& kind, const std::string& name, const std::string& space = kTestSpace);
  bool Exists(const kube::Kind& kind, const std::string& name, const std::string& space = kTestSpace);
  std::vector<Json> All(const kube::Kind& kind);
  /// Whether a Job brings the schema of "demo" up to date, or has.
  bool Migrates();
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
  TwinProbe& probe() { return probe_; }
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
  std::optional<FakeSets> sets_;
  TwinSiteDoor door_;
  TwinProbe probe_{kube_};
  SiteDirectory directory_;
};

/// "True/AllHealthy" of a condition; empty if the object has none of this type.
std::string ConditionOf(const Json& object, const std::string& type);
Json ObjectOf(const kube::Kind& kind, const std::string& name, Json spec, const std::string& space = kTestSpace);

}  // namespace pbfs::operators
