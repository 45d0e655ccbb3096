#pragma once

#include <cstdint>
#include <string>

#include "libs/base/context.h"
#include "libs/base/result.h"

namespace pbfs {

/// A place in the WAL of a catalog's PostgreSQL. Every promotion begins a new timeline.
struct WalPosition {
  std::string system;  // the system identifier: which PostgreSQL cluster
  int32_t timeline = 0;
  int64_t lsn = 0;  // bytes since the beginning of the WAL
  friend bool operator==(const WalPosition&, const WalPosition&) = default;
};

/// On which timeline destructive work may run (I25). Threads: any. Blocking, bounded by context.deadline.
/// Implementations: PostgresTimelines.
class Timelines {
 public:
  virtual ~Timelines() = default;
  struct State {
    int32_t thawed = 0;  // the timeline that was thawed last: destructive work runs if it is the current one
    WalPosition now;     // of the primary; what is before it is durable on the synchronous standbys
  };
  /// Errors: UNAVAILABLE no primary, or no standby that confirms.
  virtual Result<State> Load(const Context& context) = 0;
  /// Lets destructive work run on timeline `to`. Durable on OK; a repeat that finds it done is OK.
  /// Errors: ABORTED the timeline thawed last is not `from`, or the primary is not on `to`; UNAVAILABLE.
  virtual Status Thaw(const Context& context, int32_t from, int32_t to) = 0;
};

/// What manages failovers and can say whether one may have lost acknowledged commits (format, section 9.12).
/// Threads: one at a time; several processes may share what is remembered. Implementations: PatroniFailovers.
class FailoverManager {
 public:
  virtual ~FailoverManager() = default;
  /// Destructive work runs on `at.timeline`, and what is before `at` is on its synchronous standbys: judge from here.
  /// Errors: FAILED_PRECONDITION the manager does not know this primary as such; UNAVAILABLE.
  virtual Status Remember(const Context& context, const WalPosition& at) = 0;
  /// OK if the primary at `now` has everything that was acknowledged on timeline `thawed`: each promotion since what was
  /// remembered on that timeline was that of a synchronous standby, or of the primary itself.
  /// Errors: FAILED_PRECONDITION that cannot be said, with the reason: a person has to look; UNAVAILABLE ask again.
  virtual Status Vouch(const Context& context, int32_t thawed, const WalPosition& now) = 0;
};

}  // namespace pbfs
