#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "libs/adapters/grpc/server_call.h"

/// Included in .cc files only.
namespace pbfs::wire {

/// A server stream whose messages are all there before the first goes out: `work` makes them on an executor.
template <typename Message>
class StreamReactor final : public grpc::ServerWriteReactor<Message> {
 public:
  /// `work`: Result<std::vector<Message>>(const Context&).
  template <typename Work>
  static StreamReactor* Run(grpc::CallbackServerContext* call, Executor& executor, CallRecord record, Work work) {
    auto* reactor = new StreamReactor;  // deleted by OnDone
    const Status queued = executor.Submit([reactor, call, record, work = std::move(work)]() mutable {
      const Context context = ContextOf(*call);
      const TraceScope trace(context.trace_id());
      const Status timely = context.Check();
      Result<std::vector<Message>> messages = timely.ok() ? work(context) : Result<std::vector<Message>>(timely);
      record.End(messages.status());
      if (messages.ok()) {
        reactor->messages_ = *std::move(messages);
        reactor->WriteNext();
      } else {
        reactor->Finish(ToGrpc(messages.status(), *call));
      }
    });
    if (!queued.ok()) {
      record.End(Overloaded("calls"));
      reactor->Finish(ToGrpc(Overloaded("calls"), *call));
    }
    return reactor;
  }

 private:
  void WriteNext() {
    if (next_ == messages_.size()) return this->Finish(grpc::Status::OK);  // none at all
    const Message* message = &messages_[next_++];
    if (next_ < messages_.size()) return this->StartWrite(message);
    this->StartWriteAndFinish(message, grpc::WriteOptions(), grpc::Status::OK);
  }
  void OnWriteDone(bool ok) override {
    if (ok && next_ < messages_.size()) return WriteNext();
    if (!ok) this->Finish(grpc::Status(grpc::StatusCode::CANCELLED, "the client is gone"));
  }
  void OnDone() override { delete this; }

  std::vector<Message> messages_;
  size_t next_ = 0;
};

}  // namespace pbfs::wire
