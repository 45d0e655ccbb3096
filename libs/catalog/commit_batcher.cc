#include "libs/catalog/commit_batcher.h"

#include <algorithm>
#include <set>

#include "libs/catalog/batch_lanes.h"

namespace pbfs {

/// A thread in CommitEach.
struct CommitBatcher::Caller {
  std::set<size_t> open;             // Commits without an outcome
  std::vector<CommitOutcome> known;  // outcomes that it has not been told
  bool leads = false;                // it is running a batch
  bool gone = false;                 // it waits no more
  CondVar wake;
};

/// One Commit in a queue or a batch.
struct CommitBatcher::Entry {
  Numbered numbered;
  CallerPtr caller;
};

struct CommitBatcher::Queue {
  Queue(size_t lane_count, size_t max_batch, bool wait) : lanes(lane_count, max_batch), wait_for_locks(wait) {}
  BatchLanes lanes;
  const bool wait_for_locks;
  std::deque<EntryPtr> entries;

  /// Who is to run the next batch: whoever has the first Commit and is not running one already.
  Caller* Leader() const {
    for (const EntryPtr& entry : entries)
      if (!entry->caller->leads) return entry->caller.get();
    return nullptr;
  }
  // Those who missed a lock do not hold each other up.
  bool MayBegin() const {
    return lanes.MayBegin(entries.size()) || (wait_for_locks && !entries.empty() && !lanes.AreFull());
  }
};

CommitBatcher::CommitBatcher(CommitTransactor& transactor, Options options)
    : transactor_(transactor),
      options_(options),
      first_(std::make_unique<Queue>(options.lanes, options.max_commits, false)),
      second_(std::make_unique<Queue>(options.waiting_lanes, options.max_commits, true)) {}

CommitBatcher::~CommitBatcher() {
  MutexLock lock(mutex_);
  PBFS_CHECK(waiting_ == 0, "a batcher outlives its callers");
}

Result<CommitReply> CommitBatcher::Commit(const Context& context, ParsedCommit commit) {
  std::vector<Numbered> one;
  one.push_back({0, std::move(commit)});
  std::optional<Result<CommitReply>> reply;
  CommitEach(context, std::move(one), [&](std::span<const CommitOutcome> outcomes) { reply = outcomes[0].reply; });
  return *std::move(reply);
}

void CommitBatcher::CommitEach(const Context& context, std::vector<Numbered> commits, const CommitsDone& done) {
  const Status wanted = context.Check();
  const auto caller = std::make_shared<Caller>();
  MutexLock lock(mutex_);
  for (Numbered& each : commits) {
    const Status admitted = wanted.ok() ? Admit(each.commit) : wanted;
    if (!admitted.ok()) {
      caller->known.push_back({each.index, admitted});
      continue;
    }
    caller->open.insert(each.index);
    Enqueue(*first_, std::make_shared<Entry>(Entry{std::move(each), caller}));
  }
  Wake(*first_);
  while (!caller->open.empty() || !caller->known.empty()) {
    if (!caller->known.empty()) {
      Tell(*caller, done);
    } else if (Queue* const queue = QueueToLead(caller); queue != nullptr) {
      Lead(*caller, *queue);
    } else if (!caller->wake.WaitUntil(mutex_, context.deadline()) && caller->known.empty()) {
      GiveUp(caller);
    }
  }
}

Status CommitBatcher::Admit(const ParsedCommit& commit) {
  if (waiting_ < options_.max_waiting && waiting_bytes_ + commit.record_bytes <= options_.max_waiting_bytes) {
    return OkStatus();
  }
  return ResourceExhaustedError("too many commits are waiting; try again a little later")
      .WithDetail("retry-after-ms", std::to_string(options_.retry_after_ms));
}

void CommitBatcher::Enqueue(Queue& queue, const EntryPtr& entry) {
  queue.entries.push_back(entry);
  ++waiting_;
  waiting_bytes_ += entry->numbered.commit.record_bytes;
}

CommitBatcher::Queue* CommitBatcher::QueueToLead(const CallerPtr& caller) {
  for (Queue* const queue : {first_.get(), second_.get()}) {
    if (queue->MayBegin() && queue->Leader() == caller.get()) return queue;
  }
  return nullptr;
}

void CommitBatcher::Lead(Caller& leader, Queue& queue) {
  leader.leads = true;
  const std::vector<EntryPtr> batch = TakeBatch(queue);
  queue.lanes.Begin(batch.size());
  Wake(queue);  // for another lane
  std::vector<const ParsedCommit*> commits;
  for (const EntryPtr& entry : batch) commits.push_back(&entry->numbered.commit);
  mutex_.Unlock();
  std::vector<CommitTransactor::Answer> answers = transactor_.Run(commits, queue.wait_for_locks);
  mutex_.Lock();
  PBFS_CHECK(answers.size() == batch.size());
  queue.lanes.End(batch.size());
  leader.leads = false;
  Settle(batch, std::move(answers));
  Wake(queue);
  mutex_.Unlock();  // those who wake find it free
  const Caller* woken = nullptr;
  for (const EntryPtr& entry : batch) {
    if (entry->caller.get() != woken) entry->caller->wake.NotifyAll();
    woken = entry->caller.get();
  }
  mutex_.Lock();
}

std::vector<CommitBatcher::EntryPtr> CommitBatcher::TakeBatch(Queue& queue) {
  std::vector<EntryPtr> batch;
  size_t objects = 0, bytes = 0;
  const size_t share = queue.lanes.Share(queue.entries.size());
  while (!queue.entries.empty() && batch.size() < share) {
    const EntryPtr& entry = queue.entries.front();
    const ParsedCommit& commit = entry->numbered.commit;
    objects += commit.ops.size();  // an upper bound
    bytes += commit.record_bytes;
    if (!batch.empty() && (objects > options_.max_objects || bytes > options_.max_bytes)) break;
    --waiting_;
    waiting_bytes_ -= commit.record_bytes;
    batch.push_back(entry);
    queue.entries.pop_front();
  }
  return batch;
}

void CommitBatcher::Settle(const std::vector<EntryPtr>& batch, std::vector<CommitTransactor::Answer> answers) {
  for (size_t i = 0; i < batch.size(); ++i) {
    Caller& caller = *batch[i]->caller;
    if (caller.gone) continue;
    if (!answers[i]) {
      Enqueue(*second_, batch[i]);
      continue;
    }
    const size_t index = batch[i]->numbered.index;
    caller.open.erase(index);
    caller.known.push_back({index, *std::move(answers[i])});
  }
}

void CommitBatcher::Tell(Caller& caller, const CommitsDone& done) {
  const std::vector<CommitOutcome> known = std::exchange(caller.known, {});
  mutex_.Unlock();
  done(known);
  mutex_.Lock();
}

/// What is still in a queue never runs; what a batch has goes on without anybody waiting.
void CommitBatcher::GiveUp(const CallerPtr& caller) {
  caller->gone = true;
  for (const size_t index : std::exchange(caller->open, {}))
    caller->known.push_back({index, DeadlineExceededError("the commit was not decided in time; its outcome is unknown: "
                                                          "send it again as it is")});
  for (Queue* const queue : {first_.get(), second_.get()}) {
    for (auto entry = queue->entries.begin(); entry != queue->entries.end();) {
      if ((*entry)->caller != caller) {
        ++entry;
        continue;
      }
      --waiting_;
      waiting_bytes_ -= (*entry)->numbered.commit.record_bytes;
      entry = queue->entries.erase(entry);
    }
    Wake(*queue);
  }
}

/// Wakes whoever is to run the next batch, if there is a lane for it.
void CommitBatcher::Wake(Queue& queue) {
  Caller* const leader = queue.MayBegin() ? queue.Leader() : nullptr;
  if (leader != nullptr) leader->wake.NotifyAll();
}

}  // namespace pbfs
