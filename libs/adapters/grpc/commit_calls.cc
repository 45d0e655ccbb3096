#include "libs/adapters/grpc/commit_calls.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "libs/adapters/grpc/catalog_codec.h"
#include "libs/adapters/grpc/wire.h"

namespace pbfs::wire {
namespace {

constexpr size_t kMaxCallBytes = 4 << 20;  // a larger Commit goes alone

}  // namespace

/// A Commit without an outcome.
struct CommitCalls::Waiting {
  Waiting(const Context& of, const CommitRequest& request)
      : context(of), message(Encode(request)), bytes(message.ByteSizeLong()) {}
  const Context context;
  v1::CommitRequest message;  // moved out when its call begins
  const size_t bytes;
  std::optional<Result<CommitReply>> reply;
  CondVar wake;
};

/// One call. Deletes itself.
class CommitCalls::Call final : public Reactor {
 public:
  Call(CommitCalls& owner, std::vector<WaitingPtr> waiting)
      : owner_(owner), waiting_(std::move(waiting)), context_(std::make_unique<grpc::ClientContext>()) {
    Context longest = waiting_[0]->context;
    for (const WaitingPtr& each : waiting_) {
      if (each->context.deadline() > longest.deadline()) longest = each->context;
      *message_.add_commits() = std::move(each->message);
    }
    Prepare(*context_, longest);
    owner_.calls_.Add(context_.get());
  }
  void Start() {
    owner_.open_(context_.get(), &message_, this);
    StartRead(&outcomes_);
    StartCall();
  }

 private:
  void OnReadDone(bool ok) override {
    if (!ok) return;  // OnDone follows
    {
      MutexLock lock(owner_.mutex_);
      for (const v1::CommitOutcome& outcome : outcomes_.outcomes()) Take(outcome);
      EndTurn();
      owner_.StartCalls();
    }
    StartRead(&outcomes_);
  }
  void OnDone(const grpc::Status& status) override {
    {
      MutexLock lock(owner_.mutex_);
      const Status why = status.ok() ? UnavailableError("the catalog gave no outcome") : FromGrpc(status, *context_);
      for (const WaitingPtr& each : waiting_)
        if (!each->reply) owner_.Answer(*each, why);
      EndTurn();
      owner_.StartCalls();
    }
    owner_.calls_.Remove(std::move(context_));
    delete this;
  }
  void Take(const v1::CommitOutcome& message) {
    Result<CommitOutcome> outcome = Decode(message);
    if (!outcome.ok() || outcome->index >= waiting_.size()) return;  // whose it was gets none
    Waiting& waiting = *waiting_[outcome->index];
    if (!waiting.reply) owner_.Answer(waiting, std::move(outcome->reply));
  }
  void EndTurn() {
    if (!std::exchange(ended_, true)) owner_.lanes_.End(waiting_.size());
  }

  CommitCalls& owner_;
  const std::vector<WaitingPtr> waiting_;
  std::unique_ptr<grpc::ClientContext> context_;
  v1::CommitCall message_;
  v1::CommitOutcomes outcomes_;
  bool ended_ = false;  // its turn in the lanes
};

Result<CommitReply> CommitCalls::Commit(const Context& context, const CommitRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  const auto waiting = std::make_shared<Waiting>(context, request);
  MutexLock lock(mutex_);
  queue_.push_back(waiting);
  StartCalls();
  while (!waiting->reply) {
    const Status wanted = context.Check();
    if (!wanted.ok()) {
      std::erase(queue_, waiting);
      return wanted;
    }
    waiting->wake.WaitUntil(mutex_, WakeBy(context));
  }
  return *std::move(waiting->reply);
}

/// A call begins without the mutex: its Commits are encoded then.
void CommitCalls::StartCalls() {
  std::vector<Call*> calls;
  while (lanes_.MayBegin(queue_.size())) calls.push_back(TakeCall());
  if (calls.empty()) return;
  mutex_.Unlock();
  for (Call* const call : calls) call->Start();
  mutex_.Lock();
}

CommitCalls::Call* CommitCalls::TakeCall() {
  std::vector<WaitingPtr> batch;
  const size_t share = lanes_.Share(queue_.size());
  for (size_t bytes = 0; !queue_.empty() && batch.size() < share; queue_.pop_front()) {
    bytes += queue_.front()->bytes;
    if (!batch.empty() && bytes > kMaxCallBytes) break;
    batch.push_back(queue_.front());
  }
  lanes_.Begin(batch.size());
  return new Call(*this, std::move(batch));
}

void CommitCalls::Answer(Waiting& waiting, Result<CommitReply> reply) {
  waiting.reply = std::move(reply);
  waiting.wake.NotifyAll();
}

}  // namespace pbfs::wire
