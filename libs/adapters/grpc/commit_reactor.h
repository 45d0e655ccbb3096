#pragma once

#include <functional>
#include <span>
#include <vector>

#include "libs/adapters/grpc/server_call.h"
#include "libs/catalog/catalog.h"
#include "proto/pbfs/v1/catalog.pb.h"

/// Included in .cc files only.
namespace pbfs::wire {

/// A call of Catalog.Commit at the server: its Commits run on one thread of an executor, and outcomes go out as they become
/// known; what becomes known while a message is on its way goes with the next.
class CommitReactor final : public grpc::ServerWriteReactor<v1::CommitOutcomes> {
 public:
  /// `record` makes the record of one Commit. The message is ours until the call ends: its byte strings are moved out.
  static CommitReactor* Run(grpc::CallbackServerContext* call, Executor& executor, Commits& commits,
                            v1::CommitCall* message, const std::function<CallRecord()>& record);

 private:
  CommitReactor(size_t count, const std::function<CallRecord()>& record);
  void Work(const Context& context, Commits& commits, v1::CommitCall* message);
  void Add(std::span<const CommitOutcome> outcomes);
  /// What is to be done next. It is done without the mutex, for the last step may end this.
  enum class Step { kNone, kWrite, kWriteAndFinish, kFinish };
  Step Next() PBFS_REQUIRES(mutex_);
  void Take(Step step);
  void OnWriteDone(bool ok) override;
  void OnDone() override { delete this; }

  std::vector<CallRecord> records_;  // of each Commit
  Mutex mutex_;
  size_t open_ PBFS_GUARDED_BY(mutex_);               // Commits without an outcome
  v1::CommitOutcomes known_ PBFS_GUARDED_BY(mutex_);  // outcomes that are not on their way yet
  v1::CommitOutcomes message_;                        // on its way
  bool writing_ PBFS_GUARDED_BY(mutex_) = false;
  bool broken_ PBFS_GUARDED_BY(mutex_) = false;  // the client is gone
};

}  // namespace pbfs::wire
