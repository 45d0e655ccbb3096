#pragma once

#include <string>
#include <vector>

#include "libs/catalog/types.h"
#include "libs/fragments/fragment_store.h"
#include "services/operator/certificates.h"
#include "services/operator/cluster_reconciler.h"
#include "services/operator/conditions.h"
#include "services/operator/site_identity.h"

/// One look at one cluster: private to ClusterReconciler.
namespace pbfs::operators {

inline constexpr const char* kClusterFinalizer = "pbfs.dev/cluster";

// Long operations: status.operation.type. One at a time.
inline constexpr const char* kScaleDown = "ScaleDown";
inline constexpr const char* kExpandVolumes = "ExpandVolumes";

// Labels of the claim of a store that was removed.
inline constexpr const char* kRetired = "pbfs.dev/retired";
inline constexpr const char* kStoreLabel = "pbfs.dev/store-id";

/// What a claim, or a template of claims, asks for. Errors: INVALID_ARGUMENT nothing that is an amount.
Result<Quantity> SizeOfClaim(const Json& claim);

class ClusterPass : private ObjectPass {
 public:
  ClusterPass(const OperatorWorld& world, const OperatorOptions& options, SettledWrites& settled, CheckedPairs& checked,
              SiteDirectory& sites, Context context, Json cluster);

  Result<LookAgain> Run();

 private:
  /// Pods of one StatefulSet, as its status counts them; all zero where there is none.
  struct Pods {
    int wanted = 0, ready = 0;
    bool current = false;  // all of the newest template
    bool WellOrNone() const { return ready >= wanted && current; }
  };
  /// What was seen of the site through its catalogs.
  struct SiteLook {
    ClusterMap map;
    Redundancy redundancy;
  };

  // cluster_pass.cc: from the spec to what stands in Kubernetes.
  Result<LookAgain> ReportDenied(const Status& status);
  /// False: there is no spec to follow.
  Result<bool> ReadSpec();
  Status KeepValidSpec();
  Status PinPostgres();
  Status Identify();
  Status GatherFacts();
  Status GatherPool(const Pool& pool);
  Status KeepAllCertificates();
  Status KeepPostgresSecrets();
  Status PutDomains(const std::vector<Json>& nodes);
  void PutAll();
  void PutWorkloads(const std::vector<Json>& objects);
  /// Whether PostgreSQL can be spoken to, as far as is known without a catalog.
  bool DatabaseReady();
  bool SchemaReady();
  Status StepMigration();
  void Note(const std::string& what, const Status& status);

  // cluster_status.cc: what is to be seen.
  Pods PodsOf(const std::string& set) const;
  int ReadyCatalogs() const;
  Result<std::shared_ptr<Site>> OpenSite();
  void LookAtSite();
  bool StoresSuffice() const;
  void Observe();
  void ObserveStores();
  void ObserveComponents();
  void Judge();
  std::string TroubleReason(std::string& message) const;

  // cluster_postgres.cc
  std::string PatroniTrouble(int shard);

  // cluster_backup.cc
  /// Whether there is, or was, a database with something in it.
  bool HasCatalog() const;
  bool WantsRestore() const;
  Status StepRestore();
  void ObserveBackups();
  void ObserveRestore();

  // cluster_growth.cc
  void StepOperations();
  bool IsUnderWay(const char* operation) const;
  const Pool* GrowingPool() const;
  Status BeginGrowth(const Pool& pool);
  Status StepGrowth();
  Status GrowClaims(const std::string& set, const Pool& pool);
  Status AwaitGrowth(const std::string& set, const Pool& pool);

  // cluster_scaling.cc
  Status StepScaling();
  int ReplicasOf(const std::string& pool) const;
  const Pool* ShrinkingPool() const;
  const StoreInfo* StoreOf(const std::string& pod) const;
  Status CheckRemoval(const std::string& set, const StoreInfo& victim);
  Result<StoreStat> StatOf(StoreId id);
  Status BeginRemoval(const Pool& pool);
  Status StepRemoval();
  void GoOn(const std::string& step, const std::string& message);
  int64_t SecondsSinceProgress() const;
  Status PutState(StoreId id, StoreState state);
  Status Drain(StoreId id, const std::string& pod, const std::string& pool);
  Status Prove();
  Status Remove(StoreId id);
  Status Shrink(const std::string& set, const std::string& pool, int ordinal);
  Status AwaitPodsEnd(const std::string& pod, const std::string& pod_uid);
  Status SettleClaim(const std::string& pod, const std::string& claim_uid, StoreId id);
  Status CapStores();
  bool IsBeyondRecall() const;
  Result<std::string> RetiredStoreOf(const std::string& pod);

  // cluster_deletion.cc
  Result<LookAgain> Delete();
  Result<std::vector<std::string>> Dependents();
  Result<bool> RemoveWorkloads();
  Status RemoveData();

  SiteDirectory& sites_;
  CheckedPairs& checked_;
  LiveObjects live_;
  ClusterIntent intent_;
  std::optional<SiteLook> site_;
  std::vector<std::string> problems_;          // what could not be written, and why
  Duration again_ = std::chrono::seconds(30);  // stores come and go, and no object tells
};

}  // namespace pbfs::operators
