#include <algorithm>
#include <set>
#include <unordered_set>

#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/extent_rows.h"
#include "libs/adapters/postgres/name_rows.h"
#include "libs/catalog/rules.h"
#include "libs/model/limits.h"
#include "libs/model/skyline.h"

/// List, Stat, History.
namespace pbfs {
namespace {

using postgres::Array;
using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Type;

Status NoSuchObject() { return NotFoundError("no such object"); }

bool IsNotFound(const Status& status) { return status.code() == StatusCode::kNotFound; }

Result<BodyRow> BodyOfRow(const Rows& rows, int row) {
  BodyRow body;
  body.id = rows.Uuid<BodyId>(row, 0);
  body.key_epoch = static_cast<uint32_t>(rows.Int4(row, 1));
  body.header = rows.Fixed<64>(row, 2);
  body.ct_root = rows.Fixed<32>(row, 3);
  body.wrapped_dek = rows.Fixed<72>(row, 4);
  if (!rows.IsNull(row, 8))
    body.encoding = Encoding{rows.Uuid<EncodingId>(row, 8), static_cast<uint8_t>(rows.Int2(row, 5)),
                             static_cast<uint8_t>(rows.Int2(row, 6)), static_cast<uint8_t>(rows.Int2(row, 7))};
  body.missing = static_cast<uint64_t>(rows.Int8(row, 9));
  if (!rows.IsNull(row, 10)) body.inline_ct = rows.Share(row, 10);
  // A day of ciphertext is dropped for snapshots too that are older than its last bodies' move into their rows (DaysExpire).
  if (!body.encoding && rows.IsNull(row, 10)) return UnavailableError("a day of ciphertext went meanwhile; list again");
  return body;
}

/// One List on one connection. Two round trips: what overlaps; then, after the skyline, what is visible.
class Lister {
 public:
  Lister(Connection& connection, const Context& context, const ListRequest& request, int32_t bucket)
      : connection_(connection), context_(context), request_(request), bucket_(bucket) {}

  Result<ListReply> Run(bool& stale) {
    const Status name = request_.name.empty() ? OkStatus() : ReadName();
    stale = !name.ok() && request_.min_hlc > 0;
    PBFS_RETURN_IF_ERROR(name);
    const Status range = ReadRange();
    // An object of which the caller has seen something is there, or was.
    stale = range.ok() ? newest_ < request_.min_hlc : IsNotFound(range) && request_.min_hlc > 0;
    PBFS_RETURN_IF_ERROR(range);
    PBFS_RETURN_IF_ERROR(ReadVisible());
    return std::move(reply_);
  }

 private:
  Status ReadName() {
    connection_.Queue(postgres::kCheckBucket, Params().Int4(bucket_));
    NameQuery query{request_.bucket, request_.name, request_.as_of};
    query.version = request_.version;
    postgres::QueueResolve(connection_, bucket_, query);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context_));
    PBFS_RETURN_IF_ERROR(postgres::CheckNamesAsOf(results[1], request_.as_of));
    if (results[2].size() == 0 || results[2].IsNull(0, 3)) return NoSuchName(request_.version);
    reply_.name = postgres::NameEntryOfRow(results[2], 0);
    request_.object = *reply_.name->object;
    begun_ = true;
    return OkStatus();
  }

