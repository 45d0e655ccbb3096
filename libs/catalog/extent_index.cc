#include "libs/catalog/extent_index.h"

#include <algorithm>

#include "libs/base/mutants.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

/// Greatest length of each class; schema: span_class().
constexpr std::array<int64_t, 6> kClassLength = {16384, 131072, 1048576, 8388608, 67108864, INT64_MAX};

size_t ClassOf(const Extent& extent) {
  return std::lower_bound(kClassLength.begin(), kClassLength.end(), extent.size()) - kClassLength.begin();
}

}  // namespace

bool ExtentIndex::Insert(const Extent& extent) {
  return classes_[ClassOf(extent)].emplace(KeyOf(extent), extent).second;
}

void ExtentIndex::Erase(const Extent& extent) { classes_[ClassOf(extent)].erase(KeyOf(extent)); }

void ExtentIndex::Scan(int64_t lo, int64_t hi, const std::function<void(const Extent&)>& visit) const {
  for (size_t cls = 0; cls < classes_.size(); ++cls) {
    const int64_t first = lo < kClassLength[cls] ? 0 : lo - kClassLength[cls] + 1;
    const Rows& rows = classes_[cls];
    for (auto row = rows.lower_bound({first, 0, {}, {}}); row != rows.end() && row->second.lo < hi; ++row) {
      if (row->second.hi > lo) visit(row->second);
    }
  }
}

std::vector<Extent> ExtentIndex::Overlapping(int64_t lo, int64_t hi) const {
  std::vector<Extent> found;
  Scan(lo, hi, [&](const Extent& extent) { found.push_back(extent); });
  return found;
}

std::vector<Extent> ExtentIndex::Dominated(int64_t lo, int64_t hi, Order below) const {
  std::vector<Extent> found;
  Scan(lo, hi, [&](const Extent& extent) {
    const bool inside = (extent.lo >= lo && extent.hi <= hi) || IsMutant(Mutant::kPruneOverlapped);
    if (inside && extent.order < below) found.push_back(extent);
  });
  return found;
}

int64_t ExtentIndex::EndAbove(Order trunc) const {
  int64_t end = 0;
  for (size_t cls = 0; cls < classes_.size(); ++cls) {
    // From the right: once even the longest of the class could not reach further, the rest cannot.
    for (auto row = classes_[cls].rbegin(); row != classes_[cls].rend(); ++row) {
      const Extent& extent = row->second;
      if (kClassLength[cls] != INT64_MAX && extent.lo + kClassLength[cls] <= end) break;
      if (IsMutant(Mutant::kZeroDoesNotExtend) && extent.source.kind == SourceKind::kZeros) continue;
      if (extent.hi != kTruncEnd && extent.order > trunc) end = std::max(end, extent.hi);
    }
  }
  return end;
}

size_t ExtentIndex::size() const {
  size_t total = 0;
  for (const Rows& rows : classes_) total += rows.size();
  return total;
}

std::vector<Extent> ExtentIndex::All() const {
  std::vector<Extent> all;
  for (const Rows& rows : classes_) {
    for (const auto& [key, extent] : rows) all.push_back(extent);
  }
  return all;
}

}  // namespace pbfs
