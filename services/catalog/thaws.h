#pragma once

#include "libs/base/stop_signal.h"
#include "libs/catalog/timelines.h"

namespace pbfs::catalog {

/// Lets destructive work go on after a failover (I25) once the manager of failovers vouches for the new primary, and tells
/// it every `period` how far all is well. Where it does not vouch, destructive work stays frozen until a person thaws.
/// Several catalogs may do it. Threads: one of its own.
class Thaws {
 public:
  /// `timelines` and `failovers` outlive this. Begins at once.
  Thaws(Timelines& timelines, FailoverManager& failovers, Duration period = std::chrono::seconds(5));
  ~Thaws();
  Thaws(const Thaws&) = delete;
  Thaws& operator=(const Thaws&) = delete;

 private:
  void Run();
  Status Look(const Context& context);

  Timelines& timelines_;
  FailoverManager& failovers_;
  const Duration period_;
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::catalog
