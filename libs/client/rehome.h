#pragma once

#include "libs/client/bucket.h"
#include "libs/client/parts.h"

namespace pbfs {

/// Who waits for a rehome, and so where its memory comes from.
enum class RehomePatience {
  kAsked,    // a caller: in turn with everybody
  kOffered,  // nobody: what is left over, at most half of the budget, soon or not at all (then RESOURCE_EXHAUSTED)
};

/// Rehomes region `region` of an object, until `policy` finds nothing to do there (a few merges, if any). Harmless to
/// repeat and to call off at any point: a merge is one Commit, and what was uploaded for one that never came is swept.
/// Errors: those of a read and of a write.
Result<RehomeReport> RehomeRegion(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                  const ObjectId& object, int64_t region, const RehomePolicy& policy,
                                  RehomePatience patience);

}  // namespace pbfs
