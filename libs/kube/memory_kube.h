#pragma once

#include <functional>
#include <memory>
#include <string>

#include "libs/base/clock.h"
#include "libs/kube/kube_api.h"

namespace pbfs::kube {

/// The twin: a cluster in memory that does what KubeApi says, and nothing else. It is no API server: it knows no schema
/// and sets no default, refuses no object for what it says, has no namespaces but names, runs no controller, collects
/// nothing of a deleted owner, and every kind has a generation and its status apart. What depends on these is tested on
/// a real one.
///
/// A test plays the others of a cluster by As("somebody"): the same objects, written by another manager. Failures of
/// calls are FaultyKube's. Threads: any. Watches wait by MonotonicNow(), so under a Scheduler by virtual time.
class MemoryKube final : public KubeApi {
 public:
  /// An empty cluster. `clock` outlives it, and is only written down (creationTimestamp, deletionTimestamp).
  explicit MemoryKube(const Clock& clock, std::string manager = std::string(kFieldManager));
  MemoryKube As(std::string manager) const;

  Result<Json> Get(const Context& context, const ObjectRef& ref) override;
  Result<ObjectList> List(const Context& context, const Selection& selection) override;
  Result<Json> Create(const Context& context, const Kind& kind, const Json& object) override;
  Result<Json> Apply(const Context& context, const Kind& kind, const Json& intent, OnConflict on_conflict) override;
  Result<Json> ApplyStatus(const Context& context, const Kind& kind, const Json& status) override;
  Status Delete(const Context& context, const ObjectRef& ref, const DeleteOptions& options) override;
  Status Watch(const Context& context, const Selection& selection, const std::string& version, Duration timeout,
               const std::function<void(const WatchEvent&)>& on_event) override;

  /// Is the cluster there? While it is not, every call answers UNAVAILABLE, and watches end so.
  void SetAvailable(bool available);
  /// Is this kind served? All are at first. Objects stay.
  void SetServed(const Kind& kind, bool served);
  /// From now on this namespace is being deleted: it takes no new objects (kSpaceEnding). Who plays its controllers
  /// deletes those that it has.
  void EndSpace(const std::string& space);
  /// No version so far can be watched on from: OUT_OF_RANGE.
  void ForgetVersions();

 private:
  struct Cluster;

  std::shared_ptr<Cluster> cluster_;  // of all that As() made
  std::string manager_;
};

}  // namespace pbfs::kube
