#pragma once

#include "libs/adapters/postgres/rows.h"
#include "libs/catalog/types.h"

namespace pbfs::postgres {

/// body_id, encoding_id, scheme, k, n, header, ct_root, missing: the first columns of list_encodings, list_degraded and list_otherwise.
inline EncodedBody EncodedBodyOfRow(const Rows& rows, int row) {
  EncodedBody body;
  body.body = rows.Uuid<BodyId>(row, 0);
  body.encoding = {rows.Uuid<EncodingId>(row, 1), static_cast<uint8_t>(rows.Int2(row, 2)),
                   static_cast<uint8_t>(rows.Int2(row, 3)), static_cast<uint8_t>(rows.Int2(row, 4))};
  body.header = rows.Fixed<64>(row, 5);
  body.ct_root = rows.Fixed<32>(row, 6);
  body.missing = static_cast<uint64_t>(rows.Int8(row, 7));
  return body;
}

}  // namespace pbfs::postgres
