#include "libs/adapters/postgres/body_rows.h"
#include "libs/adapters/postgres/catalog_parts.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/placement_rows.h"
#include "libs/adapters/postgres/postgres_catalog.h"
#include "libs/catalog/encoding_rules.h"
#include "libs/catalog/place_groups.h"
#include "libs/catalog/rules.h"

namespace pbfs {

using postgres::Array;
using postgres::Connection;
using postgres::Params;
using postgres::Rows;
using postgres::Type;

namespace {

uint8_t SmallOf(const Rows& rows, int row, int column) { return static_cast<uint8_t>(rows.Int2(row, column)); }

std::optional<uint8_t> SmallOrNone(const Rows& rows, int column) {
  return rows.IsNull(0, column) ? std::nullopt : std::optional<uint8_t>(SmallOf(rows, 0, column));
}

/// What lock_body found: the encoding, and what the bucket says.
struct LockedBody {
  Encoding encoding;
  ParseRules rules;
};
LockedBody LockedBodyOf(const Rows& rows, const ReceiptVerifier& verify) {
  LockedBody body;
  body.encoding = {rows.Uuid<EncodingId>(0, 0), SmallOf(rows, 0, 1), SmallOf(rows, 0, 2), SmallOf(rows, 0, 3)};
  body.rules.bucket.k = SmallOrNone(rows, 4);
  body.rules.bucket.m = SmallOrNone(rows, 5);
  body.rules.bucket.w = SmallOrNone(rows, 6);
  body.rules.default_k = SmallOf(rows, 0, 7);
  body.rules.default_m = SmallOf(rows, 0, 8);
  body.rules.verify_receipt = verify;
  return body;
}

SiteState SiteOf(const Rows& rows) {
  SiteState site;
  site.now_ms = rows.Int8(0, 1);
  site.max_age_ms = rows.Int8(0, 3);
  site.skew_ms = rows.Int8(0, 4);
  return site;
}

}  // namespace

Result<std::vector<Recoding>> PostgresCatalog::ListRecodings(const Context& context) {
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kListRecodings));
  std::vector<Recoding> all;
  for (int row = 0; row < rows.size(); ++row) {
    Recoding& recoding = all.emplace_back();
    recoding.bucket = rows.Uuid<BucketId>(row, 0);
    recoding.name = rows.Text(row, 1);
    recoding.k = SmallOf(rows, row, 2);
    recoding.m = SmallOf(rows, row, 3);
    recoding.changed_ms = rows.Int8(row, 4);
    if (!rows.IsNull(row, 5)) recoding.left = BodyCount{rows.Int8(row, 5), rows.Int8(row, 6)};
  }
  return all;
}

Result<OtherwisePage> PostgresCatalog::ListOtherwise(const Context& context, BucketId bucket, BucketPosition after,
                                                     int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  const Params params = Params().Uuid(bucket).Int4(static_cast<int32_t>(after.key_epoch)).Uuid(after.body).Int4(limit);
  PBFS_ASSIGN_OR_RETURN(const Rows rows, postgres::RunOne(parts_->primary, context, postgres::kListOtherwise, params));
  OtherwisePage page;
  for (int row = 0; row < rows.size(); ++row) {
    page.last = {static_cast<uint32_t>(rows.Int4(row, 8)), rows.Uuid<BodyId>(row, 0)};
    page.more = rows.Int8(row, 10) == limit;
    if (rows.Bool(row, 9)) page.bodies.push_back(postgres::EncodedBodyOfRow(rows, row));
  }
  return page;
}

// The rule of I20: a transaction id first, which the row's lock takes; then the clock; then a look for the tombstone, in a statement of
// its own. Membership stands still meanwhile, so that group and stores fit together.
Status PostgresCatalog::SetEncoding(const Context& context, const EncodingChange& change) {
  return postgres::Transact(parts_->primary, context, [&](Connection& connection) -> Status {
    const EncodingId id = change.encoding.id;
    connection.Queue(postgres::kLockMapShared);
    connection.Queue(postgres::kLockBody, Params().Uuid(change.body));
    Array no_buckets(Type::kUuid);
    connection.Queue(postgres::kLoadSite, Params().Add(no_buckets));
    connection.Queue(postgres::kEncodingIsTaken, Params().Uuid(id));
    connection.Queue(postgres::kLoadStores);
    connection.Queue(postgres::kLoadGroup, Params().Int2(PlacementGroupOf(id)));
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
    if (results[2].size() == 0) return NotFoundError("no such live body with an encoding");
    const LockedBody body = LockedBodyOf(results[2], options_.verify_receipt);
    if (body.encoding == change.encoding) {  // done before; whoever did it may not have waited for the standbys
      connection.Queue(postgres::kEmitMessage);
      return OkStatus();
    }
    if (body.encoding.id != change.old) return AbortedError("the body has another encoding by now");
    const std::vector<PlacementGroup> groups = postgres::GroupsOfRows(results[6]);
    const RecodeFacts facts{body.rules, SiteOf(results[3]), results[4].Bool(0, 0),
                            groups.empty() ? nullptr : &groups[0],
                            PlacementStoresOf(postgres::StoresOfRows(results[5]))};
    PBFS_ASSIGN_OR_RETURN(const uint64_t missing, DecideEncoding(change, facts));
    connection.Queue(postgres::kSetEncoding, Params()
                                                 .Uuid(change.body)
                                                 .Uuid(id)
                                                 .Int2(change.encoding.scheme)
                                                 .Int2(change.encoding.k)
                                                 .Int2(change.encoding.n)
                                                 .Int8(static_cast<int64_t>(missing)));
    connection.Queue(postgres::kRetireEncoding, Params().Uuid(change.old).Uuid(change.body).Int2(body.encoding.n));
    return OkStatus();
  });
}

Status PostgresCatalog::NoteLeft(const Context& context, BucketId bucket, int64_t changed_ms, BodyCount left) {
  const Params params = Params().Uuid(bucket).Int8(changed_ms).Int8(left.bodies).Int8(left.bytes);
  return postgres::TransactOne(parts_->primary, context, postgres::kNoteLeft, params).status();
}

Result<std::vector<RetiredEncoding>> PostgresCatalog::ListRetired(const Context& context, Duration grace,
                                                                  int32_t limit) {
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  const int64_t millis = std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  const Params params = Params().Int8(millis).Int4(limit);
  PBFS_ASSIGN_OR_RETURN(const Rows rows,
                        postgres::TransactOne(parts_->primary, context, postgres::kListRetired, params));
  std::vector<RetiredEncoding> due;
  for (int row = 0; row < rows.size(); ++row)
    due.push_back({rows.Uuid<EncodingId>(row, 0), static_cast<int>(rows.Int2(row, 1))});
  return due;
}

Status PostgresCatalog::RetiredDone(const Context& context, std::span<const EncodingId> encodings) {
  Array ids(Type::kUuid);
  for (const EncodingId& id : encodings) ids.Uuid(id);
  return postgres::TransactOne(parts_->primary, context, postgres::kRetiredDone, Params().Add(ids)).status();
}

}  // namespace pbfs
