#include "libs/adapters/grpc/locks.h"

#include <absl/synchronization/mutex.h>

namespace pbfs {

void SettleLocks() { absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore); }

}  // namespace pbfs
