#pragma once

#include <functional>
#include <string>
#include <vector>

#include "libs/kube/kube_api.h"

namespace pbfs::kube {

/// Tells of each call how it ended and how long it took. Threads: any.
class CountedKube final : public KubeApi {
 public:
  /// `method`: index in Methods().
  using Observe = std::function<void(size_t method, StatusCode code, Duration took)>;
  static const std::vector<std::string>& Methods();

  /// `inner` outlives this.
  CountedKube(KubeApi& inner, Observe observe) : inner_(inner), observe_(std::move(observe)) {}

  Result<Json> Get(const Context& context, const ObjectRef& ref) override;
  Result<ObjectList> List(const Context& context, const Selection& selection) override;
  Result<Json> Create(const Context& context, const Kind& kind, const Json& object) override;
  Result<Json> Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) override;
  Result<Json> ApplyStatus(const Context& context, const Kind& kind, const Json& status) override;
  Status Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) override;
  Status Watch(const Context& context, const Selection& selection, const std::string& version, Duration timeout,
               const std::function<void(const WatchEvent&)>& on_event) override;

 private:
  KubeApi& inner_;
  const Observe observe_;
};

}  // namespace pbfs::kube
