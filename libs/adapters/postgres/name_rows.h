#pragma once

#include <optional>

#include "libs/adapters/postgres/rows.h"
#include "libs/catalog/rules.h"
#include "libs/catalog/types.h"

/// Rows about names.
namespace pbfs::postgres {

/// Columns of every statement on names: name, hlc, wid, object_id, record, current, gone.
inline NameEntry NameEntryOfRow(const Rows& rows, int row) {
  NameEntry entry;
  entry.name = rows.Text(row, 0);
  entry.order = {rows.Int8(row, 1), rows.Int8(row, 2)};
  if (!rows.IsNull(row, 3)) entry.object = rows.Uuid<ObjectId>(row, 3);
  if (!rows.IsNull(row, 4)) entry.record = rows.Share(row, 4);
  entry.current = rows.Bool(row, 5);
  entry.gone_hlc = rows.Int8(row, 6);
  return entry;
}

/// Rows of check_bucket: versioning, history_ms, history_floor_hlc. A versioned bucket remembers every binding that was not dropped.
inline Status CheckNamesAsOf(const Rows& bucket, std::optional<Hlc> as_of) {
  if (bucket.size() == 0) return NotFoundError("no such bucket");
  const int64_t history_ms = bucket.Int8(0, 1);
  if (!as_of || (bucket.Bool(0, 0) && history_ms == 0)) return OkStatus();
  return history_ms > 0 && *as_of >= bucket.Int8(0, 2) ? OkStatus() : HistoryExpired();
}

}  // namespace pbfs::postgres
