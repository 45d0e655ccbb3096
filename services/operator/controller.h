#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/context.h"
#include "libs/kube/list_watch.h"
#include "services/operator/object_pass.h"
#include "services/operator/work_queue.h"

namespace pbfs::operators {

/// Is told what a controller does. Threads: any, several at once.
class ControllerObserver {
 public:
  virtual ~ControllerObserver() = default;
  virtual void OnLook(const kube::Kind& kind, StatusCode code, Duration took) = 0;
  /// A watch ended as it should not, and begins again with a list.
  virtual void OnRestart(const kube::Kind& kind) = 0;
  /// All objects of a kind as they are, then each change.
  virtual void OnList(const kube::Kind& kind, const std::vector<Json>& items) = 0;
  virtual void OnEvent(const kube::Kind& kind, const kube::WatchEvent& event) = 0;
};

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
    ControllerObserver* observer = nullptr;   // may be null; outlives the controller
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
  Result<LookAgain> LookAt(const Kind& kind, const std::string& space, const std::string& name);

  const std::vector<Kind> kinds_;
  const Options options_;
  const Context life_;
  WorkQueue queue_;
  std::vector<std::unique_ptr<Follower>> followers_;
  std::vector<std::unique_ptr<Thread>> threads_;
};

}  // namespace pbfs::operators
