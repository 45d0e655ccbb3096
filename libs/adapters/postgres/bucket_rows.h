#pragma once

#include "libs/adapters/postgres/rows.h"
#include "libs/catalog/types.h"

namespace pbfs::postgres {

inline Versioning VersioningOf(const Rows& rows, int row, int column) {
  return static_cast<Versioning>(rows.Int2(row, column));
}

/// The columns that every statement on buckets begins with: bucket_id, name, integrity, etag, k, m, w, history_ms,
/// versioning, history_floor_hlc, keyring, keyring_ver.
inline constexpr int kBucketColumns = 12;

inline BucketInfo BucketOfRow(const Rows& rows, int row) {
  const auto small = [&](int column) {
    return rows.IsNull(row, column) ? std::nullopt
                                    : std::optional<uint8_t>(static_cast<uint8_t>(rows.Int2(row, column)));
  };
  BucketInfo bucket;
  bucket.id = rows.Uuid<BucketId>(row, 0);
  bucket.settings.name = rows.Text(row, 1);
  bucket.settings.integrity = static_cast<Integrity>(rows.Int2(row, 2));
  bucket.settings.etag = static_cast<Etag>(rows.Int2(row, 3));
  bucket.settings.k = small(4);
  bucket.settings.m = small(5);
  bucket.settings.w = small(6);
  bucket.settings.history_ms = rows.Int8(row, 7);
  bucket.settings.versioning = VersioningOf(rows, row, 8);
  bucket.history_floor = rows.Int8(row, 9);
  bucket.keyring = rows.Share(row, 10);
  bucket.keyring_version = rows.Int8(row, 11);
  return bucket;
}

}  // namespace pbfs::postgres
