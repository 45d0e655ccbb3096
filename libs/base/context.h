#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>

#include "libs/base/scheduler.h"
#include "libs/base/status.h"

namespace pbfs {

/// What travels with every call: until when it may take, whether it was called off, and a trace id. A value: copies share
/// the cancellation. First parameter of everything that can block.
class Context {
 public:
  /// No deadline, never cancelled: for tests and main().
  Context() : cancelled_(std::make_shared<std::atomic<bool>>(false)) {}
  static Context WithTimeout(Duration timeout) { return Context().Within(timeout); }

  MonotonicTime deadline() const { return deadline_; }
  const std::string& trace_id() const { return trace_id_; }
  void set_trace_id(std::string id) { trace_id_ = std::move(id); }

  /// The same call with at most `timeout` left; never later than the deadline it already has.
  Context Within(Duration timeout) const {
    Context inner = *this;
    const MonotonicTime now = MonotonicNow();
    if (deadline_ == MonotonicTime::max() || deadline_ - now > timeout) inner.deadline_ = now + timeout;
    return inner;
  }
  /// A child that can be cancelled without cancelling this one; it does not see later cancellation of this one.
  Context Detached() const {
    Context inner = *this;
    inner.cancelled_ = std::make_shared<std::atomic<bool>>(cancelled());
    return inner;
  }
  void Cancel() const { cancelled_->store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_->load(std::memory_order_relaxed); }
  /// OK, CANCELLED or DEADLINE_EXCEEDED.
  Status Check() const {
    if (cancelled()) return CancelledError("the caller gave up");
    if (deadline_ != MonotonicTime::max() && MonotonicNow() >= deadline_) return DeadlineExceededError("out of time");
    return OkStatus();
  }

 private:
  MonotonicTime deadline_ = MonotonicTime::max();
  std::shared_ptr<std::atomic<bool>> cancelled_;
  std::string trace_id_;
};

}  // namespace pbfs
