#include "libs/adapters/grpc/call_set.h"

namespace pbfs::wire {

void CallSet::Add(grpc::ClientContext* call) {
  MutexLock lock(mutex_);
  calls_.insert(call);
  ++alive_;
}

void CallSet::Remove(std::unique_ptr<grpc::ClientContext> call) {
  {
    MutexLock lock(mutex_);
    calls_.erase(call.get());
  }
  call.reset();
  MutexLock lock(mutex_);
  if (--alive_ == 0) empty_.NotifyAll();  // under the lock: the waiter destroys this
}

void CallSet::CancelAll() {
  MutexLock lock(mutex_);
  for (grpc::ClientContext* call : calls_) call->TryCancel();
  while (alive_ > 0) empty_.Wait(mutex_);
}

}  // namespace pbfs::wire
