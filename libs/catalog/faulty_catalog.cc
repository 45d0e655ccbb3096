#include "libs/catalog/faulty_catalog.h"

#include <algorithm>

namespace pbfs {

void FaultyCatalog::SetFaults(CatalogFaults faults) {
  MutexLock lock(mutex_);
  faults_ = faults;
}

void FaultyCatalog::LoseNextReply() {
  MutexLock lock(mutex_);
  lose_next_ = true;
}

void FaultyCatalog::RefuseNext(int count) {
  MutexLock lock(mutex_);
  refuse_next_ = count;
}

void FaultyCatalog::FailCall(int64_t call, bool happens) {
  MutexLock lock(mutex_);
  calls_ = 0;
  fail_at_ = call;
  fails_after_ = happens;
}

int64_t FaultyCatalog::calls() const {
  MutexLock lock(mutex_);
  return calls_;
}

FaultyCatalog::Fate FaultyCatalog::Draw() {
  const auto drawn = static_cast<int>(random_.Below(1000)), drawn_late = static_cast<int>(random_.Below(1000));
  MutexLock lock(mutex_);
  Fate fate;
  fate.refuse = refuse_next_ > 0 || drawn < faults_.refuse;
  fate.lose_reply = lose_next_ || (drawn >= faults_.refuse && drawn < faults_.refuse + faults_.lose_reply);
  if (++calls_ == fail_at_) (fails_after_ ? fate.lose_reply : fate.refuse) = true;
  if (drawn_late < faults_.late) fate.delay = faults_.delay;
  if (refuse_next_ > 0) --refuse_next_;
  if (!fate.refuse) lose_next_ = false;
  return fate;
}

Status FaultyCatalog::Around(const Context& context, const Call& call) {
  const Fate fate = Draw();
  if (fate.refuse) return UnavailableError("injected: the catalog cannot be reached");
  Status answer = call(context, inner_);
  if (fate.delay > Duration{}) SleepUntil(std::min(MonotonicNow() + fate.delay, context.deadline()));
  if (fate.lose_reply) return UnavailableError("injected: the reply was lost; the outcome is unknown");
  PBFS_RETURN_IF_ERROR(context.Check());
  return answer;
}

}  // namespace pbfs
