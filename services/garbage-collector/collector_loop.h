#pragma once

#include <functional>
#include <map>
#include <string>

#include "libs/base/stop_signal.h"
#include "services/garbage-collector/collector.h"

namespace pbfs::collector {

/// Totals since the start, and where things stand, for metrics and the log.
struct Collected {
  CatalogPass catalog;
  TombstonesPass tombstones;
  int64_t passes = 0;         // over the catalog, completed
  int64_t failed_passes = 0;  // of any kind
  int64_t orphans = 0;        // fragments deleted
  GarbageState state;         // as of some minutes ago, or of the last failure
  // By kind of pass: when one went well last, by the collector's clock; and whether the last one failed.
  std::map<std::string, int64_t> succeeded_ms;
  std::map<std::string, bool> failed;
};

/// Runs a Collector again and again: the catalog every `interval`, tombstones every `tombstones_interval`, all stores every
/// `sweep_interval`, and again in the round after a sweep that confirmed orphans; everything at once when somebody asks for it
/// (Garbage::AskForPass). Says in the catalog what each pass did. What fails is logged once and tried again. Destroying it calls the pass
/// under way off. Threads: one of its own.
class CollectorLoop {
 public:
  struct Options {
    Duration interval = std::chrono::seconds(60);
    Duration sweep_interval = std::chrono::hours(7 * 24);
    Duration sweep_again = std::chrono::hours(24);  // after one that failed, for one store or all
    Duration tombstones_interval = std::chrono::hours(1);
    Duration state_interval = std::chrono::minutes(5);  // between looks at what waits
    Duration listen_every = std::chrono::seconds(5);    // between looks whether somebody asks for a pass
    Duration patience = std::chrono::minutes(30);       // of one pass
  };
  struct Ports {
    Collector& collector;
    Garbage& garbage;
    Groups& groups;
    const Clock& clock;
  };
  /// `ports` outlive this. `active`: whether it is this process's turn; asked before each pass. `report`: told the totals after each
  /// round, from the loop's thread. Begins at once.
  CollectorLoop(const Ports& ports, std::function<bool()> active, std::function<void(const Collected&)> report,
                const Options& options);
  ~CollectorLoop();
  CollectorLoop(const CollectorLoop&) = delete;
  CollectorLoop& operator=(const CollectorLoop&) = delete;

 private:
  using Done = std::map<std::string, int64_t>;
  void Run();
  bool AwaitRound();
  void Round();
  void Pass(const std::string& kind, Result<Done> (CollectorLoop::*pass)());
  Result<Done> CollectCatalog();
  Result<Done> CollectTombstones();
  Result<Done> SweepStores();
  void Note(const std::string& kind, const Status& status);

  const Ports ports_;
  const std::function<bool()> active_;
  const std::function<void(const Collected&)> report_;
  const Options options_;
  const Context context_;  // of all passes
  Collected collected_;
  bool asked_ = false;  // somebody asks for everything, now
  MonotonicTime next_tombstones_{}, next_sweep_{}, next_state_{};
  Status sweep_trouble_;                            // of single stores, in the sweep under way
  std::map<std::string, StatusCode> last_failure_;  // by kind of pass
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::collector
