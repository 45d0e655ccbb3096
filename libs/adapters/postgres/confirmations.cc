#include "libs/adapters/postgres/confirmations.h"

#include <algorithm>

namespace pbfs::postgres {

Status Confirmations::Await(const Context& context, const std::string& server, const std::function<Status()>& confirm,
                            const std::function<void()>& spare) {
  std::shared_ptr<Round> round;
  bool leads = false;
  {
    MutexLock lock(mutex_);
    std::shared_ptr<Round>& next = servers_[server].next;
    leads = next == nullptr;
    if (leads) next = std::make_shared<Round>();
    round = next;
  }
  if (leads) return Lead(server, *round, confirm);
  spare();
  MutexLock lock(mutex_);
  while (!round->ended) {
    PBFS_RETURN_IF_ERROR(context.Check());
    // Cancellation wakes nobody, so look at it now and then.
    changed_.WaitUntil(mutex_, std::min(context.deadline(), MonotonicNow() + std::chrono::milliseconds(100)));
  }
  return round->outcome;
}

Status Confirmations::Lead(const std::string& server, Round& round, const std::function<Status()>& confirm) {
  {
    MutexLock lock(mutex_);
    Server& state = servers_[server];
    while (state.confirming) changed_.Wait(mutex_);
    state.confirming = true;
    state.next = nullptr;  // from here on nobody takes part any more
  }
  const Status outcome = confirm();
  MutexLock lock(mutex_);
  round.ended = true;
  round.outcome = outcome;
  Server& state = servers_[server];
  state.confirming = false;
  if (state.next == nullptr) servers_.erase(server);
  changed_.NotifyAll();
  return outcome;
}

}  // namespace pbfs::postgres
