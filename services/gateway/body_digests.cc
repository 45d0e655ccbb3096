#include "services/gateway/body_digests.h"

namespace pbfs::gateway {

void BodyDigests::Update(ByteSpan bytes) {
  Await();
  UpdateAll(bytes);
}

void BodyDigests::UpdateBeside(Executor& executor, ByteSpan bytes) {
  Await();  // one after another: each goes on where the one before ended
  if (!any()) return;
  {
    MutexLock lock(mutex_);
    under_way_ = true;
  }
  const auto update = [this, bytes] {
    UpdateAll(bytes);
    MutexLock lock(mutex_);
    under_way_ = false;
    done_.NotifyAll();  // under the lock: who waits may destroy this
  };
  if (!executor.Submit(update).ok()) update();  // a full pool: the caller does it
}

void BodyDigests::Await() {
  MutexLock lock(mutex_);
  while (under_way_) done_.Wait(mutex_);
}

void BodyDigests::UpdateAll(ByteSpan bytes) {
  if (md5.has_value()) md5->Update(bytes);
  if (named.has_value()) named->Update(bytes);
  if (made.has_value()) made->Update(bytes);
  if (sha256.has_value()) sha256->Update(bytes);
}

}  // namespace pbfs::gateway
