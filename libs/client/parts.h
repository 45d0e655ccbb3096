#pragma once

#include "libs/client/acknowledged.h"
#include "libs/client/client.h"
#include "libs/client/cluster_view.h"
#include "libs/client/memory_budget.h"
#include "libs/model/hlc_clock.h"

namespace pbfs {

/// What the parts of a client share: one per Client. Threads: any; each member takes care of itself.
struct ClientCore {
  ClientCore(ClientOptions o, ClientIdentity i, ClientDependencies d);

  const ClientOptions options;
  const ClientIdentity identity;
  const ClientDependencies to;
  const int64_t wid;  // 63 random bits of this process
  HlcClock clock;
  ClusterView cluster;
  MemoryBudget budget;
  Acknowledged acknowledged;
  ClientCounters counters;
  std::atomic<uint64_t> dek_counter{0};
};

}  // namespace pbfs
