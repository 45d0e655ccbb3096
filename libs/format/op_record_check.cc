// What makes an op record canonical and well-formed (format, section 6): CheckRecord and its parts.
#include <algorithm>

#include "libs/format/name.h"
#include "libs/format/op_record.h"

namespace pbfs {
namespace {

Status Bad(const char* what) { return InvalidArgumentError(std::string("op record: ") + what); }

bool IsSpan(const RecordExtent& extent) { return extent.hi - extent.lo > kRegionSize; }

// A range inside the object, in one region or, if longer than one, a span; a TRUNC ends beyond every object.
Status CheckRange(const OpRecord& record, const RecordExtent& extent) {
  if (extent.lo < 0 || extent.lo >= extent.hi || extent.lo >= kMaxObjectSize) return Bad("range outside the object");
  if (record.kind == OpKind::kTrunc) return extent.hi == kTruncEnd ? OkStatus() : Bad("a TRUNC ends at 2^62");
  if (extent.hi > kMaxObjectSize) return Bad("range outside the object");
  if (IsSpan(extent)) return extent.kind == SourceKind::kBody ? Bad("a body never spans regions") : OkStatus();
  if (RegionOf(extent.lo) != RegionOf(extent.hi - 1)) return Bad("extent crosses a region border");
  return OkStatus();
}

Status CheckSource(const OpRecord& record, const RecordExtent& extent) {
  const int64_t size = extent.hi - extent.lo;
  switch (extent.kind) {
    case SourceKind::kZeros:
      return extent.inner == 0 && extent.index == 0 ? OkStatus() : Bad("zeros have neither source nor inner offset");
    case SourceKind::kBody: {
      if (extent.index >= record.bodies.size()) return Bad("extent names no body");
      PBFS_ASSIGN_OR_RETURN(const BodyHeader header, BodyHeader::Decode(record.bodies[extent.index].header));
      const bool inside = extent.inner >= 0 && extent.inner <= header.length && size <= header.length - extent.inner;
      return inside ? OkStatus() : Bad("extent reaches beyond its body");
    }
    case SourceKind::kObject: {
      if (extent.index >= record.sources.size()) return Bad("extent names no source object");
      const bool inside = extent.inner >= 0 && extent.inner <= kMaxObjectSize - size;
      return inside ? OkStatus() : Bad("extent reaches beyond any object");
    }
  }
  return Bad("unknown source kind");
}

bool KindAllows(OpKind kind, SourceKind source) {
  switch (kind) {
    case OpKind::kWrite:
    case OpKind::kRehome: return source == SourceKind::kBody;
    case OpKind::kZero:
    case OpKind::kTrunc: return source == SourceKind::kZeros;
    case OpKind::kClone: return source != SourceKind::kZeros;
    default: return false;
  }
}

Status CheckExtent(const OpRecord& record, const RecordExtent& extent) {
  if (!KindAllows(record.kind, extent.kind)) return Bad("a source that this kind of op does not take");
  if (record.kind != OpKind::kRehome && extent.order != record.order) return Bad("an extent has the order of its op");
  if (extent.order.hlc <= 0 || extent.order.wid <= 0) return Bad("extent without an order");
  PBFS_RETURN_IF_ERROR(CheckRange(record, extent));
  return CheckSource(record, extent);
}

// Bodies and sources stand in the order of first use, each used; ids do not repeat.
Status CheckFirstUse(const OpRecord& record) {
  uint32_t next_body = 0, next_source = 0;
  for (const RecordExtent& extent : record.extents) {
    if (extent.kind == SourceKind::kZeros) continue;
    uint32_t& next = extent.kind == SourceKind::kBody ? next_body : next_source;
    if (extent.index > next) return Bad("bodies or sources are not in the order of first use");
    if (extent.index == next) ++next;
  }
  if (next_body != record.bodies.size() || next_source != record.sources.size()) return Bad("unused body or source");
  std::vector<BodyId> bodies;
  for (const RecordBody& body : record.bodies)
    bodies.push_back(BodyId::FromBytes(ByteSpan(body.header).subspan(16, 16)));
  std::sort(bodies.begin(), bodies.end());
  std::vector<ObjectId> sources = record.sources;
  std::sort(sources.begin(), sources.end());
  const bool repeats = std::adjacent_find(bodies.begin(), bodies.end()) != bodies.end() ||
                       std::adjacent_find(sources.begin(), sources.end()) != sources.end();
  if (repeats) return Bad("a body or source is listed twice");
  if (std::find(sources.begin(), sources.end(), record.object) != sources.end())
    return Bad("an object cannot reference itself");
  return OkStatus();
}

Status CheckBodies(const OpRecord& record) {
  for (const RecordBody& body : record.bodies) {
    PBFS_ASSIGN_OR_RETURN(const BodyHeader header, BodyHeader::Decode(body.header));
    if (header.integrity == BodyIntegrity::kCrc32c && body.ct_root != Digest32{})
      return Bad("a crc32c body has no root");
  }
  return OkStatus();
}

Status CheckExtents(const OpRecord& record) {
  for (size_t i = 0; i < record.extents.size(); ++i) {
    PBFS_RETURN_IF_ERROR(CheckExtent(record, record.extents[i]));
    if (i > 0 && record.extents[i].lo < record.extents[i - 1].hi) return Bad("extents are not sorted and disjoint");
  }
  return CheckFirstUse(record);
}

Status CheckLimits(const OpRecord& record) {
  if (record.extents.size() > kMaxRecordExtents) return Bad("too many extents");
  if (record.bodies.size() > kMaxRecordBodies || record.sources.size() > kMaxRecordBodies)
    return Bad("too many bodies");
  if (record.metadata.size() > kMaxMetadataSize) return Bad("metadata beyond 16 KiB");
  if (record.listed.size() > kMaxRecordExtents) return Bad("too many sources");
  return OkStatus();
}

// A REHOME stays in the one region that its first source names.
Status CheckRehome(const OpRecord& record) {
  if (record.listed.empty()) return Bad("a REHOME without sources");
  const int64_t region = RegionOf(record.listed[0].lo);
  for (const ListedSource& source : record.listed) {
    const bool sound = source.lo >= 0 && source.lo < source.hi && source.hi <= kTruncEnd && source.order.hlc > 0;
    if (!sound) return Bad("malformed source");
    if (RegionOf(source.lo) != region) return Bad("a REHOME stays in one region");
  }
  for (const RecordExtent& run : record.extents) {
    if (RegionOf(run.lo) != region || RegionOf(run.hi - 1) != region) return Bad("a REHOME stays in one region");
  }
  return OkStatus();
}

Status CheckTail(const OpRecord& record) {
  const bool named = record.kind == OpKind::kBind || record.kind == OpKind::kUnbind || record.kind == OpKind::kDrop;
  const bool has_metadata = record.kind == OpKind::kBind || record.kind == OpKind::kMeta;
  if (named) PBFS_RETURN_IF_ERROR(CheckName(record.name));
  if (!named && !record.name.empty()) return Bad("a name where none belongs");
  if (!has_metadata && !record.metadata.empty()) return Bad("metadata where none belong");
  if (record.kind == OpKind::kTrunc && record.trunc_length != record.extents[0].lo)
    return Bad("a TRUNC to another length");
  if (record.kind != OpKind::kTrunc && record.trunc_length != 0) return Bad("a length where none belongs");
  if (record.kind == OpKind::kRehome) return CheckRehome(record);
  if (!record.listed.empty() || record.list_frontier != 0) return Bad("sources where none belong");
  if (record.kind != OpKind::kDrop && record.dropped != Order{}) return Bad("a dropped order where none belongs");
  return OkStatus();
}

}  // namespace

Status CheckRecord(const OpRecord& record) {
  if (record.order.hlc <= 0 || record.order.wid <= 0) return Bad("no order");
  if (record.object.IsNull() && record.kind != OpKind::kUnbind && record.kind != OpKind::kDrop) return Bad("no object");
  PBFS_RETURN_IF_ERROR(CheckLimits(record));
  const bool places = IsContentOp(record.kind);
  if (places && record.extents.empty()) return Bad("nothing is placed");
  if (record.kind == OpKind::kTrunc && record.extents.size() != 1) return Bad("a TRUNC has one extent");
  if (!places && record.kind != OpKind::kRehome && !record.extents.empty()) return Bad("extents where none belong");
  PBFS_RETURN_IF_ERROR(CheckBodies(record));
  PBFS_RETURN_IF_ERROR(CheckExtents(record));
  return CheckTail(record);
}

}  // namespace pbfs
