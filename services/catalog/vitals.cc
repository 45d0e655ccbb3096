#include "services/catalog/vitals.h"

#include <utility>

namespace pbfs::catalog {

Vitals::Vitals(DatabaseWatch& database, Groups& groups, std::function<void(const Signs&)> report, Duration period)
    : database_(database), groups_(groups), report_(std::move(report)), period_(period), thread_("vitals", [this] {
        Run();
      }) {}

Vitals::~Vitals() {
  stop_.Stop();
  thread_.Join();
}

void Vitals::Run() {
  do {
    LookAtDatabase();
    LookAtStores();
    report_(signs_);
  } while (stop_.Pause(period_));
}

void Vitals::LookAtDatabase() {
  const Result<DatabaseHealth> health = database_.Look(Context::WithTimeout(period_));
  signs_.database = health.ok() ? std::optional(*health) : std::nullopt;
  if (!health.ok()) return;
  // Where nothing runs, the oldest is the next one; one that was seen before has run since then.
  const bool runs_on = health->oldest_running == oldest_running_ && health->oldest_running < health->next;
  if (!runs_on) running_since_ = MonotonicNow();
  oldest_running_ = health->oldest_running;
  signs_.oldest_transaction = MonotonicNow() - running_since_;
}

void Vitals::LookAtStores() {
  const Result<ClusterMap> map = groups_.WatchMap(Context::WithTimeout(period_), -1);
  if (!map.ok()) return;
  signs_.stores.clear();
  for (const StoreInfo& store : map->stores) ++signs_.stores[store.state];
}

}  // namespace pbfs::catalog