  Status ReadRange() {
    connection_.Queue(postgres::kListObject, Params().Uuid(request_.object).Int4(bucket_));
    connection_.Queue(postgres::kListHeads,
                      Params().Uuid(request_.object).Int4(RegionOf(request_.lo)).Int4(RegionOf(request_.hi - 1)));
    QueueExtents(request_.hi, int64_t{request_.max_extents} + 1);
    if (request_.as_of) connection_.Queue(postgres::kSizeAsOf, Params().Uuid(request_.object).Int8(*request_.as_of));
    if (request_.with_opset) connection_.Queue(postgres::kObjectOpset, Params().Uuid(request_.object));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context_));
    const Rows* next = &results[begun_ ? 0 : 1];  // behind BEGIN
    const Rows& object = *next++;
    if (object.size() == 0) return NoSuchObject();
    PBFS_RETURN_IF_ERROR(ReadObject(object));
    ReadHeads(*next++);
    ReadExtents(*next++);
    if (request_.as_of) reply_.size = (next++)->Int8(0, 0);
    if (request_.with_opset) {
      reply_.opset = next->Bits(0, 0);
      reply_.newest = next->Int8(0, 1);
    }
    return static_cast<int64_t>(reply_.extents.size()) > request_.max_extents ? Cut() : OkStatus();
  }

  void QueueExtents(int64_t hi, int64_t limit) {
    Params params;
    params.Uuid(request_.object).Int8(request_.lo).Int8(hi).Int8(limit);
    if (request_.as_of) params.Int8(*request_.as_of);
    connection_.Queue(request_.as_of ? postgres::kListRangeAsOf : postgres::kListRange, params);
  }

  Status ReadObject(const Rows& rows) {
    reply_.sealed = rows.Bool(0, 0);
    newest_ = reply_.span_hlc = rows.Int8(0, 1);
    reply_.zero_floor = rows.Int8(0, 2);
    reply_.size = rows.Int8(0, 3);
    reply_.now_ms = rows.Int8(0, 4);
    reply_.frontier = rows.Int8(0, 5);
    reply_.lease_ms = kListLeaseMs;
    reply_.covered_hi = request_.hi;
    const bool kept = rows.Int8(0, 6) > 0 && request_.as_of.value_or(0) >= rows.Int8(0, 7);
    return request_.as_of && !kept ? HistoryExpired() : OkStatus();
  }

  void ReadHeads(const Rows& rows) {
    for (int row = 0; row < rows.size(); ++row) {
      reply_.regions.push_back({rows.Int4(row, 0), rows.Int8(row, 1)});
      newest_ = std::max(newest_, reply_.regions.back().max_hlc);
    }
  }

  void ReadExtents(const Rows& rows) {
    reply_.extents.clear();
    for (int row = 0; row < rows.size(); ++row) reply_.extents.push_back(postgres::ExtentOfRow(rows, row));
  }

  // More than max_extents: the answer ends where the first that is too many starts. If all of them start at or before
  // `lo`, it has them all, however many, and ends where the next one starts.
  Status Cut() {
    int64_t covered = reply_.extents.back().lo;
    if (covered <= request_.lo) {
      QueueExtents(request_.hi, INT64_MAX);
      PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context_));
      ReadExtents(results[0]);
      covered = request_.hi;
      for (const Extent& extent : reply_.extents) {
        if (extent.lo > request_.lo) covered = std::min(covered, extent.lo);
      }
    }
    reply_.covered_hi = covered;
    std::erase_if(reply_.extents, [&](const Extent& extent) { return extent.lo >= covered; });
    std::erase_if(reply_.regions, [&](const RegionHead& head) { return head.region > RegionOf(covered - 1); });
    return OkStatus();
  }

  Status ReadVisible() {
    std::set<BodyId> bodies;
    std::set<OpId> ops;
    for (const SkylinePiece& piece : Skyline(reply_.extents, request_.lo, reply_.covered_hi)) {
      const Extent& extent = reply_.extents[piece.extent];
      if (extent.source.kind == SourceKind::kBody) bodies.insert(extent.source.body);
      ops.insert(extent.op);
    }
    for (const OpId& known : request_.known_ops) ops.erase(known);
    Array body_ids(Type::kUuid), op_ids(Type::kUuid);
    for (const BodyId& id : bodies) body_ids.Uuid(id);
    for (const OpId& id : ops) op_ids.Uuid(id);
    connection_.Queue(postgres::kListBodies, Params().Add(body_ids));
    connection_.Queue(postgres::kListRecords, Params().Uuid(request_.object).Add(op_ids));
    connection_.Queue(postgres::kCommit);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context_));
    for (int row = 0; row < results[0].size(); ++row) {
      PBFS_ASSIGN_OR_RETURN(BodyRow body, BodyOfRow(results[0], row));
      reply_.bodies.push_back(std::move(body));
    }
    for (int row = 0; row < results[1].size(); ++row) reply_.records.push_back(results[1].Share(row, 0));
    return OkStatus();
  }

  Connection& connection_;
  const Context& context_;
  ListRequest request_;
  bool begun_ = false;  // BEGIN was sent already, with the name
  const int32_t bucket_;
  ListReply reply_;
  Hlc newest_ = 0;
};

}  // namespace

