#include "libs/adapters/grpc/commit_reactor.h"

#include <utility>

#include "libs/adapters/grpc/catalog_codec.h"

namespace pbfs::wire {

CommitReactor* CommitReactor::Run(grpc::CallbackServerContext* call, Executor& executor, Commits& commits,
                                  v1::CommitCall* message, const std::function<CallRecord()>& record) {
  auto* const reactor = new CommitReactor(static_cast<size_t>(message->commits_size()), record);  // deleted by OnDone
  if (message->commits_size() == 0) {
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  const Status queued = executor.Submit([=, &commits] {
    const Context context = ContextOf(*call);
    const TraceScope trace(context.trace_id());
    reactor->Work(context, commits, message);
  });
  if (!queued.ok()) {
    for (CallRecord& each : reactor->records_) each.End(Overloaded("calls"));
    reactor->Finish(ToGrpc(Overloaded("calls"), *call));
  }
  return reactor;
}

CommitReactor::CommitReactor(size_t count, const std::function<CallRecord()>& record) : open_(count) {
  for (size_t i = 0; i < count; ++i) records_.push_back(record());
}

// This may be deleted as soon as the last outcome is added.
void CommitReactor::Work(const Context& context, Commits& commits, v1::CommitCall* message) {
  std::vector<CommitRequest> requests;
  std::vector<size_t> places;  // of the requests in the call
  std::vector<CommitOutcome> malformed;
  for (int i = 0; i < message->commits_size(); ++i) {
    const auto place = static_cast<size_t>(i);
    Result<CommitRequest> request = Decode(message->mutable_commits(i));
    if (!request.ok()) {
      malformed.push_back({place, request.status()});
      continue;
    }
    requests.push_back(*std::move(request));
    places.push_back(place);
  }
  if (!malformed.empty()) Add(malformed);
  if (requests.empty()) return;
  commits.CommitEach(context, requests, [&](std::span<const CommitOutcome> outcomes) {
    std::vector<CommitOutcome> placed(outcomes.begin(), outcomes.end());
    for (CommitOutcome& outcome : placed) outcome.index = places[outcome.index];
    Add(placed);
  });
}

void CommitReactor::Add(std::span<const CommitOutcome> outcomes) {
  Step step = Step::kNone;
  {
    MutexLock lock(mutex_);
    open_ -= outcomes.size();
    for (const CommitOutcome& outcome : outcomes) {
      records_[outcome.index].End(outcome.reply.ok() ? RefusalOf(*outcome.reply) : outcome.reply.status());
      Encode(outcome, known_.add_outcomes());
    }
    step = Next();
  }
  Take(step);
}

void CommitReactor::OnWriteDone(bool ok) {
  Step step = Step::kNone;
  {
    MutexLock lock(mutex_);
    writing_ = false;
    broken_ = broken_ || !ok;
    step = Next();
  }
  Take(step);
}

CommitReactor::Step CommitReactor::Next() {
  if (writing_) return Step::kNone;
  const bool last = open_ == 0;
  if (broken_ || known_.outcomes_size() == 0) return last ? Step::kFinish : Step::kNone;
  message_ = std::exchange(known_, {});
  writing_ = true;
  return last ? Step::kWriteAndFinish : Step::kWrite;
}

void CommitReactor::Take(Step step) {
  switch (step) {
    case Step::kNone: return;
    case Step::kWrite: return StartWrite(&message_);
    case Step::kWriteAndFinish: return StartWriteAndFinish(&message_, grpc::WriteOptions(), grpc::Status::OK);
    case Step::kFinish: return Finish(grpc::Status::OK);
  }
}

}  // namespace pbfs::wire
