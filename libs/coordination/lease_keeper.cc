#include "libs/coordination/lease_keeper.h"

#include <utility>

#include <spdlog/spdlog.h>

namespace pbfs {
namespace {

/// A number in [0, 1) that differs from holder to holder and from round to round: a simulation repeats it.
double Spread(const std::string& holder, uint64_t round) {
  uint64_t hash = 14'695'981'039'346'656'037u ^ round;  // FNV-1a
  for (const char c : holder) hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
  hash = (hash ^ (hash >> 29)) * 0x9E37'79B9'7F4A'7C15u;  // its high bits are weak
  return static_cast<double>(hash >> 11) * 0x1p-53;
}

}  // namespace

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
  } while (stop_.Pause(Pause()));
}

/// Three attempts fit into the time to live; a lease that is not held is tried for more often.
Duration LeaseKeeper::Pause() {
  const bool held = Held();
  const double spread = Spread(lease_.holder, rounds_++);
  const double share = held && !settled_ ? spread : 0.9 + 0.2 * spread;
  settled_ = held;
  return std::chrono::duration_cast<Duration>((held ? options_.ttl / 3 : options_.ttl / 10) * share);
}

}  // namespace pbfs
