#pragma once

#include <memory>
#include <string>

#include "services/operator/object_pass.h"
#include "services/operator/site_directory.h"

namespace pbfs::operators {

/// A look at an object that lives in a cluster of PBFS: a bucket, a key. Threads: one.
class DependentPass : public ObjectPass {
 protected:
  DependentPass(const OperatorWorld& world, const OperatorOptions& options, SiteDirectory& sites,
                const kube::Kind& kind, Context context, Json object);

  enum class Reach {
    kReached,     // site() and documents() can be used
    kNotAllowed,  // they can be used to take away what was given before its leave was withdrawn
    kNotNow,      // conditions say why
    kNoCluster    // there is no such cluster any more
  };
  /// Finds the cluster that the object names, whether it may, and its site.
  Result<Reach> ReachCluster();
  /// After ReachCluster, unless there is none.
  const Json& cluster() const { return cluster_; }
  Site& site() { return *site_; }
  /// PEM of whom its gateways' certificates are signed by.
  const std::string& site_ca() const { return ca_; }
  SystemBucket& documents() { return site_->documents(); }
  const Json& spec() const { return kube::Member(object_, "spec"); }
  bool IsForced() const;
  /// Says why it is not ready, writes the status, and comes back.
  Result<LookAgain> NotReady(const std::string& reason, const std::string& message, Duration again);
  /// The look's outcome, where a site that does not answer is something to be seen.
  Result<LookAgain> Seen(Result<LookAgain> look);

 private:
  Result<bool> IsAllowed();

  SiteDirectory& sites_;
  Json cluster_;
  std::shared_ptr<Site> site_;
  std::string ca_;
};

/// Whether labels fit a selector of Kubernetes (matchLabels and matchExpressions).
bool FitsSelector(const Json& labels, const Json& selector);

}  // namespace pbfs::operators
