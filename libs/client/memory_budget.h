#pragma once

#include <cstdint>
#include <set>

#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs {

class MemoryBudget;

/// A part of a budget, given back when it goes. Threads: a value, one at a time.
class MemoryShare {
 public:
  MemoryShare() = default;
  MemoryShare(MemoryShare&& other) noexcept : budget_(other.budget_), bytes_(other.bytes_) { other.budget_ = nullptr; }
  MemoryShare& operator=(MemoryShare&& other) noexcept;
  ~MemoryShare() { Release(); }
  int64_t bytes() const { return budget_ == nullptr ? 0 : bytes_; }
  /// Gives back all but `bytes`, which is no more than it has.
  void ShrinkTo(int64_t bytes);
  void Release();

 private:
  friend class MemoryBudget;
  MemoryShare(MemoryBudget* budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}
  MemoryBudget* budget_ = nullptr;
  int64_t bytes_ = 0;
};

/// Bounds the payload buffers of one client. Whoever wants one first takes a share, and waits while there is none.
/// A thread waits while it holds no other share, or takes a further one by TryTake(): so there is always somebody who can
/// go on. Served in the order of arrival, so that a large request is not starved by small ones. Threads: any.
class MemoryBudget {
 public:
  explicit MemoryBudget(int64_t bytes) : total_(bytes) {}

  int64_t total() const { return total_; }
  /// Waits for `bytes`; what exceeds the whole budget is cut to it. Errors: DEADLINE_EXCEEDED, CANCELLED.
  Result<MemoryShare> Take(const Context& context, int64_t bytes);
  /// An empty share if it cannot be had at once, with `left` more for others.
  MemoryShare TryTake(int64_t bytes, int64_t left = 0);
  /// The most that was ever taken at one time.
  int64_t peak() const;

 private:
  friend class MemoryShare;
  bool Fits(int64_t bytes) const PBFS_REQUIRES(mutex_) { return used_ + bytes <= total_; }
  void Grant(int64_t bytes) PBFS_REQUIRES(mutex_);
  void GiveBack(int64_t bytes);

  const int64_t total_;
  mutable Mutex mutex_;
  CondVar changed_;
  int64_t used_ PBFS_GUARDED_BY(mutex_) = 0;
  int64_t peak_ PBFS_GUARDED_BY(mutex_) = 0;
  uint64_t next_ticket_ PBFS_GUARDED_BY(mutex_) = 0;
  std::set<uint64_t> waiting_ PBFS_GUARDED_BY(mutex_);  // tickets, oldest first
};

}  // namespace pbfs
