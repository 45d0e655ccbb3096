#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/context.h"
#include "libs/kube/list_watch.h"
#include "services/operator/dependents.h"
#include "services/operator/object_pass.h"
#include "services/operator/work_queue.h"

namespace pbfs::operators {

/// Looks at an object when it, or something that was made for it, changes, and from time to time. As long as it lives: whoever loses the
/// lead destroys it.
class Controller {
 public:
  using Reconcile = std::function<Result<LookAgain>(const Context&, const std::string& space, const std::string& name)>;
  struct Kind {
    kube::Kind kind;
    Reconcile reconcile;
  };
  struct Options {
    std::string space;  // the namespace that is watched; empty: all
    int threads = 4;
    Duration look = std::chrono::minutes(2);  // the most that one look takes
    /// Told of each look: the kind, whether it succeeded, how long it took.
    std::function<void(const std::string& kind, bool ok, Duration took)> observe = [](const auto&, bool, Duration) {};
  };

  /// Begins at once. `kube` and `random` outlive it.
  Controller(kube::KubeApi& kube, Random& random, std::vector<Kind> kinds, Options options);
  /// What it lists and watches for these kinds in a namespace, or in all.
  static std::vector<kube::Selection> Watched(const std::vector<Kind>& kinds, const std::string& space);
  /// Calls off the looks under way, and waits for them.
  ~Controller();
  Controller(const Controller&) = delete;
  Controller& operator=(const Controller&) = delete;

  int64_t depth() const { return queue_.depth(); }

 private:
  class Follower;
  void Run();
  Result<LookAgain> Look(const std::string& key);

  const std::vector<Kind> kinds_;
  const Options options_;
  const Context life_;
  WorkQueue queue_;
  Dependents dependents_;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace pbfs::operators
