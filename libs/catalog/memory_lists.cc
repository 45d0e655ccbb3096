#include <algorithm>
#include <set>
#include <unordered_set>

#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/rules.h"
#include "libs/model/limits.h"
#include "libs/model/skyline.h"

namespace pbfs {
namespace {

/// The rows of [lo, hi) as of an order: extents not above it, and past ones that were not gone yet (format, section 9.10).
std::vector<Extent> RowsOf(const MemoryTables::Object& object, int64_t lo, int64_t hi, std::optional<Hlc> as_of) {
  std::vector<Extent> rows = object.extents.Overlapping(lo, hi);
  if (!as_of) return rows;
  std::erase_if(rows, [&](const Extent& row) { return row.order.hlc > *as_of; });
  for (const MemoryTables::PastExtent& past : object.past) {
    const Extent& row = past.extent;
    if (row.lo < hi && row.hi > lo && row.order.hlc <= *as_of && past.gone > *as_of) rows.push_back(row);
  }
  return rows;
}

/// Cuts the rows down to those that overlap [lo, covered), where covered is the first start behind `limit` rows; always
/// beyond `lo`, so that a caller gets on.
int64_t CutTo(std::vector<Extent>& rows, int64_t lo, int64_t hi, size_t limit) {
  if (rows.size() <= limit) return hi;
  std::sort(rows.begin(), rows.end(), [](const Extent& a, const Extent& b) { return a.lo < b.lo; });
  int64_t covered = hi;
  for (size_t i = limit; i < rows.size() && covered == hi; ++i) {
    if (rows[i].lo > lo) covered = rows[i].lo;
  }
  std::erase_if(rows, [&](const Extent& row) { return row.lo >= covered; });
  return covered;
}

}  // namespace

Status MemoryCatalog::CheckAsOf(BucketId bucket, Hlc as_of) const {
  const BucketInfo& info = tables_.buckets.at(bucket);
  return info.settings.history_ms > 0 && as_of >= info.history_floor ? OkStatus() : HistoryExpired();
}

Result<ListReply> MemoryCatalog::List(const Context& context, const ListRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckList(request));
  MutexLock lock(mutex_);
  if (!request.name.empty()) return ListNamed(request);
  return ListObject(request);
}

Result<ListReply> MemoryCatalog::ListNamed(const ListRequest& request) const {
  PBFS_RETURN_IF_ERROR(CheckNamesAsOf(request.bucket, request.as_of));
  NameQuery query{request.bucket, request.name, request.as_of};
  query.version = request.version;
  PBFS_ASSIGN_OR_RETURN(NameEntry entry, EntryOf(query));
  if (!entry.object) return NoSuchName(request.version);
  ListRequest of_object = request;
  of_object.object = *entry.object;
  PBFS_ASSIGN_OR_RETURN(ListReply reply, ListObject(of_object));
  reply.name = std::move(entry);
  return reply;
}

Result<ListReply> MemoryCatalog::ListObject(const ListRequest& request) const {
  const MemoryTables::Object* object = tables_.FindObject(request.bucket, request.object);
  if (object == nullptr) return NotFoundError("no such object");
  if (request.as_of) PBFS_RETURN_IF_ERROR(CheckAsOf(request.bucket, *request.as_of));
  ListReply reply;
  if (request.with_opset) {
    reply.opset = MemoryTables::OpsetOf(*object);
    reply.newest = MemoryTables::NewestOf(*object);
  }
  reply.extents = RowsOf(*object, request.lo, request.hi, request.as_of);
  reply.covered_hi = CutTo(reply.extents, request.lo, request.hi, request.max_extents);
  FillVisible(*object, request, reply);
  FillHeads(*object, request, reply);
  return reply;
}

/// Bodies and records of what the skyline shows.
void MemoryCatalog::FillVisible(const MemoryTables::Object&, const ListRequest& request, ListReply& reply) const {
  std::set<BodyId> bodies;
  std::set<OpId> ops;
  for (const SkylinePiece& piece : Skyline(reply.extents, request.lo, reply.covered_hi)) {
    const Extent& extent = reply.extents[piece.extent];
    if (extent.source.kind == SourceKind::kBody) bodies.insert(extent.source.body);
    ops.insert(extent.op);
  }
  for (const BodyId& id : bodies) reply.bodies.push_back(tables_.bodies.at(id).row);
  const std::unordered_set<OpId> known(request.known_ops.begin(), request.known_ops.end());
  for (const OpId& id : ops) {
    if (!known.contains(id)) reply.records.push_back(tables_.FindOp({request.object, id})->record);
  }
}

void MemoryCatalog::FillHeads(const MemoryTables::Object& object, const ListRequest& request, ListReply& reply) const {
  const int64_t last = RegionOf(reply.covered_hi - 1);
  for (auto head = object.heads.lower_bound(RegionOf(request.lo)); head != object.heads.end() && head->first <= last;
       ++head) {
    reply.regions.push_back({head->first, head->second.max_hlc});
  }
  reply.span_hlc = object.state.span_hlc;
  reply.frontier = INT64_MAX;  // no peers
  reply.zero_floor = object.state.zero_floor;
  reply.sealed = object.state.sealed;
  reply.now_ms = clock_.NowMillis();
  reply.lease_ms = kListLeaseMs;
  reply.size = request.as_of ? SizeOf(RowsOf(object, 0, kTruncEnd, request.as_of)) : MemoryTables::SizeOfObject(object);
}

Result<ObjectInfo> MemoryCatalog::Stat(const Context& context, const StatRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  const MemoryTables::Object* object = tables_.FindObject(request.bucket, request.object);
  if (object == nullptr) return NotFoundError("no such object");
  ObjectInfo info;
  info.object = request.object;
  info.size = MemoryTables::SizeOfObject(*object);
  info.opset = MemoryTables::OpsetOf(*object);
  info.sealed = object->state.sealed;
  info.bindings = object->state.bindings;
  info.max_hlc = MemoryTables::NewestOf(*object);
  info.extents = static_cast<int64_t>(object->extents.size());
  info.meta = object->meta;
  info.meta_order = object->state.meta_order;
  return info;
}

Result<std::vector<OpEntry>> MemoryCatalog::History(const Context& context, const HistoryRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  if (tables_.FindObject(request.bucket, request.object) == nullptr) return NotFoundError("no such object");
  std::vector<std::pair<Hlc, OpEntry>> all;
  for (auto row = tables_.ops.lower_bound({request.object, OpId{}});
       row != tables_.ops.end() && row->first.object == request.object; ++row) {
    const MemoryTables::OpRow& op = row->second;
    const Hlc place = op.order ? op.order->hlc : HlcFromMillis(op.at_ms) | 0xffff;
    if (place >= request.before) continue;
    all.push_back({place,
                   {row->first.op, static_cast<uint8_t>(op.kind), op.order.value_or(Order{}), options_.site, op.at_ms,
                    op.record}});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<OpEntry> entries;
  Hlc last = 0;
  for (const auto& [place, entry] : all) {
    // Those that share a place stay on one page, for the next page begins below it.
    if (entries.size() >= static_cast<size_t>(request.limit) && place != last) break;
    last = place;
    entries.push_back(entry);
  }
  return entries;
}

}  // namespace pbfs
