#pragma once

#include "libs/adapters/postgres/rows.h"
#include "libs/model/extent.h"

namespace pbfs::postgres {

/// Columns from `first`: lo, hi, hlc, wid, body_id, from_object, inner_off, op_id.
inline Extent ExtentOfRow(const Rows& rows, int row, int first = 0) {
  Extent extent;
  extent.lo = rows.Int8(row, first);
  extent.hi = rows.Int8(row, first + 1);
  extent.order = {rows.Int8(row, first + 2), rows.Int8(row, first + 3)};
  if (!rows.IsNull(row, first + 4)) extent.source = Source::Of(rows.Uuid<BodyId>(row, first + 4));
  if (!rows.IsNull(row, first + 5)) extent.source = Source::Of(rows.Uuid<ObjectId>(row, first + 5));
  extent.inner = rows.Int8(row, first + 6);
  extent.op = rows.Uuid<OpId>(row, first + 7);
  return extent;
}

}  // namespace pbfs::postgres
