#pragma once

#include <vector>

#include "services/repairer/body_reader.h"

namespace pbfs::repairer {

/// What came of it. If `suspect`, nothing was written.
struct BodyRepair : BodyFindings {
  std::vector<uint8_t> restored;  // these stand at their places now
  int64_t bytes_written = 0;
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
