#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "libs/adapters/grpc/wire.h"
#include "libs/base/executor.h"
#include "libs/runtime/logging.h"
#include "libs/runtime/metrics.h"

/// What all servants do around a call. Included in .cc files only.
namespace pbfs::wire {

/// Counts, times and logs one call. Threads: one at a time.
class CallRecord {
 public:
  CallRecord(CallMetrics& metrics, size_t method, const char* name);
  /// Once, before the reply goes out.
  void End(const Status& status);

 private:
  CallMetrics& metrics_;
  const size_t method_;
  const char* const name_;
  const MonotonicTime began_ = MonotonicNow();
};

/// Refusal of what does not fit now. `what` says what there is too much of.
Status Overloaded(const std::string& what);

/// Bytes that requests under way may hold together. Threads: any.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t bytes) : left_(bytes) {}
  bool Take(int64_t bytes) {
    if (left_.fetch_sub(bytes) >= bytes) return true;
    left_ += bytes;
    return false;
  }
  void Return(int64_t bytes) { left_ += bytes; }

 private:
  std::atomic<int64_t> left_;
};

/// A unary call that blocks: runs `work` on `executor` and answers with its status. A full queue answers RESOURCE_EXHAUSTED.
template <typename Work>
grpc::ServerUnaryReactor* RunUnary(grpc::CallbackServerContext* call, Executor& executor, CallRecord record,
                                   Work work) {
  grpc::ServerUnaryReactor* reactor = call->DefaultReactor();
  const Status queued = executor.Submit([call, reactor, record, work = std::move(work)]() mutable {
    const Context context = ContextOf(*call);
    const TraceScope trace(context.trace_id());
    Status status = context.Check();
    if (status.ok()) status = work(context);
    record.End(status);
    reactor->Finish(ToGrpc(status, *call));
  });
  if (!queued.ok()) {
    const Status status = Overloaded("calls");
    record.End(status);
    reactor->Finish(ToGrpc(status, *call));
  }
  return reactor;
}

}  // namespace pbfs::wire
