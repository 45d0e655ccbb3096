#include "tools/pbfs/job/edits.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <set>
#include <utility>

#include "libs/base/check.h"
#include "libs/base/random.h"

namespace pbfs::cli {
namespace {

double UnitInterval(Random& random) { return static_cast<double>(random.U64() >> 11) * 0x1.0p-53; }

int64_t DrawSize(const EditPlan& plan, Random& random) {
  const double low = std::log(static_cast<double>(plan.least));
  const double high = std::log(static_cast<double>(plan.most) + 1);
  const auto size = static_cast<int64_t>(std::exp(low + (high - low) * UnitInterval(random)));
  return std::clamp(size, plan.least, std::min(plan.most, plan.object_size));
}

/// Across the begin or the end of `earlier`.
int64_t OffsetAcrossEdge(const Edit& earlier, int64_t size, Random& random) {
  const int64_t edge = random.Below(2) == 0 ? earlier.offset : earlier.offset + earlier.size;
  return edge - static_cast<int64_t>(random.Below(static_cast<uint64_t>(size) + 1));
}

Edit DrawEdit(const EditPlan& plan, const std::vector<Edit>& earlier, Random& random) {
  Edit edit;
  edit.size = DrawSize(plan, random);
  const int64_t last = plan.object_size - edit.size;
  edit.offset = static_cast<int64_t>(random.Below(static_cast<uint64_t>(last) + 1));
  if (!earlier.empty() && random.Below(4) == 0)
    edit.offset =
        std::clamp<int64_t>(OffsetAcrossEdge(earlier[random.Below(earlier.size())], edit.size, random), 0, last);
  edit.content_seed = random.U64();
  return edit;
}

uint64_t SplitMix(uint64_t& state) {
  uint64_t z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace

std::vector<Edit> MakeEdits(const EditPlan& plan) {
  PBFS_CHECK(plan.least >= 1 && plan.least <= plan.most && plan.object_size >= plan.least);
  SeededRandom random(plan.seed);
  std::vector<Edit> edits;
  std::set<std::pair<int64_t, int64_t>> ranges;
  // A tiny object may not have `count` different ranges: then fewer edits come out.
  for (int64_t tries = 0; static_cast<int>(edits.size()) < plan.count && tries < int64_t{plan.count} * 100; ++tries) {
    const Edit edit = DrawEdit(plan, edits, random);
    if (ranges.emplace(edit.offset, edit.size).second) edits.push_back(edit);
  }
  return edits;
}

void FillContent(uint64_t content_seed, MutableByteSpan out) {
  uint64_t state = content_seed;
  size_t at = 0;
  for (; at + 8 <= out.size(); at += 8) StoreLe(out.data() + at, SplitMix(state));
  const uint64_t last = SplitMix(state);
  std::memcpy(out.data() + at, &last, out.size() - at);
}

int64_t CoveredBytes(const std::vector<Edit>& edits) {
  std::vector<std::pair<int64_t, int64_t>> ranges;
  for (const Edit& edit : edits) ranges.emplace_back(edit.offset, edit.offset + edit.size);
  std::sort(ranges.begin(), ranges.end());
  int64_t covered = 0, end = 0;
  for (const auto& [lo, hi] : ranges) {
    covered += std::max<int64_t>(0, hi - std::max(lo, end));
    end = std::max(end, hi);
  }
  return covered;
}

}  // namespace pbfs::cli
