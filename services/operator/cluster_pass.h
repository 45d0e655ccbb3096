#pragma once

#include <string>
#include <vector>

#include "libs/catalog/types.h"
#include "libs/fragments/fragment_store.h"
#include "services/operator/certificates.h"
#include "services/operator/cluster_reconciler.h"
#include "services/operator/conditions.h"
#include "services/operator/names.h"
#include "services/operator/rollout.h"
#include "services/operator/site_identity.h"

/// One look at one cluster: private to ClusterReconciler.
namespace pbfs::operators {

inline constexpr const char* kClusterFinalizer = "pbfs.dev/cluster";

// Long operations: status.operation.type. One at a time.
inline constexpr const char* kScaleDown = "ScaleDown";
inline constexpr const char* kExpandVolumes = "ExpandVolumes";
inline constexpr const char* kUpgrade = "Upgrade";
inline constexpr const char* kRestart = "Restart";

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
  /// `may_begin`: whether what is not there may come; `may_wake`: whether what was hibernated may.
  void PutSets(const Part& part, bool may_begin, bool may_wake);
  void PutWorkloads();
  /// Whether PostgreSQL can be spoken to, as far as is known without a catalog.
  bool DatabaseReady();
  bool CloudNativePgReady();
  bool HasSchema() const;
  Status StepMigration();
  Status EndOtherMigrations(const std::string& wanted);
  void Note(const std::string& what, const Status& status);

  // cluster_rollout.cc: which templates StatefulSets have, and which they are to have.
  bool RefuseNewer();
  void ReadRollout();
  Status KeepRollout();
  ClusterIntent IntentBy(const Json& spec, const std::string& restarted_at) const;
  std::string MadeBy() const;
  Status FollowSpec();
  Status MoveAtOnce();
  bool NeedsOrder() const;
  bool NeedsMigration() const;
  const Json& PlanToCome(const std::string& set) const;
  void PutConfigs();
  Status PruneConfigs();
  Json Planned(Json set, std::optional<int> partition = std::nullopt) const;
  int PartitionOf(const Json& set, const std::string& hash) const;
  bool IsOfItsPlan(const std::string& set) const;
  bool IsSettled(const std::string& set) const;
  void ReportPending();

  // cluster_upgrade.cc
  struct Block {
    const char* reason;
    std::string message;
  };
  bool IsRolling() const { return IsUnderWay(kUpgrade) || IsUnderWay(kRestart); }
  bool StoresBehind() const;
  /// Whether nothing else may begin.
  bool StepRollout();
  void ReportBlock(const char* reason, const std::string& message);
  std::optional<Block> CheckVersions() const;
  std::optional<Block> CheckUpgrade() const;
  Status BeginRoll();
  Result<bool> BecomesUpgrade();
  Status StepRoll();
  std::vector<std::string> RollOrder(bool back) const;
  bool IsAtCollector() const;
  bool CollectorIsBack() const;
  Status MoveNext(const std::string& set, bool back);
  Result<bool> Settle(const std::string& set);
  void Reach(const std::string& step, const std::string& message);
  Status FinishRoll();

  // cluster_store_roll.cc
  Result<bool> SettleStores(const std::string& set);
  std::string StoreTrouble();
  Result<bool> IsPodReady(const std::string& pod);
  Status EndStrays(const Json& set);
  Status Lower(const std::string& set, int partition);
  void AwaitCanary(const std::string& set, int partition);

  // cluster_hibernation.cc
  bool IsGone(const std::string& set) const;
  bool MaySleep(const Part& part) const;
  int ReplicasNow(const Json& set, const Part& part, bool may_wake) const;
  std::string StillRunning() const;
  void ReportHibernation();

  // cluster_status.cc: what is to be seen.
  Pods PodsOf(const std::string& set) const;
  int ReadyCatalogs() const;
  Result<std::shared_ptr<Site>> OpenSite();
  void LookAtSite();
  bool StoresSuffice() const;
  void Observe();
  void ObserveStores();
  void ObserveComponents();
  void ObservePods();
  void ObserveClaims();
  void Judge();
  std::string TroubleReason(std::string& message) const;

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
  Status EndCloudNativePg();
  Status RemoveData();

  SiteDirectory& sites_;
  CheckedPairs& checked_;
  LiveObjects live_;
  ClusterIntent intent_;
  Json followed_;              // the spec that intent_ is of
  std::vector<Json> objects_;  // that the intent means
  Rollout rollout_;
  bool deferred_ = false;  // pods would be made otherwise now, and nobody has asked for that
  std::optional<SiteLook> site_;
  std::vector<std::string> problems_;          // what could not be written, and why
  std::vector<std::string> pod_troubles_;      // why pods do not run
  Duration again_ = std::chrono::seconds(30);  // stores come and go, and no object tells
};

}  // namespace pbfs::operators
