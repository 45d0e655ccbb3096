#include "libs/client/acknowledged.h"

#include <algorithm>

#include "libs/model/limits.h"

namespace pbfs {
namespace {

constexpr int64_t kSpan = -1;
constexpr size_t kMaxEntries = 100'000;

// Whether every byte of [lo, hi) is shown at `order` or a greater one.
bool Shows(const std::vector<SkylinePiece>& pieces, const std::vector<Extent>& extents, int64_t lo, int64_t hi,
           const Order& order) {
  auto piece = std::upper_bound(pieces.begin(), pieces.end(), lo,
                                [](int64_t byte, const SkylinePiece& p) { return byte < p.hi; });
  for (; piece != pieces.end() && lo < hi; ++piece) {
    if (piece->lo > lo || extents[piece->extent].order < order) return false;
    lo = piece->hi;
  }
  return lo >= hi;
}

}  // namespace

void Acknowledged::Note(const OpRecord& record, const Order& order) {
  MutexLock lock(mutex_);
  if (record.kind == OpKind::kBind || record.kind == OpKind::kUnbind) {
    Hlc& newest = names_[{record.bucket, record.name}];
    newest = std::max(newest, order.hlc);
    while (names_.size() > kMaxEntries) names_.erase(names_.begin());
  }
  if (!IsContentOp(record.kind)) return;
  for (const RecordExtent& extent : record.extents) NoteExtent(record.object, extent, order);
  while (newest_.size() > kMaxEntries) newest_.erase(newest_.begin());
}

void Acknowledged::NoteExtent(const ObjectId& object, const RecordExtent& extent, const Order& order) {
  const bool span = extent.hi - extent.lo > kRegionSize;
  Own& own = newest_[{object, span ? kSpan : RegionOf(extent.lo)}];
  if (own.order > order) return;
  const bool bytes = extent.kind != SourceKind::kZeros && !span;
  own = {order, extent.lo, bytes ? extent.hi : extent.lo};
}

Hlc Acknowledged::Newest(const ObjectId& object, int64_t lo, int64_t hi) const {
  MutexLock lock(mutex_);
  Hlc newest = 0;
  if (const auto span = newest_.find({object, kSpan}); span != newest_.end()) newest = span->second.order.hlc;
  auto at = newest_.lower_bound({object, RegionOf(lo)});
  for (; at != newest_.end() && at->first.first == object && at->first.second <= RegionOf(hi - 1); ++at) {
    newest = std::max(newest, at->second.order.hlc);
  }
  return newest;
}

Hlc Acknowledged::NewestOfName(const BucketId& bucket, const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = names_.find({bucket, name});
  return found == names_.end() ? 0 : found->second;
}

bool Acknowledged::Agrees(const ObjectId& object, const ListReply& reply, const std::vector<SkylinePiece>& pieces,
                          int64_t lo, int64_t hi) const {
  std::map<int64_t, Hlc> heads;
  for (const RegionHead& head : reply.regions) heads[head.region] = head.max_hlc;
  MutexLock lock(mutex_);
  const auto span = newest_.find({object, kSpan});
  if (span != newest_.end() && reply.span_hlc < span->second.order.hlc) return false;
  auto at = newest_.lower_bound({object, RegionOf(lo)});
  for (; at != newest_.end() && at->first.first == object && at->first.second <= RegionOf(hi - 1); ++at) {
    const Own& own = at->second;
    if (std::max(heads[at->first.second], reply.span_hlc) < own.order.hlc) return false;
    const int64_t from = std::max(lo, own.lo), to = std::min(hi, own.hi);
    // I14: zeros that hid it may be gone by now; then zero_floor has passed it.
    if (from >= to || reply.zero_floor >= own.order.hlc) continue;
    if (!Shows(pieces, reply.extents, from, to, own.order)) return false;
  }
  return true;
}

}  // namespace pbfs
