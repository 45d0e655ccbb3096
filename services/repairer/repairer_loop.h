#pragma once

#include <functional>

#include "libs/base/stop_signal.h"
#include "services/repairer/repairer.h"

namespace pbfs::repairer {

/// Totals since the start, and where things stand, for metrics and the log.
struct RepairProgress {
  CheckPass checks;
  RepairPass repairs;
  CopiesPass copies;
  RecodePass recodes;
  int64_t corrupt = 0;  // fragments that stores reported as bad
  int64_t passes = 0;   // completed
  int64_t failed_passes = 0;
  Redundancy redundancy;               // after the last pass
  double bytes_per_second = 0;         // written, in the last pass that repaired
  double recode_bytes_per_second = 0;  // written, in the last pass that encoded anew
};

/// Runs a Repairer again and again: what stores report, what is due, what is missing, what stands elsewhere too, what is coded otherwise
/// than wanted; every `interval`, and at once again while there is
/// progress. What fails is logged once and tried again. Destroying it calls the pass under way off. Threads: one of its own.
class RepairerLoop {
 public:
  struct Options {
    Duration interval = std::chrono::seconds(10);
    Duration patience = std::chrono::minutes(10);  // of one pass
  };
  /// `repairer` and `repairs` outlive this. `active`: whether it is this process's turn; asked before each pass. `report`: told the
  /// totals after each pass, from the loop's thread. Begins at once.
  RepairerLoop(Repairer& repairer, Repairs& repairs, std::function<bool()> active,
               std::function<void(const RepairProgress&)> report, const Options& options);
  ~RepairerLoop();
  RepairerLoop(const RepairerLoop&) = delete;
  RepairerLoop& operator=(const RepairerLoop&) = delete;

 private:
  void Run();
  Result<bool> Pass();
  Result<RecodePass> RecodeBuckets(const Context& context);
  void Log(const CheckPass& checks, const RepairPass& repairs) const;
  void Note(const Status& status);

  Repairer& repairer_;
  Repairs& repairs_;
  const std::function<bool()> active_;
  const std::function<void(const RepairProgress&)> report_;
  const Options options_;
  const Context context_;  // of all passes
  RepairProgress progress_;
  StatusCode last_failure_ = StatusCode::kOk;
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::repairer
