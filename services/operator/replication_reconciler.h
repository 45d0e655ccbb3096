#pragma once

#include <string>

#include "services/operator/object_pass.h"

namespace pbfs::operators {

/// Looks at PBFSSiteReplications. This release ships nothing to other sites, and says so in the object's condition: who made one must not
/// believe that his data are elsewhere. Threads: any, one for each object.
class ReplicationReconciler {
 public:
  ReplicationReconciler(const OperatorWorld& world, const OperatorOptions& options)
      : world_(world), options_(options) {}

  /// One look, as ClusterReconciler::Reconcile.
  Result<LookAgain> Reconcile(const Context& context, const std::string& space, const std::string& name);

 private:
  const OperatorWorld world_;
  const OperatorOptions options_;
};

}  // namespace pbfs::operators
