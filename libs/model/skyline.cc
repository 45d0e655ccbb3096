#include "libs/model/skyline.h"

#include <algorithm>

#include "libs/base/mutants.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

/// A sweep from left to right: extents come in by their lo, leave by their hi, and the greatest of those that are in is
/// visible. Leaving is lazy: an extent is dropped when it is found on top and has ended.
class Sweep {
 public:
  Sweep(std::span<const Extent> extents, int64_t lo, int64_t hi) : extents_(extents), end_(hi), at_(lo) {
    for (size_t i = 0; i < extents.size(); ++i) {
      if (extents[i].lo < hi && extents[i].hi > lo && extents[i].lo < extents[i].hi) starts_.push_back(i);
    }
    std::sort(starts_.begin(), starts_.end(), [&](size_t a, size_t b) { return extents[a].lo < extents[b].lo; });
  }

  std::vector<SkylinePiece> Run() {
    while (at_ < end_) {
      Enter();
      Leave();
      if (inside_.empty()) {
        if (next_ == starts_.size()) break;
        at_ = NextStart();
        continue;
      }
      const size_t top = inside_.front();
      const int64_t until = std::min({extents_[top].hi, NextStart(), end_});
      Emit(top, until);
      at_ = until;
    }
    return std::move(pieces_);
  }

 private:
  int64_t NextStart() const { return next_ == starts_.size() ? INT64_MAX : extents_[starts_[next_]].lo; }

  /// Heap order: the greatest on top.
  bool Below(size_t a, size_t b) const {
    if (IsMutant(Mutant::kSkylineByPosition)) return a > b;
    if (Outranks(extents_[b], extents_[a])) return true;
    return !Outranks(extents_[a], extents_[b]) && a > b;
  }
  auto HeapOrder() const {
    return [this](size_t a, size_t b) { return Below(a, b); };
  }
  void Enter() {
    for (; next_ < starts_.size() && NextStart() <= at_; ++next_) {
      inside_.push_back(starts_[next_]);
      std::push_heap(inside_.begin(), inside_.end(), HeapOrder());
    }
  }
  void Leave() {
    while (!inside_.empty() && extents_[inside_.front()].hi <= at_) {
      std::pop_heap(inside_.begin(), inside_.end(), HeapOrder());
      inside_.pop_back();
    }
  }
  void Emit(size_t top, int64_t until) {
    if (!pieces_.empty() && pieces_.back().extent == top && pieces_.back().hi == at_) {
      pieces_.back().hi = until;
      return;
    }
    const Extent& extent = extents_[top];
    const int64_t inner = extent.source.kind == SourceKind::kZeros ? 0 : extent.inner + (at_ - extent.lo);
    pieces_.push_back({at_, until, top, inner});
  }

  const std::span<const Extent> extents_;
  const int64_t end_;
  int64_t at_;
  std::vector<size_t> starts_;  // by lo; those before next_ have come in
  size_t next_ = 0;
  std::vector<size_t> inside_;  // a heap
  std::vector<SkylinePiece> pieces_;
};

}  // namespace

std::vector<SkylinePiece> Skyline(std::span<const Extent> extents, int64_t lo, int64_t hi) {
  return Sweep(extents, lo, hi).Run();
}

int64_t SizeOf(std::span<const Extent> extents) {
  Order trunc;
  int64_t size = 0;
  for (const Extent& extent : extents) {
    if (extent.hi != kTruncEnd || extent.order <= trunc) continue;
    trunc = extent.order;
    size = extent.lo;
  }
  for (const Extent& extent : extents) {
    if (extent.hi != kTruncEnd && extent.order > trunc) size = std::max(size, extent.hi);
  }
  return size;
}

}  // namespace pbfs
