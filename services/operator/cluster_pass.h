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
inline constexpr const char* kReplaceStore = "ReplaceStore";
inline constexpr const char* kRotateAuthority = "RotateCA";

// Labels of the claim of a store that was removed, and of the volume of one that was lost: what would have become of it is the last.
inline constexpr const char* kRetired = "pbfs.dev/retired";
inline constexpr const char* kStoreLabel = "pbfs.dev/store-id";
inline constexpr const char* kReclaimLabel = "pbfs.dev/reclaim-policy";

inline constexpr Duration kPatience = std::chrono::seconds(5);  // of one call to a site

/// The store that an operation is about, by what no other one can have.
struct StoreTarget {
  std::string pod, pod_uid, claim_uid, set, pool;
  StoreId store;
  int ordinal = 0;
};
/// Errors: FAILED_PRECONDITION a status that somebody else wrote.
Result<StoreTarget> TargetOf(const Json& operation, const std::string& cluster);

/// Whether it is a StatefulSet of this part's pods, rendered or live.
bool IsSetOf(const Json& object, const Part& part);
/// "demo-fs-hot-0" of "demo-fs-hot-0.demo-fs-hot.storage.svc:9100".
std::string PodOf(const StoreInfo& store);
/// The claim of a store's pod.
std::string ClaimOf(const std::string& pod);

/// What a claim, or a template of claims, asks for. Errors: INVALID_ARGUMENT nothing that is an amount.
Result<Quantity> SizeOfClaim(const Json& claim);

/// Whether a bucket, a key or a link lives in this cluster.
bool RefersTo(const Json& object, const std::string& space, const std::string& cluster);

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

  /// A store that is away, and what is known of its volume.
  struct Loss {
    StoreInfo store;
    std::string pod, claim_uid, volume;  // empty: there is none
    std::string why;                     // it cannot come back; empty: it may
    std::string unknown;                 // why that cannot be told
    bool said = false;                   // by a person
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
  bool StoresServe() const;
  bool StoresSuffice() const;
  void Observe();
  void ObserveStores();
  void ObserveComponents();
  void ObservePods();
  void ObserveClaims();
  void Judge();
  std::string TroubleReason(std::string& message) const;

  // cluster_postgres.cc
  std::string PatroniTrouble(int shard);

  // cluster_backup.cc
  /// Whether there is, or was, a database with something in it.
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

  // cluster_replacement.cc
  const StoreInfo& LastIn(const StoreInfo& store) const;
  const StoreInfo* SuccessorOf(const StoreInfo& store) const;
  void LookForLosses();
  Loss LossOf(const StoreInfo& store);
  std::string AdviceOn(const StoreInfo& store) const;
  bool StepLoss();
  Result<bool> CanSpare(const std::vector<StoreInfo>& missing);
  Status CheckReplacement(const Loss& loss);
  Status BeginReplacement(const Loss& loss);
  Status StepReplacement();
  Status CancelReplacement(const StoreTarget& target);
  Result<Json> VolumeOf(const StoreTarget& target);
  Status PutVolume(const Json& volume, const std::string& policy, Json labels);
  Status RetainVolume(const StoreTarget& target);
  Status DeleteLostClaim(const StoreTarget& target);
  Result<bool> EndPod(const std::string& name, const std::string& pod_uid);
  Status EndLostStore(const StoreTarget& target);
  Status ForgetReplaced();

  // authority_rotation.cc
  Succession SuccessionNow() const;
  bool IsRotationDue() const;
  bool StepRotation();
  Status BeginRotation();
  Status RotateOn();
  Status CheckFile(const Json& pod, const char* file, const std::string& text);
  Status CheckTrust(const Json& pod);
  Status CheckOwn(const Json& pod);
  Status CheckServed(const Json& pod, int port, const std::string& certificate);
  Status CheckKeys();
  Status EndRotation();

  // cluster_leases.cc
  Status DeleteLease(const Json& lease);
  Status SweepLeases();
  Status RemoveLeases();

  // cluster_deletion.cc
  Result<LookAgain> Delete();
  Result<std::vector<std::string>> Dependents();
  bool IsSpaceEnding();
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
  std::vector<Json> nodes_;
  std::vector<Loss> losses_;
  std::vector<std::string> problems_;          // what could not be written, and why
  std::vector<std::string> pod_troubles_;      // why pods do not run
  Duration again_ = std::chrono::seconds(30);  // stores come and go, and no object tells
};

}  // namespace pbfs::operators
