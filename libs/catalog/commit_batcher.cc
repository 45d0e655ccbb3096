#include "libs/catalog/commit_batcher.h"

#include <algorithm>

namespace pbfs {

/// One waiting Commit. `queue` is where it stands; null while a batch has it.
struct CommitBatcher::Entry {
  explicit Entry(ParsedCommit parsed) : commit(std::move(parsed)) {}
  const ParsedCommit commit;
  Queue* queue = nullptr;
  bool abandoned = false;  // nobody waits any more
  std::optional<Result<CommitReply>> answer;
  CondVar wake;
};

struct CommitBatcher::Queue {
  Queue(int lane_count, bool wait) : lanes(static_cast<size_t>(lane_count)), wait_for_locks(wait) {}
  const size_t lanes;
  const bool wait_for_locks;
  size_t active = 0;     // lanes with a batch in flight
  size_t in_flight = 0;  // Commits of those
  std::deque<EntryPtr> entries;
};

CommitBatcher::CommitBatcher(CommitTransactor& transactor, Options options)
    : transactor_(transactor),
      options_(options),
      first_(std::make_unique<Queue>(options.lanes, false)),
      second_(std::make_unique<Queue>(options.waiting_lanes, true)) {}

CommitBatcher::~CommitBatcher() {
  MutexLock lock(mutex_);
  PBFS_CHECK(waiting_ == 0, "a batcher outlives its callers");
}

Result<CommitReply> CommitBatcher::Commit(const Context& context, ParsedCommit commit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  PBFS_RETURN_IF_ERROR(Admit(commit));
  const auto entry = std::make_shared<Entry>(std::move(commit));
  Enqueue(*first_, entry);
  if (first_->entries.front() != entry) WakeFront(*first_);
  while (!entry->answer) {
    // The caller whose Commit is in front runs the batch that has it, so nobody works for others only.
    if (entry->queue != nullptr && entry->queue->entries.front() == entry && MayBegin(*entry->queue)) {
      Lead(*entry->queue);
    } else if (!entry->wake.WaitUntil(mutex_, context.deadline()) && !entry->answer) {
      Forget(entry);
      return DeadlineExceededError(
          "the commit was not decided in time; its outcome is unknown: send it again as it is");
    }
  }
  return *std::move(entry->answer);
}

Status CommitBatcher::Admit(const ParsedCommit& commit) {
  if (waiting_ < options_.max_waiting && waiting_bytes_ + commit.record_bytes <= options_.max_waiting_bytes) {
    return OkStatus();
  }
  return ResourceExhaustedError("too many commits are waiting; try again a little later")
      .WithDetail("retry-after-ms", std::to_string(options_.retry_after_ms));
}

void CommitBatcher::Enqueue(Queue& queue, const EntryPtr& entry) {
  entry->queue = &queue;
  queue.entries.push_back(entry);
  ++waiting_;
  waiting_bytes_ += entry->commit.record_bytes;
}

/// Is there a lane for what waits? Batches in flight keep the first queue waiting until it is worth one of their size.
bool CommitBatcher::MayBegin(const Queue& queue) const {
  if (queue.active >= queue.lanes) return false;
  if (queue.active == 0 || queue.wait_for_locks) return true;
  const size_t typical = queue.in_flight / queue.active;
  return queue.entries.size() >= std::min(typical, options_.max_commits);
}

void CommitBatcher::Lead(Queue& queue) {
  ++queue.active;
  const std::vector<EntryPtr> batch = TakeBatch(queue);
  queue.in_flight += batch.size();
  WakeFront(queue);  // for another lane
  std::vector<const ParsedCommit*> commits;
  for (const EntryPtr& entry : batch) commits.push_back(&entry->commit);
  mutex_.Unlock();
  std::vector<CommitTransactor::Answer> answers = transactor_.Run(commits, queue.wait_for_locks);
  mutex_.Lock();
  PBFS_CHECK(answers.size() == batch.size());
  --queue.active;
  queue.in_flight -= batch.size();
  Settle(batch, std::move(answers));
  WakeFront(queue);
  mutex_.Unlock();  // those who wake find it free
  for (const EntryPtr& entry : batch) entry->wake.NotifyAll();
  mutex_.Lock();
}

std::vector<CommitBatcher::EntryPtr> CommitBatcher::TakeBatch(Queue& queue) {
  std::vector<EntryPtr> batch;
  size_t objects = 0, bytes = 0;
  while (!queue.entries.empty() && batch.size() < options_.max_commits) {
    const EntryPtr& entry = queue.entries.front();
    objects += entry->commit.ops.size();  // an upper bound
    bytes += entry->commit.record_bytes;
    if (!batch.empty() && (objects > options_.max_objects || bytes > options_.max_bytes)) break;
    batch.push_back(entry);
    entry->queue = nullptr;
    --waiting_;
    waiting_bytes_ -= entry->commit.record_bytes;
    queue.entries.pop_front();
  }
  return batch;
}

void CommitBatcher::Settle(const std::vector<EntryPtr>& batch, std::vector<CommitTransactor::Answer> answers) {
  for (size_t i = 0; i < batch.size(); ++i) {
    if (answers[i]) {
      batch[i]->answer = std::move(*answers[i]);
    } else if (!batch[i]->abandoned) {
      Enqueue(*second_, batch[i]);
    }
  }
}

/// A caller gives up: what is still in a queue never runs; what a batch has goes on without anybody waiting.
void CommitBatcher::Forget(const EntryPtr& entry) {
  Queue* queue = entry->queue;
  entry->abandoned = true;
  if (queue == nullptr) return;
  queue->entries.erase(std::find(queue->entries.begin(), queue->entries.end(), entry));
  entry->queue = nullptr;
  --waiting_;
  waiting_bytes_ -= entry->commit.record_bytes;
  WakeFront(*queue);
}

void CommitBatcher::WakeFront(Queue& queue) {
  if (!queue.entries.empty() && MayBegin(queue)) queue.entries.front()->wake.NotifyAll();
}

}  // namespace pbfs
