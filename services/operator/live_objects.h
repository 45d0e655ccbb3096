#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/base/sync.h"
#include "libs/kube/kube_api.h"
#include "services/operator/json.h"

namespace pbfs::operators {

/// What a write was answered with, so that one which a server changes on its way in (a default, a webhook) is not repeated for
/// ever. Outlives passes. Threads: any.
class SettledWrites {
 public:
  void Note(const kube::ObjectRef& ref, const std::string& hash, const std::string& version);
  bool Knows(const kube::ObjectRef& ref, const std::string& hash, const std::string& version) const;

 private:
  mutable Mutex mutex_;
  std::map<kube::ObjectRef, std::pair<std::string, std::string>> writes_ PBFS_GUARDED_BY(mutex_);
};

/// The objects of one cluster as they are, of all kinds that are rendered for it, read at once when a pass begins; and how they become
/// what they should be. Threads: one.
class LiveObjects {
 public:
  LiveObjects(kube::KubeApi& kube, SettledWrites& settled, std::string space, std::string cluster)
      : kube_(kube), settled_(settled), space_(std::move(space)), cluster_(std::move(cluster)) {}

  /// Reads all that carry the cluster's label. Kinds that the server does not serve have no objects.
  Status Load(const Context& context);

  /// Whether the server knows the kind, as the load showed.
  bool IsServed(const kube::Kind& kind) const { return !unserved_.contains(kind); }
  /// Null if there is none.
  const Json* Find(const kube::Kind& kind, const std::string& name) const;
  std::vector<const Json*> OfKind(const kube::Kind& kind) const;

  /// Makes `intent`, an object with a hash, so: writes if it is not there, was meant otherwise, or was changed by others. Idle if
  /// all is as it should be. Errors: FAILED_PRECONDITION another's object has the name; those of Apply.
  Status Put(const Context& context, const Json& intent);
  /// Makes what is made once: an object that is there, and ours, stays as it is. Errors: as Put.
  Status PutOnce(const Context& context, const Json& object);

  /// Deletes the objects that `owner` owns and no intent names, of kinds that hold no data; as they were read, and no other.
  Status Prune(const Context& context, const std::string& owner_uid, const std::vector<Json>& intents);
  /// Deletes one as it was read. OK if it is gone.
  Status Delete(const Context& context, const kube::Kind& kind, const std::string& name,
                kube::DeleteOptions::Dependents dependents = kube::DeleteOptions::Dependents::kLater);

  /// Writes since it was made.
  int writes() const { return writes_; }

 private:
  using Key = std::pair<kube::Kind, std::string>;
  /// Whether the name is free or ours. Errors: FAILED_PRECONDITION it is another's.
  Status CheckName(const Context& context, const kube::ObjectRef& ref);

  kube::KubeApi& kube_;
  SettledWrites& settled_;
  const std::string space_, cluster_;
  std::map<Key, Json> objects_;
  std::set<kube::Kind> unserved_;
  int writes_ = 0;
};

}  // namespace pbfs::operators
