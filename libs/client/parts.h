#pragma once

#include <atomic>

#include "libs/base/executor.h"
#include "libs/client/acknowledged.h"
#include "libs/client/client.h"
#include "libs/client/cluster_view.h"
#include "libs/client/memory_budget.h"
#include "libs/client/opened_bucket.h"
#include "libs/client/rehome_offers.h"
#include "libs/client/store_latency.h"
#include "libs/model/hlc_clock.h"

namespace pbfs {

/// What the parts of a client share: one per Client. Threads: any; each member takes care of itself.
class ClientCore {
 public:
  ClientCore(const ClientOptions& o, const ClientDependencies& d);

  /// A fresh order, greater than `above` as well.
  Hlc NextHlc(Hlc above);
  /// What a catalog's reply showed. An order far ahead of time (a region that somebody poisoned, F22) is not taken over: it
  /// would make every write elsewhere drift (I4); writes to that region learn it from ORDER_STALE.
  void Observe(Hlc seen, int64_t now_ms);

  const ClientOptions options;
  const ClientDependencies to;
  const int64_t wid;  // 63 random bits of this process
  HlcClock clock;
  ClusterView cluster;
  StoreLatency latency;
  MemoryBudget budget;
  MemoryBudget ahead;  // of the pieces of streams that wait for who reads; nobody waits for it
  Acknowledged acknowledged;
  ClientCounters counters;
  std::atomic<uint64_t> dek_counter{0};
  Executor executor;    // seals and opens side by side: as many threads as processors
  Executor streams;     // carries pieces of streams, which mostly wait
  RehomeOffers offers;  // last: its threads use the rest
};

}  // namespace pbfs
