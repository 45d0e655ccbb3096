#pragma once

#include <memory>

#include "libs/coordination/lease_keeper.h"
#include "libs/coordination/leases.h"
#include "libs/runtime/settings.h"

namespace pbfs {

/// The coordinator that a program is configured with: etcd, a Kubernetes API server, or none. Threads: any.
class Coordinator {
 public:
  /// Connects lazily. Errors: FAILED_PRECONDITION naming a file that is missing or bad; INVALID_ARGUMENT a name that
  /// Kubernetes does not take.
  static Result<std::unique_ptr<Coordinator>> Open(const LeaseSettings& settings);
  virtual ~Coordinator() = default;

  /// Null where none is configured. Lives as long as this.
  virtual Leases* leases() = 0;
  /// How often a process renews. Kubernetes: 30 s and every 10 s, for an API server takes about 50 writes a second from
  /// us; etcd takes more.
  virtual LeaseKeeper::Options keeping() const = 0;
};

}  // namespace pbfs
