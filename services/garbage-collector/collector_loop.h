#pragma once

#include <functional>

#include "libs/base/stop_signal.h"
#include "services/garbage-collector/collector.h"

namespace pbfs::collector {

/// Totals since the start, for metrics and the log.
struct Collected {
  CatalogPass catalog;
  int64_t passes = 0;         // over the catalog, completed
  int64_t failed_passes = 0;  // of either kind
  int64_t orphans = 0;        // fragments deleted
};

/// Runs a Collector again and again: the catalog every `interval`, all stores every `sweep_interval`, and again in the round after a
/// sweep that confirmed orphans. What fails is logged once and tried again. Destroying it calls the pass under way off. Threads: one of its own.
class CollectorLoop {
 public:
  struct Options {
    Duration interval = std::chrono::seconds(60);
    Duration sweep_interval = std::chrono::hours(7 * 24);
    Duration patience = std::chrono::minutes(30);  // of one pass
  };
  /// `collector` and `groups` outlive this. `active`: whether it is this process's turn; asked before each pass. `report`: told the
  /// totals after each pass, from the loop's thread. Begins at once.
  CollectorLoop(Collector& collector, Groups& groups, std::function<bool()> active,
                std::function<void(const Collected&)> report, const Options& options);
  ~CollectorLoop();
  CollectorLoop(const CollectorLoop&) = delete;
  CollectorLoop& operator=(const CollectorLoop&) = delete;

 private:
  void Run();
  Status CollectCatalog();
  Status SweepStores();
  void Note(const char* what, const Status& status);

  Collector& collector_;
  Groups& groups_;
  const std::function<bool()> active_;
  const std::function<void(const Collected&)> report_;
  const Options options_;
  const Context context_;  // of all passes
  Collected collected_;
  MonotonicTime next_sweep_{};
  StatusCode last_failure_ = StatusCode::kOk;
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::collector
