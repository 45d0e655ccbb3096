#include "libs/client/memory_budget.h"

#include <algorithm>

namespace pbfs {

MemoryShare& MemoryShare::operator=(MemoryShare&& other) noexcept {
  if (this == &other) return *this;
  Release();
  budget_ = other.budget_;
  bytes_ = other.bytes_;
  other.budget_ = nullptr;
  return *this;
}

void MemoryShare::ShrinkTo(int64_t bytes) {
  if (budget_ == nullptr || bytes >= bytes_) return;
  budget_->GiveBack(bytes_ - bytes);
  bytes_ = bytes;
}

void MemoryShare::Release() {
  if (budget_ != nullptr) budget_->GiveBack(bytes_);
  budget_ = nullptr;
}

Result<MemoryShare> MemoryBudget::Take(const Context& context, int64_t bytes) {
  bytes = std::min(bytes, total_);
  MutexLock lock(mutex_);
  const uint64_t ticket = next_ticket_++;
  waiting_.insert(ticket);
  Status status = context.Check();
  while (status.ok() && (*waiting_.begin() != ticket || !Fits(bytes))) {
    // Cancellation wakes nobody, so look at it now and then.
    changed_.WaitUntil(mutex_, std::min(context.deadline(), MonotonicNow() + std::chrono::milliseconds(50)));
    status = context.Check();
  }
  waiting_.erase(ticket);
  changed_.NotifyAll();
  if (!status.ok()) return status.Annotate("waiting for buffer memory: ");
  Grant(bytes);
  return MemoryShare(this, bytes);
}

MemoryShare MemoryBudget::TryTake(int64_t bytes, int64_t left) {
  MutexLock lock(mutex_);
  if (!waiting_.empty() || !Fits(bytes + left)) return {};
  Grant(bytes);
  return MemoryShare(this, bytes);
}

void MemoryBudget::Grant(int64_t bytes) {
  used_ += bytes;
  peak_ = std::max(peak_, used_);
}

void MemoryBudget::GiveBack(int64_t bytes) {
  {
    MutexLock lock(mutex_);
    used_ -= bytes;
  }
  changed_.NotifyAll();
}

int64_t MemoryBudget::peak() const {
  MutexLock lock(mutex_);
  return peak_;
}

}  // namespace pbfs
