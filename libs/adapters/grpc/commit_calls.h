#pragma once

#include <deque>
#include <functional>
#include <memory>

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/client_callback.h>

#include "libs/adapters/grpc/call_set.h"
#include "libs/base/context.h"
#include "libs/base/sync.h"
#include "libs/catalog/batch_lanes.h"
#include "libs/catalog/catalog.h"
#include "proto/pbfs/v1/catalog.pb.h"

/// Included in .cc files only.
namespace pbfs::wire {

/// The Commits of this process to one catalog: what callers hand in while calls are under way goes with the next one
/// (batch_lanes.h), for a call costs both ends more than the Commit in it. Outcomes come as they are known; from the first of
/// them on a call no longer counts as under way, so one Commit that takes long holds up no other.
/// Threads: any; callers block. Destroy it after the last call of Commit has returned.
class CommitCalls {
 public:
  using Reactor = grpc::ClientReadReactor<v1::CommitOutcomes>;
  /// Begins a call of the stub.
  using Open = std::function<void(grpc::ClientContext* context, const v1::CommitCall* call, Reactor* reactor)>;
  explicit CommitCalls(Open open) : open_(std::move(open)) {}
  ~CommitCalls() { calls_.CancelAll(); }

  /// As Commits::Commit.
  Result<CommitReply> Commit(const Context& context, const CommitRequest& request);

 private:
  struct Waiting;
  class Call;
  using WaitingPtr = std::shared_ptr<Waiting>;

  void StartCalls() PBFS_REQUIRES(mutex_);
  Call* TakeCall() PBFS_REQUIRES(mutex_);
  void Answer(Waiting& waiting, Result<CommitReply> reply) PBFS_REQUIRES(mutex_);

  const Open open_;
  CallSet calls_;
  Mutex mutex_;
  BatchLanes lanes_ PBFS_GUARDED_BY(mutex_){2, 128};
  std::deque<WaitingPtr> queue_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::wire
