#pragma once

#include <string>
#include <vector>

#include "libs/catalog/types.h"
#include "services/operator/certificates.h"
#include "services/operator/cluster_reconciler.h"
#include "services/operator/conditions.h"
#include "services/operator/site_identity.h"

/// One look at one cluster: private to ClusterReconciler.
namespace pbfs::operators {

inline constexpr const char* kClusterFinalizer = "pbfs.dev/cluster";

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
  void LookAtSite();
  bool StoresSuffice() const;
  void Observe();
  void ObserveStores();
  void ObserveComponents();
  void Judge();
  std::string TroubleReason(std::string& message) const;

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
