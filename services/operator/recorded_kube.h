#pragma once

#include <compare>
#include <functional>
#include <set>
#include <string>

#include "libs/base/sync.h"
#include "libs/kube/kube_api.h"
#include "services/operator/json.h"

namespace pbfs::operators {

/// What RBAC grants: one verb on the objects of one kind. `resource` is a plural, with "/status" or "/finalizers" where it is a part.
struct Right {
  std::string group, resource, verb;
  friend auto operator<=>(const Right&, const Right&) = default;
};

/// For tests: passes calls on, and notes what an account needs for them (https://kubernetes.io/docs/reference/access-authn-authz). Threads: any.
class RecordedKube final : public kube::KubeApi {
 public:
  /// A right, and the namespace in which it was used: empty for all of them, or for objects that have none.
  struct Use {
    Right right;
    std::string space;
    friend auto operator<=>(const Use&, const Use&) = default;
  };

  /// `inner` outlives this.
  explicit RecordedKube(kube::KubeApi& inner) : inner_(inner) {}
  std::set<Use> uses() const;

  Result<Json> Get(const Context& context, const kube::ObjectRef& ref) override;
  Result<kube::ObjectList> List(const Context& context, const kube::Selection& selection) override;
  Result<Json> Create(const Context& context, const kube::Kind& kind, const Json& object) override;
  Result<Json> Apply(const Context& context, const kube::Kind& kind, const Json& intent,
                     kube::OnConflict on_conflict) override;
  Result<Json> ApplyStatus(const Context& context, const kube::Kind& kind, const Json& status) override;
  Status Delete(const Context& context, const kube::ObjectRef& ref, const kube::DeleteOptions& options) override;
  Status Watch(const Context& context, const kube::Selection& selection, const std::string& version, Duration timeout,
               const std::function<void(const kube::WatchEvent&)>& on_event) override;

 private:
  void Note(const kube::Kind& kind, const std::string& space, const char* verb, const char* part = "");
  void NoteOwners(const Json& object);

  kube::KubeApi& inner_;
  mutable Mutex mutex_;
  std::set<Use> uses_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::operators
