#pragma once

#include <memory>

#include "libs/base/status.h"
#include "services/fragment-store/fragment_service.h"

namespace pbfs::fragment_store {

/// Counts what is in flight and refuses what exceeds the limits. Threads: any.
class FragmentService::Admission : public std::enable_shared_from_this<Admission> {
 public:
  explicit Admission(const ServiceLimits& limits) : limits_(limits) {}

  enum class Kind { kPut, kRead };

  /// A share of the limits, given back when it goes.
  class Permit {
   public:
    Permit(std::shared_ptr<Admission> admission, Kind kind, int64_t memory)
        : admission_(std::move(admission)), kind_(kind), memory_(memory) {}
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    ~Permit() { admission_->GiveBack(kind_, memory_); }

   private:
    const std::shared_ptr<Admission> admission_;
    const Kind kind_;
    const int64_t memory_;
  };

  /// Errors: RESOURCE_EXHAUSTED with detail retry-after-ms.
  Result<std::unique_ptr<Permit>> Admit(Kind kind, int64_t memory) {
    MutexLock lock(mutex_);
    const bool room = (kind == Kind::kPut ? load_.puts < limits_.max_puts : load_.reads < limits_.max_reads) &&
                      load_.memory + memory <= limits_.max_memory;
    if (!room) {
      ++load_.refused;
      return ResourceExhaustedError("the store has as many requests as it takes; try again later")
          .WithDetail("retry-after-ms", "50");
    }
    ++(kind == Kind::kPut ? load_.puts : load_.reads);
    load_.memory += memory;
    return std::make_unique<Permit>(shared_from_this(), kind, memory);
  }

  Load load() {
    MutexLock lock(mutex_);
    return load_;
  }

 private:
  void GiveBack(Kind kind, int64_t memory) {
    MutexLock lock(mutex_);
    --(kind == Kind::kPut ? load_.puts : load_.reads);
    load_.memory -= memory;
  }

  const ServiceLimits limits_;
  Mutex mutex_;
  Load load_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::fragment_store
