#pragma once

#include <string>

#include "services/operator/object_pass.h"
#include "services/operator/site_directory.h"

namespace pbfs::operators {

/// Makes buckets what PBFSBuckets say. Whose a bucket is stands in a document of the site ("claim/<bucket>"), made before the bucket, so
/// that two objects, of two namespaces maybe, cannot own one. What an object does not mention, users may set by S3. Threads: any, one for
/// each object.
class BucketReconciler {
 public:
  BucketReconciler(const OperatorWorld& world, const OperatorOptions& options, SiteDirectory& sites)
      : world_(world), options_(options), sites_(sites) {}

  /// One look, as ClusterReconciler::Reconcile.
  Result<LookAgain> Reconcile(const Context& context, const std::string& space, const std::string& name);

 private:
  const OperatorWorld world_;
  const OperatorOptions options_;
  SiteDirectory& sites_;
};

}  // namespace pbfs::operators
