#pragma once

#include "libs/base/stop_signal.h"
#include "libs/base/sync.h"
#include "services/gateway/lifecycle.h"
#include "services/gateway/patch_tokens.h"

namespace pbfs::gateway {

/// Passes of Lifecycle, one an interval, on a thread of its own, for as long as this lives.
class LifecycleLoop {
 public:
  LifecycleLoop(Lifecycle& lifecycle, PatchTokens& tokens, Duration interval, Random& random);
  /// Calls off a pass under way.
  ~LifecycleLoop();
  LifecycleLoop(const LifecycleLoop&) = delete;
  LifecycleLoop& operator=(const LifecycleLoop&) = delete;

 private:
  void PassOnce();

  Lifecycle& lifecycle_;
  PatchTokens& tokens_;
  const Context context_;
  StopSignal stop_;
  Thread thread_;  // last: it uses the rest
};

}  // namespace pbfs::gateway
