#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/parsed_commit.h"

namespace pbfs {

/// Runs batches of Commits, each batch one transaction: lock, load, Decide, apply, commit.
/// Threads: as many calls at once as the batcher has lanes.
class CommitTransactor {
 public:
  virtual ~CommitTransactor() = default;
  /// An answer to each Commit, in order. None: the Commit missed a lock and nothing of it happened; only if
  /// !wait_for_locks, where a batch must not wait for one hot object. An error is the outcome of that Commit alone
  /// (UNAVAILABLE: unknown outcome).
  using Answer = std::optional<Result<CommitReply>>;
  virtual std::vector<Answer> Run(std::span<const ParsedCommit* const> batch, bool wait_for_locks) = 0;
};

/// Group commit without a timer: what arrives while a batch is in flight is the next batch (batch_lanes.h).
///
/// Callers block. Whoever has the Commit at the front of the queue while a lane is free takes the batch (that Commit and
/// those behind it), runs it on its own thread and wakes the others; so nobody works for others only, and a simulated
/// scheduler sees every step, for there are no threads but the callers'. Commits that missed a lock go to a second queue with lanes that wait for locks.
/// Threads: any.
class CommitBatcher {
 public:
  struct Options {
    int lanes = 1;             // batches in flight at once
    int waiting_lanes = 1;     // the same, for Commits that missed a lock
    size_t max_commits = 256;  // of one batch
    size_t max_objects = 1024;
    size_t max_bytes = 4 << 20;  // of records and inline bodies; a larger Commit goes alone
    size_t max_waiting = 4096;   // Commits in the queues; more are refused
    size_t max_waiting_bytes = 64 << 20;
    int retry_after_ms = 50;
  };
  CommitBatcher(CommitTransactor& transactor, Options options);
  ~CommitBatcher();
  CommitBatcher(const CommitBatcher&) = delete;
  CommitBatcher& operator=(const CommitBatcher&) = delete;

  /// Errors: RESOURCE_EXHAUSTED with detail retry-after-ms if too many wait; DEADLINE_EXCEEDED or CANCELLED, then the
  /// outcome is unknown; whatever the transactor says of this Commit.
  Result<CommitReply> Commit(const Context& context, ParsedCommit commit);

  struct Numbered {
    size_t index = 0;  // what `done` calls it
    ParsedCommit commit;
  };
  /// Several at once, each as by Commit; they may go in one batch or not. `done`: see Commits::CommitEach.
  void CommitEach(const Context& context, std::vector<Numbered> commits, const CommitsDone& done);

 private:
  struct Caller;
  struct Entry;
  struct Queue;
  using CallerPtr = std::shared_ptr<Caller>;
  using EntryPtr = std::shared_ptr<Entry>;

  Status Admit(const ParsedCommit& commit) PBFS_REQUIRES(mutex_);
  void Enqueue(Queue& queue, const EntryPtr& entry) PBFS_REQUIRES(mutex_);
  Queue* QueueToLead(const CallerPtr& caller) PBFS_REQUIRES(mutex_);
  void Lead(Caller& leader, Queue& queue) PBFS_REQUIRES(mutex_);
  std::vector<EntryPtr> TakeBatch(Queue& queue) PBFS_REQUIRES(mutex_);
  void Settle(const std::vector<EntryPtr>& batch, std::vector<CommitTransactor::Answer> answers) PBFS_REQUIRES(mutex_);
  void Tell(Caller& caller, const CommitsDone& done) PBFS_REQUIRES(mutex_);
  void GiveUp(const CallerPtr& caller) PBFS_REQUIRES(mutex_);
  void Wake(Queue& queue) PBFS_REQUIRES(mutex_);

  CommitTransactor& transactor_;
  const Options options_;
  Mutex mutex_;
  std::unique_ptr<Queue> first_ PBFS_GUARDED_BY(mutex_);
  std::unique_ptr<Queue> second_ PBFS_GUARDED_BY(mutex_);
  size_t waiting_ PBFS_GUARDED_BY(mutex_) = 0;
  size_t waiting_bytes_ PBFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pbfs
