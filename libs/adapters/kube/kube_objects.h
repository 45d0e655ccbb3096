#pragma once

#include <functional>
#include <string>

#include "libs/adapters/kube/kube_client.h"
#include "libs/kube/kube_api.h"

namespace pbfs::kube {

/// KubeApi over a real API server. What it adds to KubeClient: paths of kinds, the manager's name on what it writes, and
/// objects without managedFields and with apiVersion and kind, which a server leaves out in lists. Each call takes at
/// most KubeClient::Options::call. Threads: any.
class KubeObjects final : public KubeApi {
 public:
  /// `client` outlives this.
  explicit KubeObjects(KubeClient& client, std::string manager = std::string(kFieldManager))
      : client_(client), manager_(std::move(manager)) {}

  Result<Json> Get(const Context& context, const ObjectRef& ref) override;
  Result<ObjectList> List(const Context& context, const Selection& selection) override;
  Result<Json> Create(const Context& context, const Kind& kind, const Json& object) override;
  Result<Json> Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) override;
  Result<Json> ApplyStatus(const Context& context, const Kind& kind, const Json& status) override;
  Status Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) override;
  Status Watch(const Context& context, const Selection& selection, const std::string& version, Duration timeout,
               const std::function<void(const WatchEvent&)>& on_event) override;

 private:
  KubeClient& client_;
  const std::string manager_;
};

/// "/apis/apps/v1/namespaces/space/statefulsets"; without a namespace: those of all. `space` has been checked.
std::string CollectionPath(const Kind& kind, const std::string& space);

}  // namespace pbfs::kube
