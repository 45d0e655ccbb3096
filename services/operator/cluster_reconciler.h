#pragma once

#include <string>

#include "services/operator/certificates.h"
#include "services/operator/live_objects.h"
#include "services/operator/object_pass.h"
#include "services/operator/site_directory.h"

namespace pbfs::operators {

/// Makes clusters what their objects say. Level-based: a look reads everything, works out what should be, writes what differs and says
/// when to look again; nothing depends on having seen a change, and a look that ends anywhere, with the process or without, is made up
/// for by the next. With nothing to do it writes nothing. Threads: any, one for each cluster.
class ClusterReconciler {
 public:
  /// `sites` is told how to reach each cluster's site.
  ClusterReconciler(const OperatorWorld& world, const OperatorOptions& options, SiteDirectory& sites)
      : world_(world), options_(options), sites_(sites) {}

  /// One look at the cluster of this name. What is wrong with the cluster stands in its conditions; an error is of the look itself,
  /// which is to be tried again.
  Result<LookAgain> Reconcile(const Context& context, const std::string& space, const std::string& name);

 private:
  const OperatorWorld world_;
  const OperatorOptions options_;
  SiteDirectory& sites_;
  SettledWrites settled_;
  CheckedPairs checked_;
};

}  // namespace pbfs::operators
