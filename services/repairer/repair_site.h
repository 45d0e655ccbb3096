#pragma once

#include <functional>

#include "libs/base/pacer.h"
#include "libs/catalog/types.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs::repairer {

/// What the work on bodies is done with, the same for many of them.
struct RepairSite {
  const ClusterMap& map;
  FragmentStores& stores;
  TokenBytes token;                        // GET, REPAIR
  std::function<bool(StoreId)> is_silent;  // it did not answer lately
  std::function<void(StoreId)> mark_silent;
  Pacer& pacer;                                       // of bytes read and written
  Duration store_timeout = std::chrono::seconds(10);  // of one call to a store
  double extra_reads = 0.03;                          // see RepairBody
};

}  // namespace pbfs::repairer
