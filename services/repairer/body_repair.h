#pragma once

#include <functional>
#include <vector>

#include "libs/base/pacer.h"
#include "libs/catalog/catalog.h"
#include "libs/catalog/place_groups.h"
#include "libs/fragments/fragment_store.h"

namespace pbfs::repairer {

/// What a repair works with, the same for many bodies.
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

/// What came of it.
struct BodyRepair {
  std::vector<uint8_t> restored;  // these stand at their places now
  std::vector<uint8_t> lost;      // these were thought to stand at theirs, and did not or were not sound
  std::vector<StoreId> liars;     // whose fragments are wrong under good CRCs
  bool unchecked = false;  // rebuilt from exactly k shards, or not held against another one: a lie would have passed
  bool suspect = false;    // fragments contradict each other, and which is wrong could not be told: nothing was written
  int64_t bytes_read = 0, bytes_written = 0;
  Status status;  // OK if no shard is missing any more; else why not
};

/// Brings the missing shards of one body to their places, as far as their stores can be reached: copies those that stand where an
/// older version of the group wanted them, and computes the others from k that are here. Memory: some 8 MiB. Threads: any number
/// at once, for different bodies.
///
/// In crc32c mode k shards say nothing of a store that lies (format, section 5.1), and a shard more for each stripe would cost 1/k more
/// reading. So one more is read for every body where that costs at most `extra_reads`, and elsewhere for as large a part of all bodies
/// as keeps to that; the others are `unchecked` (ADR 0014).
BodyRepair RepairBody(const Context& context, const RepairSite& site, const EncodedBody& body);

}  // namespace pbfs::repairer
