#pragma once

#include <map>
#include <utility>
#include <vector>

#include "libs/base/sync.h"
#include "libs/client/rehome_policy.h"
#include "libs/format/op_record.h"

namespace pbfs {

/// What a client has patched since it last thought of a rehome, region by region. Bounded: of too many objects it
/// forgets the oldest first. Threads: any.
class PatchCounts {
 public:
  /// Remembers at most `limit` regions.
  PatchCounts(const RehomePolicy& policy, size_t limit) : policy_(policy), limit_(limit) {}

  /// Counts a WRITE. Returns the regions of it that have now had enough for the policy to find something to do there,
  /// most likely: more patches than make a gather, or extents than make a rewrite, or half a region's bytes by more
  /// than a few of less than an eighth of one. These count from nothing again, as does the region of a REHOME.
  std::vector<int64_t> Add(const OpRecord& record);

 private:
  struct Count {
    int64_t patches = 0;
    int64_t extents = 0;
    int64_t bytes = 0;
  };
  bool IsEnough(const Count& count) const;

  const RehomePolicy policy_;
  const size_t limit_;
  Mutex mutex_;
  std::map<std::pair<ObjectId, int64_t>, Count> counts_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
