#include "libs/coordination/lease_keeper.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace pbfs {

LeaseKeeper::LeaseKeeper(Leases& leases, LeaseInfo lease, const Options& options)
    : leases_(leases), lease_(std::move(lease)), options_(options), thread_("lease", [this] { Run(); }) {}

LeaseKeeper::~LeaseKeeper() {
  stop_.Stop();
  thread_.Join();
  (void)leases_.Release(Context::WithTimeout(options_.attempt), lease_);  // else it expires
}

bool LeaseKeeper::Held() const {
  MutexLock lock(mutex_);
  return held_;
}

Status LeaseKeeper::LastStatus() const {
  MutexLock lock(mutex_);
  return last_;
}

Status LeaseKeeper::Attempt() {
  if (Held()) {
    const Status renewed = leases_.Renew(Context::WithTimeout(options_.attempt), lease_, options_.ttl);
    if (renewed.code() != StatusCode::kAborted) return renewed;
  }
  return leases_.Acquire(Context::WithTimeout(options_.attempt), lease_, options_.ttl);
}

void LeaseKeeper::Run() {
  do {
    const Status status = Attempt();
    MutexLock lock(mutex_);
    if (status.code() != last_.code()) {  // log changes, not every attempt
      spdlog::log(status.ok() ? spdlog::level::info : spdlog::level::warn, "lease {}: {}", lease_.key,
                  status.ToString());
    }
    // A lease that could not be renewed for now is still ours until it expires: go on renewing.
    held_ = status.ok() || (held_ && IsRetryable(status));
    last_ = status;
    // Three attempts fit into the time to live; a lease that is not held is tried for more often.
  } while (stop_.Pause(Held() ? options_.ttl / 3 : options_.ttl / 10));
}

}  // namespace pbfs
