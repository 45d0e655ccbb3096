#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/kube/kube_client.h"
#include "libs/adapters/kube/lease_object.h"
#include "libs/adapters/kube/lease_view.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "libs/coordination/leases.h"

namespace pbfs::kube {

/// Leases kept as Lease objects of a Kubernetes API server, one object for each key (lease_object.h says how they
/// look). Taking and renewing one is a replacement of the version that was read, so of two who try one loses. Objects
/// are never deleted.
///
/// Expiry is each client's own judgement (lease_view.h): a lease has expired for who watched it for its whole time to
/// live without a renewal. So a client that meets a lease of a dead holder for the first time gets ALREADY_EXISTS for
/// that long, and tries again at least three times within it, as LeaseKeeper does. Times to live are whole seconds,
/// rounded up.
///
/// What it costs the API server: a renewal is one write and no read. AwaitChange of a prefix starts one watch that
/// lasts as long as this object; prefixes of one first segment share it, so who never calls it watches nothing. Budget:
/// 50 writes a second, so 500 processes that renew every 10 s (time to live 30 s).
///
/// Threads: any. Answers that keep others of the port's errors: PERMISSION_DENIED, UNAUTHENTICATED if the service
/// account may not get, list, watch, create or update leases of the namespace; INVALID_ARGUMENT a key, holder or value
/// that no object holds.
class KubeLeases final : public Leases {
 public:
  /// `client`, `clock` and `random` outlive this. The clock is only written down, for people.
  KubeLeases(KubeClient& client, Clock& clock, Random& random, LeaseObjects objects);
  /// Ends its watches.
  ~KubeLeases() override;

  Status Acquire(const Context& context, const LeaseInfo& lease, Duration ttl) override;
  Status Renew(const Context& context, const LeaseInfo& lease, Duration ttl) override;
  Status Release(const Context& context, const LeaseInfo& lease) override;
  Result<std::vector<LeaseInfo>> List(const Context& context, const std::string& prefix) override;
  /// Revisions are this object's: those of another, or of another run, mean nothing.
  Result<int64_t> AwaitChange(const Context& context, const std::string& prefix, int64_t revision) override;

 private:
  class Follower;

  /// The object of `key` as the server has it; null if there is none.
  Result<Json> Read(const Context& context, const std::string& key);
  /// Writes `object` (null version: creates it) and remembers what the server made of it. Errors: ABORTED another was
  /// quicker.
  Status Write(const Context& context, const std::string& key, const Json& object);
  /// Takes or prolongs it from `old`. Errors: as Write.
  Status Hold(const Context& context, const LeaseInfo& lease, Duration ttl, const Json& old);
  /// Tells the view of an object that the server answered with.
  void Saw(const Json& object);
  /// Tells the view how a call went, and turns codes of the client into those of the port.
  Status Heard(const Status& status);

  /// The object as this client wrote it last; null if it did not, or it is known to be another by now.
  Json Written(const std::string& key) const;
  void Remember(const std::string& key, const Json& object);
  /// Starts the watch of the leases under `prefix`; false if it runs already.
  bool Follow(const std::string& prefix);
  /// A small read that shows that the server is there.
  Status Probe(const Context& context);

  KubeClient& client_;
  Clock& clock_;
  Random& random_;
  const LeaseObjects objects_;
  LeaseView view_;
  mutable Mutex mutex_;
  /// By key: the objects of leases held here.
  std::map<std::string, Json> written_ PBFS_GUARDED_BY(mutex_);
  /// By prefix. Last: they use the above.
  std::map<std::string, std::unique_ptr<Follower>> followers_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::kube
