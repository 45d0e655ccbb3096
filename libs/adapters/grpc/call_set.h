#pragma once

#include <algorithm>
#include <memory>
#include <set>

#include <grpcpp/grpcpp.h>

#include "libs/base/context.h"
#include "libs/base/sync.h"

/// What asynchronous calls of a client share. Included in .cc files only.
namespace pbfs::wire {

/// The calls under way to one server, so that they can be ended before its channels go: a channel (and a ClientContext holds
/// one) must not be destroyed last on a thread of gRPC, which would have to join itself. Threads: any.
class CallSet {
 public:
  void Add(grpc::ClientContext* call);
  /// Destroys `call`, which has ended.
  void Remove(std::unique_ptr<grpc::ClientContext> call);
  /// Cancels all and waits until they are gone.
  void CancelAll();

 private:
  Mutex mutex_;
  CondVar empty_;
  std::set<grpc::ClientContext*> calls_ PBFS_GUARDED_BY(mutex_);
  int alive_ PBFS_GUARDED_BY(mutex_) = 0;
};

/// A waiting call looks this often whether its caller gave up: Context::Cancel() wakes nobody.
inline MonotonicTime WakeBy(const Context& context) {
  return std::min(context.deadline(), MonotonicNow() + std::chrono::milliseconds(100));
}

}  // namespace pbfs::wire
