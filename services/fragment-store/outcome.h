#pragma once

#include <optional>
#include <utility>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs::fragment_store {

/// The answer of one operation, given once by whoever is first and awaited by its caller. Shared by both, so that either may go
/// first. Threads: any.
template <typename T>
class Outcome {
 public:
  explicit Outcome(ReadyCallback on_ready) : on_ready_(std::move(on_ready)) {}

  void Set(Result<T> value) {
    ReadyCallback tell;
    {
      MutexLock lock(mutex_);
      if (value_.has_value()) return;
      value_ = std::move(value);
      tell = std::exchange(on_ready_, {});
    }
    ready_.NotifyAll();
    if (tell) tell();
  }
  bool IsSet() {
    MutexLock lock(mutex_);
    return value_.has_value();
  }
  /// Why the operation is over, or OK.
  Status Failure() {
    MutexLock lock(mutex_);
    return value_.has_value() ? value_->status() : OkStatus();
  }
  /// Errors: DEADLINE_EXCEEDED, CANCELLED, or those of the operation. A copy stays behind.
  Result<T> Wait(const Context& context) {
    MutexLock lock(mutex_);
    while (!value_.has_value()) {
      PBFS_RETURN_IF_ERROR(context.Check());
      ready_.WaitUntil(mutex_, context.deadline());
    }
    return *value_;
  }

 private:
  Mutex mutex_;
  CondVar ready_;
  ReadyCallback on_ready_ PBFS_GUARDED_BY(mutex_);
  std::optional<Result<T>> value_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::fragment_store
