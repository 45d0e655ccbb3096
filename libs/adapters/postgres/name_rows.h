#pragma once

#include <optional>

#include "libs/adapters/postgres/bucket_rows.h"
#include "libs/adapters/postgres/connection.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/rows.h"
#include "libs/catalog/rules.h"
#include "libs/catalog/types.h"

/// Rows about names.
namespace pbfs::postgres {

/// Columns of every statement on names: name, hlc, wid, object_id, record, current, gone, versioning, meta; of a list then size, opset and
/// newest order of what the object holds, if there is one and it was asked for.
inline NameEntry NameEntryOfRow(const Rows& rows, int row) {
  NameEntry entry;
  entry.name = rows.Text(row, 0);
  entry.order = {rows.Int8(row, 1), rows.Int8(row, 2)};
  if (!rows.IsNull(row, 3)) entry.object = rows.Uuid<ObjectId>(row, 3);
  if (!rows.IsNull(row, 4)) entry.record = rows.Share(row, 4);
  entry.current = rows.Bool(row, 5);
  entry.gone_hlc = rows.Int8(row, 6);
  entry.versioning = VersioningOf(rows, row, 7);
  if (!rows.IsNull(row, 8)) entry.meta = rows.Share(row, 8);
  return entry;
}

inline NameEntry ListedEntryOfRow(const Rows& rows, int row) {
  NameEntry entry = NameEntryOfRow(rows, row);
  if (!rows.IsNull(row, 9)) entry.content = NamedContent{rows.Int8(row, 9), rows.Bits(row, 10), rows.Int8(row, 11)};
  return entry;
}

/// Asks for what a name is bound to, or was, or for a version of it: at most one row.
inline void QueueResolve(Connection& connection, int32_t bucket, const NameQuery& query) {
  Params params;
  params.Int4(bucket).Text(query.name);
  if (query.as_of) return connection.Queue(kResolveNameAsOf, params.Int8(*query.as_of));
  if (!query.version) return connection.Queue(kResolveName, params);
  if (*query.version == kNullVersion) return connection.Queue(kResolveNullVersion, params);
  connection.Queue(kResolveVersion, params.Int8(query.version->hlc).Int8(query.version->wid));
}

/// Rows of check_bucket: versioning, history_ms, history_floor_hlc.
inline Status CheckNamesAsOf(const Rows& bucket, std::optional<Hlc> as_of) {
  if (bucket.size() == 0) return NotFoundError("no such bucket");
  BucketInfo info;
  info.settings.versioning = VersioningOf(bucket, 0, 0);
  info.settings.history_ms = bucket.Int8(0, 1);
  info.history_floor = bucket.Int8(0, 2);
  return as_of ? CheckNamesRemembered(info, *as_of) : OkStatus();
}

}  // namespace pbfs::postgres
