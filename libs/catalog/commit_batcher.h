#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"
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

/// Group commit without a timer: what arrives while a batch is in flight is the next batch.
///
/// Callers block in Commit(). Whoever stands at the front of the queue while a lane is free takes the batch (its own Commit
/// and those behind it), runs it on its own thread and wakes the others; no threads of its own, so a simulated scheduler
/// sees every step. A batch costs much whatever its size, so a further lane begins only when as many Commits wait as a
/// batch in flight has: else the first caller to come back would go alone while the others are still on their way.
/// Commits that missed a lock go to a second queue with lanes that wait for locks.
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

 private:
  struct Entry;
  struct Queue;
  using EntryPtr = std::shared_ptr<Entry>;

  Status Admit(const ParsedCommit& commit) PBFS_REQUIRES(mutex_);
  void Enqueue(Queue& queue, const EntryPtr& entry) PBFS_REQUIRES(mutex_);
  bool MayBegin(const Queue& queue) const PBFS_REQUIRES(mutex_);
  void Lead(Queue& queue) PBFS_REQUIRES(mutex_);
  std::vector<EntryPtr> TakeBatch(Queue& queue) PBFS_REQUIRES(mutex_);
  void Settle(const std::vector<EntryPtr>& batch, std::vector<CommitTransactor::Answer> answers) PBFS_REQUIRES(mutex_);
  void Forget(const EntryPtr& entry) PBFS_REQUIRES(mutex_);
  void WakeFront(Queue& queue) PBFS_REQUIRES(mutex_);

  CommitTransactor& transactor_;
  const Options options_;
  Mutex mutex_;
  std::unique_ptr<Queue> first_ PBFS_GUARDED_BY(mutex_);
  std::unique_ptr<Queue> second_ PBFS_GUARDED_BY(mutex_);
  size_t waiting_ PBFS_GUARDED_BY(mutex_) = 0;
  size_t waiting_bytes_ PBFS_GUARDED_BY(mutex_) = 0;
};

}  // namespace pbfs
