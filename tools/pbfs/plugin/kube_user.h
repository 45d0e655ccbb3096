#pragma once

#include <string>
#include <vector>

#include "libs/base/context.h"
#include "libs/kube/object_ref.h"

namespace pbfs::plugin {

using kube::Json;

/// A person's way to the objects of a Kubernetes, in the namespaces and with the rights that he has. Errors of each: NOT_FOUND, PERMISSION_DENIED,
/// UNAUTHENTICATED, UNAVAILABLE, UNIMPLEMENTED the kind is not installed, INVALID_ARGUMENT the server refuses it. Threads: one.
class KubeUser {
 public:
  virtual ~KubeUser() = default;
  virtual Result<Json> Get(const Context& context, const kube::Kind& kind, const std::string& name) = 0;
  /// Those that have `labels` ("a=b,c=d"; empty: all) in the namespace, or in all.
  virtual Result<std::vector<Json>> List(const Context& context, const kube::Kind& kind, const std::string& labels) = 0;
  /// Sets what `patch` names, as RFC 7386 has it. Errors also: ABORTED the version that it names in metadata is not there any more.
  virtual Status Patch(const Context& context, const kube::Kind& kind, const std::string& name, const Json& patch) = 0;
};

}  // namespace pbfs::plugin
