#pragma once

#include "tools/pbfs/plugin/kube_user.h"

namespace pbfs::plugin {

/// By kubectl, which knows every way in which a kubeconfig lets its owner in.
class Kubectl final : public KubeUser {
 public:
  struct Options {
    std::string program = "kubectl";         // a path, or looked for as the shell does
    std::string kubeconfig, context, space;  // empty: kubectl's own
    bool all_spaces = false;                 // for lists
  };
  explicit Kubectl(Options options) : options_(std::move(options)) {}

  Result<Json> Get(const Context& context, const kube::Kind& kind, const std::string& name) override;
  Result<std::vector<Json>> List(const Context& context, const kube::Kind& kind, const std::string& labels) override;
  Status Patch(const Context& context, const kube::Kind& kind, const std::string& name, const Json& patch) override;

 private:
  Result<std::string> Run(const Context& context, std::vector<std::string> arguments);

  const Options options_;
};

/// What kubectl's stderr means.
Status StatusOfKubectl(const std::string& error);

}  // namespace pbfs::plugin
