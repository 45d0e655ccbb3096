#include "services/operator/replication_reconciler.h"

#include <utility>

namespace pbfs::operators {
namespace {

class ReplicationPass : private ObjectPass {
 public:
  ReplicationPass(const OperatorWorld& world, const OperatorOptions& options, Context context, Json object)
      : ObjectPass(world, options, kube::kinds::kPbfsSiteReplication, std::move(context), std::move(object)) {}

  Result<LookAgain> Run() {
    if (IsEnding()) return LookAgain();
    Warn("Ready", Truth::kFalse, "NotImplemented",
         "this release ships nothing to other sites: what this cluster holds is nowhere else");
    PBFS_RETURN_IF_ERROR(WriteStatus());
    return LookAgain();
  }
};

}  // namespace

Result<LookAgain> ReplicationReconciler::Reconcile(const Context& context, const std::string& space,
                                                   const std::string& name) {
  Result<Json> object = world_.kube.Get(context, {kube::kinds::kPbfsSiteReplication, space, name});
  if (object.status().code() == StatusCode::kNotFound) return LookAgain();
  PBFS_RETURN_IF_ERROR(object.status());
  return ReplicationPass(world_, options_, context, *std::move(object)).Run();
}

}  // namespace pbfs::operators
