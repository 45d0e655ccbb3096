#pragma once

#include <functional>
#include <map>
#include <optional>

#include "libs/base/stop_signal.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/database_health.h"

namespace pbfs::catalog {

/// How things are around a catalog, as it sees them.
struct Signs {
  std::optional<DatabaseHealth> database;  // none: no primary answers
  Duration oldest_transaction{};           // for how long some transaction has been running, at least
  std::map<StoreState, int64_t> stores;    // by state; as of the last look that succeeded
};

/// Looks every `period` and tells what it saw. Threads: one of its own.
class Vitals {
 public:
  /// `database` and `groups` outlive this. `report` runs on the thread. Begins at once.
  Vitals(DatabaseWatch& database, Groups& groups, std::function<void(const Signs&)> report,
         Duration period = std::chrono::seconds(10));
  ~Vitals();
  Vitals(const Vitals&) = delete;
  Vitals& operator=(const Vitals&) = delete;

 private:
  void Run();
  void LookAtDatabase();
  void LookAtStores();

  DatabaseWatch& database_;
  Groups& groups_;
  const std::function<void(const Signs&)> report_;
  const Duration period_;
  Signs signs_;
  uint64_t oldest_running_ = 0;    // the oldest transaction that ran at the last look,
  MonotonicTime running_since_{};  // and when it was seen first
  StopSignal stop_;
  Thread thread_;  // last: it uses all the above
};

}  // namespace pbfs::catalog
