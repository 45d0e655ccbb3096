#include "libs/client/own_orders.h"

#include <algorithm>

#include "libs/model/limits.h"

namespace pbfs {
namespace {

constexpr size_t kMaxObjects = 16384;

/// Whether every byte of [lo, hi) is shown at `order` or a greater one.
bool Shown(const std::vector<SkylinePiece>& pieces, const std::vector<Extent>& extents, int64_t lo, int64_t hi, Order order) {
  int64_t at = lo;
  auto piece = std::upper_bound(pieces.begin(), pieces.end(), lo,
                                [](int64_t byte, const SkylinePiece& p) { return byte < p.hi; });
  for (; piece != pieces.end() && at < hi; ++piece) {
    if (piece->lo > at || extents[piece->extent].order < order) return false;
    at = piece->hi;
  }
  return at >= hi;
}

}  // namespace

void OwnOrders::Note(const OpRecord& record) {
  if (!IsContentOp(record.kind)) return;
  MutexLock lock(mutex_);
  const auto [found, fresh] = objects_.try_emplace(record.object);
  if (fresh) age_.push_back(record.object);
  for (const RecordExtent& extent : record.extents) {
    if (extent.hi - extent.lo > kRegionSize) {
      found->second.span = std::max(found->second.span, record.order.hlc);
      continue;
    }
    Own& own = found->second.regions[RegionOf(extent.lo)];
    if (own.order > record.order) continue;
    const bool zeros = extent.kind == SourceKind::kZeros;
    own = {record.order, extent.lo, zeros ? extent.lo : extent.hi};
  }
  while (age_.size() > kMaxObjects) {
    objects_.erase(age_.front());
    age_.pop_front();
  }
}

Hlc OwnOrders::MinHlc(ObjectId object, int64_t lo, int64_t hi) const {
  MutexLock lock(mutex_);
  const auto found = objects_.find(object);
  if (found == objects_.end()) return 0;
  Hlc newest = found->second.span;
  for (auto own = found->second.regions.lower_bound(RegionOf(lo));
       own != found->second.regions.end() && own->first <= RegionOf(hi - 1); ++own) {
    newest = std::max(newest, own->second.order.hlc);
  }
  return newest;
}

bool OwnOrders::Agrees(ObjectId object, const ListReply& reply, const std::vector<SkylinePiece>& pieces, int64_t lo,
                       int64_t hi) const {
  MutexLock lock(mutex_);
  const auto found = objects_.find(object);
  if (found == objects_.end()) return true;
  if (reply.span_hlc < found->second.span) return false;
  for (auto own = found->second.regions.lower_bound(RegionOf(lo));
       own != found->second.regions.end() && own->first <= RegionOf(hi - 1); ++own) {
    Hlc head = reply.span_hlc;
    for (const RegionHead& region : reply.regions) {
      if (region.region == own->first) head = std::max(head, region.max_hlc);
    }
    if (head < own->second.order.hlc) return false;
    const int64_t from = std::max(lo, own->second.lo), to = std::min(hi, own->second.hi);
    // I14: what hid it may itself be gone by now, and then zero_floor tells.
    if (from >= to || reply.zero_floor >= own->second.order.hlc) continue;
    if (!Shown(pieces, reply.extents, from, to, own->second.order)) return false;
  }
  return true;
}

}  // namespace pbfs
