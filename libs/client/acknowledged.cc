#include "libs/client/acknowledged.h"

#include <algorithm>

#include "libs/catalog/rules.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

constexpr int64_t kSpan = -1;
constexpr size_t kMaxEntries = 100'000;  // regions, writes, names
constexpr size_t kMaxWritesOfRegion = 64;

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
  if (record.kind == OpKind::kBind || record.kind == OpKind::kUnbind) NoteName(record, order);
  if (record.kind == OpKind::kDrop) names_.erase({record.bucket, record.name});
  if (!IsContentOp(record.kind)) return;
  for (const RecordExtent& extent : record.extents) NoteExtent(record.object, extent, order);
  ForgetOldest();
}

void Acknowledged::NoteName(const OpRecord& record, const Order& order) {
  NameSeen& seen = names_[{record.bucket, record.name}];
  if (order.hlc >= seen.newest) seen = {order.hlc, record.kind == OpKind::kBind, ++count_};
  while (names_.size() > kMaxEntries) names_.erase(names_.begin());
}

void Acknowledged::NoteShown(const ObjectId& object, const ListReply& reply) {
  MutexLock lock(mutex_);
  if (reply.span_hlc > 0) Raise({object, kSpan}, reply.span_hlc);
  for (const RegionHead& head : reply.regions) Raise({object, head.region}, head.max_hlc);
  ForgetOldest();
}

void Acknowledged::Raise(const RegionKey& key, Hlc newest) {
  Expected::Region& region = regions_[key];
  region.newest = std::max(region.newest, newest);
}

void Acknowledged::ForgetOldest() {
  while (regions_.size() > kMaxEntries || writes_ > kMaxEntries) {
    writes_ -= regions_.begin()->second.writes.size();
    regions_.erase(regions_.begin());
  }
}

void Acknowledged::NoteExtent(const ObjectId& object, const RecordExtent& extent, const Order& order) {
  const bool span = extent.hi - extent.lo > kRegionSize;
  const RegionKey key{object, span ? kSpan : RegionOf(extent.lo)};
  Raise(key, order.hlc);
  // Zeros are not remembered: they may go once they hide nothing (I14).
  if (span || extent.kind == SourceKind::kZeros) return;
  std::vector<Expected::Write>& writes = regions_[key].writes;
  writes_ -= writes.size();
  std::erase_if(writes, [&](const Expected::Write& own) {
    return own.order < order && extent.lo <= own.lo && own.hi <= extent.hi;
  });
  const auto place = std::upper_bound(writes.begin(), writes.end(), order,
                                      [](const Order& o, const Expected::Write& own) { return o < own.order; });
  writes.insert(place, {order, extent.lo, extent.hi});
  if (writes.size() > kMaxWritesOfRegion) writes.erase(writes.begin());
  writes_ += writes.size();
}

Expected Acknowledged::Expect(const ObjectId& object, int64_t lo, int64_t hi) const {
  MutexLock lock(mutex_);
  Expected expected;
  if (const auto span = regions_.find({object, kSpan}); span != regions_.end()) expected.span = span->second.newest;
  auto at = regions_.lower_bound({object, RegionOf(lo)});
  for (; at != regions_.end() && at->first.first == object && at->first.second <= RegionOf(hi - 1); ++at) {
    expected.regions.emplace(at->first.second, at->second);
  }
  return expected;
}

Hlc Acknowledged::NewestOfObject(const ObjectId& object) const {
  MutexLock lock(mutex_);
  Hlc newest = 0;
  for (auto at = regions_.lower_bound({object, kSpan}); at != regions_.end() && at->first.first == object; ++at)
    newest = std::max(newest, at->second.newest);
  return newest;
}

Hlc Acknowledged::NewestOfName(const BucketId& bucket, const std::string& name) const {
  MutexLock lock(mutex_);
  const auto found = names_.find({bucket, name});
  return found == names_.end() ? 0 : found->second.newest;
}

void Acknowledged::ForgetName(const BucketId& bucket, const std::string& name) {
  MutexLock lock(mutex_);
  names_.erase({bucket, name});
}

int64_t Acknowledged::Moment() const {
  MutexLock lock(mutex_);
  return count_;
}

bool Acknowledged::ShowsNames(const ListNamesRequest& request, const ListNamesReply& reply, int64_t asked,
                              bool may_lack) const {
  const std::string last = reply.Last();
  MutexLock lock(mutex_);
  auto shown = reply.names.begin();  // both are in byte order
  auto seen = names_.lower_bound({request.bucket, std::max(request.prefix, request.after)});
  for (; seen != names_.end(); ++seen) {
    const auto& [bucket, name] = seen->first;
    if (bucket != request.bucket || !name.starts_with(request.prefix)) break;
    const std::optional<std::string> common = CommonPrefix(name, request.prefix, request.delimiter);
    if (reply.more && !last.empty() && common.value_or(name) > last) break;  // on a later page
    if (name == request.after || common == request.after || seen->second.at > asked) continue;
    const bool must_be_there = seen->second.bound && !may_lack;
    if (common) {
      if (must_be_there && !std::binary_search(reply.prefixes.begin(), reply.prefixes.end(), *common)) return false;
      continue;
    }
    while (shown != reply.names.end() && shown->name < name) ++shown;
    const bool has = shown != reply.names.end() && shown->name == name;
    if (has ? shown->order.hlc < seen->second.newest : must_be_there) return false;
  }
  return true;
}

Hlc Expected::Newest() const {
  Hlc newest = span;
  for (const auto& [number, region] : regions) newest = std::max(newest, region.newest);
  return newest;
}

bool Expected::IsShownBy(const ListReply& reply, const std::vector<SkylinePiece>& pieces, int64_t lo,
                         int64_t hi) const {
  if (reply.span_hlc < span) return false;
  std::map<int64_t, Hlc> heads;
  for (const RegionHead& head : reply.regions) heads[head.region] = head.max_hlc;
  for (const auto& [number, region] : regions) {
    if (number > RegionOf(hi - 1)) break;  // the answer ends before
    if (std::max(heads[number], reply.span_hlc) < region.newest) return false;
    for (const Write& write : region.writes) {
      const int64_t from = std::max(lo, write.lo), to = std::min(hi, write.hi);
      // I14: zeros that hid it may be gone by now; then zero_floor has passed it.
      if (from >= to || reply.zero_floor >= write.order.hlc) continue;
      if (!Shows(pieces, reply.extents, from, to, write.order)) return false;
    }
  }
  return true;
}

}  // namespace pbfs
