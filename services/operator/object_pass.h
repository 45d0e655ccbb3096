#pragma once

#include <optional>
#include <string>

#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/kube/kube_api.h"
#include "libs/kube/pod_probe.h"
#include "services/operator/conditions.h"
#include "services/operator/render.h"
#include "services/operator/site_door.h"

namespace pbfs::operators {

/// What the operator is given, and what of it is its own.
struct OperatorOptions {
  Images images;                 // of this release
  std::string version;           // of this release: "0.1.0"
  int schema = 0;                // of the catalogs of this release
  std::string space;             // the namespace that the operator runs in
  std::string name;              // of this process, for events
  std::string watch_space = {};  // the namespace whose objects are its own, and where alone it has rights; empty: all
};

/// The outside of the operator. All outlive it.
struct OperatorWorld {
  kube::KubeApi& kube;
  SiteDoor& sites;
  kube::PodProbe& probe;
  const Clock& clock;
  Random& random;
};

/// When to look at an object again, at the latest; none: when it changes.
using LookAgain = std::optional<Duration>;

/// One look at one object: what all kinds have in common. What is found wrong with it stands in its conditions; what fails is of the
/// look, which is tried again. Threads: one.
class ObjectPass {
 public:
  ObjectPass(const OperatorWorld& world, const OperatorOptions& options, const kube::Kind& kind, Context context,
             Json object);

 protected:
  bool IsEnding() const;
  bool HasFinalizer(const char* finalizer) const;
  Status PutFinalizer(const char* finalizer);
  /// Lets the object go. OK if it is gone.
  Status DropFinalizer();
  /// Writes the status if it is another one, and if the object is as this look knows it. Errors: ABORTED it changed.
  Status WriteStatus();
  /// An event. Nothing depends on it: one that cannot be written is one that is not read.
  void Say(const char* type, const std::string& reason, const std::string& note);
  /// Sets a condition that is not as it should be, and says so when it becomes so.
  void Warn(const std::string& type, Truth truth, const std::string& reason, const std::string& message);

  const OperatorWorld& world_;
  const OperatorOptions& options_;
  const kube::Kind kind_;
  const Context context_;
  const Json object_;  // as it was read
  const std::string space_, name_, uid_;
  const int64_t now_micros_;
  Json status_;  // as it will be
  Conditions conditions_;

 private:
  Json Bare() const;

  std::string version_;  // as far as this look knows
  Json written_;
};

}  // namespace pbfs::operators
