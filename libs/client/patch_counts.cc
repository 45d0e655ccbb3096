#include "libs/client/patch_counts.h"

#include <set>

#include "libs/model/limits.h"

namespace pbfs {
namespace {

constexpr int64_t kLarge = kRegionSize / 8;  // patches from here on are no fragments: what is put, say

}  // namespace

std::vector<int64_t> PatchCounts::Add(const OpRecord& record) {
  std::set<int64_t> touched;
  std::vector<int64_t> enough;
  MutexLock lock(mutex_);
  for (const RecordExtent& extent : record.extents) {
    const int64_t region = RegionOf(extent.lo);
    if (record.kind == OpKind::kRehome) {
      counts_.erase({record.object, region});
      continue;
    }
    Count& count = counts_[{record.object, region}];
    if (touched.insert(region).second) ++count.patches;
    ++count.extents;
    if (extent.hi - extent.lo < kLarge) count.bytes += extent.hi - extent.lo;
  }
  for (const int64_t region : touched) {
    const auto count = counts_.find({record.object, region});
    if (!IsEnough(count->second)) continue;
    enough.push_back(region);
    counts_.erase(count);
  }
  while (counts_.size() > limit_) counts_.erase(counts_.begin());
  return enough;
}

bool PatchCounts::IsEnough(const Count& count) const {
  if (count.patches > policy_.gather_bodies || count.extents >= policy_.rewrite_extents) return true;
  return count.patches > kFewBodies && count.bytes * 2 >= kRegionSize;
}

}  // namespace pbfs
