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
    if (leads) {
      next = std::make_shared<Round>();
    } else {
      ++next->takers;
    }
    round = next;
  }
  if (leads) return Lead(server, *round, confirm);
  spare();
  MutexLock lock(mutex_);
  while (!round->ended) {
    PBFS_RETURN_IF_ERROR(context.Check());
    // Cancellation wakes nobody, so look at it now and then.
    round->over.WaitUntil(mutex_, std::min(context.deadline(), MonotonicNow() + std::chrono::milliseconds(100)));
  }
  return round->outcome;
}

Status Confirmations::Lead(const std::string& server, Round& round, const std::function<Status()>& confirm) {
  {
    MutexLock lock(mutex_);
    Server& state = servers_[server];  // stays there: its next round is this one
    while (state.confirming) state.turn.Wait(mutex_);
    while (MonotonicNow() < state.not_before) state.turn.WaitUntil(mutex_, state.not_before);
    state.confirming = true;
    state.next = nullptr;  // from here on nobody takes part any more
    state.not_before = round.takers < kMany ? MonotonicTime() : MonotonicNow() + pause_;
  }
  const Status outcome = confirm();
  MutexLock lock(mutex_);
  round.ended = true;
  round.outcome = outcome;
  round.over.NotifyAll();
  Server& state = servers_[server];
  state.confirming = false;
  state.turn.NotifyAll();
  if (state.next == nullptr && round.takers < kMany) servers_.erase(server);
  return outcome;
}

}  // namespace pbfs::postgres