Result<ListReply> PostgresCatalog::List(const Context& context, const ListRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckList(request));
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  if (request.newest) {
    return postgres::ReadNewest<ListReply>(parts_->primary, parts_->confirmations, context,
                                           [&](Connection& connection) {
                                             bool stale = false;
                                             return Lister(connection, context, request, bucket.number).Run(stale);
                                           });
  }
  return postgres::ReadFresh<ListReply>(parts_->local, parts_->primary, context, options_.replica_patience,
                                        [&](Connection& connection, bool& stale) {
                                          return Lister(connection, context, request, bucket.number).Run(stale);
                                        });
}

Result<ObjectInfo> PostgresCatalog::Stat(const Context& context, const StatRequest& request) {
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  const auto read = [&](Connection& connection, bool& stale) -> Result<ObjectInfo> {
    connection.Queue(postgres::kStatObject, Params().Uuid(request.object).Int4(bucket.number));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    const Rows& rows = results[1];
    stale = (rows.size() == 0 ? 0 : rows.Int8(0, 4)) < request.min_hlc;
    if (rows.size() == 0) return NoSuchObject();
    ObjectInfo info;
    info.object = request.object;
    info.size = rows.Int8(0, 0);
    info.opset = rows.Bits(0, 1);
    info.sealed = rows.Bool(0, 2);
    info.bindings = static_cast<int32_t>(rows.Int4(0, 3));
    info.max_hlc = rows.Int8(0, 4);
    info.extents = rows.Int8(0, 5);
    info.meta = rows.Share(0, 6);
    info.meta_order = {rows.Int8(0, 7), rows.Int8(0, 8)};
    return info;
  };
  return postgres::ReadFresh<ObjectInfo>(parts_->local, parts_->primary, context, options_.replica_patience, read);
}

Result<std::vector<OpEntry>> PostgresCatalog::History(const Context& context, const HistoryRequest& request) {
  PBFS_ASSIGN_OR_RETURN(const postgres::CachedBucket bucket, parts_->buckets.Find(context, request.bucket));
  const auto read = [&](Connection& connection, bool& stale) -> Result<std::vector<OpEntry>> {
    connection.Queue(
        postgres::kListHistory,
        Params().Uuid(request.object).Int4(bucket.number).Int8(request.before).Int8(std::max(request.limit, 0)));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    const Rows& rows = results[1];
    stale = (rows.size() == 0 ? 0 : rows.Int8(0, 7)) < request.min_hlc;
    if (rows.size() == 0) return NoSuchObject();
    std::vector<OpEntry> entries;
    for (int row = 0; row < rows.size(); ++row) {
      if (rows.IsNull(row, 0)) break;  // an object without ops
      entries.push_back({rows.Uuid<OpId>(row, 0),
                         static_cast<uint8_t>(rows.Int2(row, 1)),
                         {rows.Int8(row, 2), rows.Int8(row, 3)},
                         SiteId{static_cast<uint16_t>(rows.Int2(row, 4))},
                         rows.Int8(row, 5),
                         rows.Share(row, 6)});
    }
    return entries;
  };
  return postgres::ReadFresh<std::vector<OpEntry>>(parts_->local, parts_->primary, context, options_.replica_patience,
                                                   read);
}

}  // namespace pbfs
