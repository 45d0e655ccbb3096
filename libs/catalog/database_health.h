#pragma once

#include <cstdint>

#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs {

/// What a catalog's database says of itself, for metrics: nothing decides by it.
struct DatabaseHealth {
  bool synchronous = false;     // it is set to wait for a standby (synchronous_standby_names)
  bool confirms = false;        // a commit was just confirmed, by its standbys where it is set to wait for them
  bool frozen = false;          // destructive work may not run on its timeline (I25)
  int64_t clock_ahead_ms = 0;   // of this machine's, as near as one look can tell; negative: behind
  uint64_t oldest_running = 0;  // transaction id: every one below it has ended
  uint64_t next = 0;            // transaction id: none from it on has begun
};

/// Threads: one at a time. Blocking, bounded by context.deadline. Implementations: PostgresHealth.
class DatabaseWatch {
 public:
  virtual ~DatabaseWatch() = default;
  /// Errors: UNAVAILABLE no primary; DEADLINE_EXCEEDED.
  virtual Result<DatabaseHealth> Look(const Context& context) = 0;
};

}  // namespace pbfs
