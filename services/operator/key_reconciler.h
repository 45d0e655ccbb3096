#pragma once

#include <functional>
#include <string>

#include "services/operator/object_pass.h"
#include "services/operator/site_directory.h"

namespace pbfs::operators {

/// Makes access keys what PBFSAccessKeys say, and keeps each in a Secret of its object's namespace. The Secret comes first, then the site
/// learns of the pair in it: so a look that ends in between is made up for, and no pair is valid that nobody has. Threads: any, one for
/// each object.
class KeyReconciler {
 public:
  KeyReconciler(const OperatorWorld& world, const OperatorOptions& options, SiteDirectory& sites)
      : world_(world), options_(options), sites_(sites) {}

  /// One look, as ClusterReconciler::Reconcile.
  Result<LookAgain> Reconcile(const Context& context, const std::string& space, const std::string& name);

 private:
  const OperatorWorld world_;
  const OperatorOptions options_;
  SiteDirectory& sites_;
};

/// The policy, as S3 has them, of a PBFSAccessKey: its own, or what its grants come to. `bucket_of` names the bucket of a PBFSBucket of the
/// object's namespace. Of none of both: everything is denied. Errors: INVALID_ARGUMENT naming what is wrong; NOT_FOUND a PBFSBucket.
Result<std::string> PolicyOf(const Json& spec, const std::function<Result<std::string>(const std::string&)>& bucket_of);

}  // namespace pbfs::operators
