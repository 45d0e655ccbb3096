#pragma once

#include <memory>
#include <string>
#include <vector>

#include <libpq-fe.h>

#include "libs/base/buffer.h"
#include "libs/base/ids.h"

namespace pbfs::postgres {

/// The rows that a statement returned, in PostgreSQL's binary format. A reader names the type that the statement's column
/// has; a wrong one is a bug of ours and crashes. NULL reads as zero, empty, or the null id.
class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_(result, PQclear) {}
  int size() const { return result_ == nullptr ? 0 : PQntuples(result_.get()); }
  /// Rows that an INSERT, UPDATE or DELETE touched.
  int64_t affected() const;
  /// "COMMIT", "ROLLBACK", "INSERT 0 1".
  std::string command() const { return PQcmdStatus(result_.get()); }

  bool IsNull(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
  bool Bool(int row, int column) const { return Int(row, column, 1) != 0; }
  int64_t Int2(int row, int column) const { return static_cast<int16_t>(Int(row, column, 2)); }
  int64_t Int4(int row, int column) const { return static_cast<int32_t>(Int(row, column, 4)); }
  int64_t Int8(int row, int column) const { return static_cast<int64_t>(Int(row, column, 8)); }
  float Float4(int row, int column) const;
  std::string Text(int row, int column) const { return std::string(AsText(Span(row, column))); }
  /// The bytes of a bytea; they live as long as these rows.
  ByteSpan Span(int row, int column) const;
  /// The same, sharing the ownership of these rows: no copy, but all rows stay in memory. For payload.
  Buffer Share(int row, int column) const { return Buffer::Wrap(result_, Span(row, column)); }
  template <typename Id>
  Id Uuid(int row, int column) const {
    return IsNull(row, column) ? Id{} : Id::FromBytes(Span(row, column));
  }
  template <size_t N>
  std::array<uint8_t, N> Fixed(int row, int column) const {
    std::array<uint8_t, N> out{};
    const ByteSpan from = Span(row, column);
    if (!IsNull(row, column)) PBFS_CHECK(from.size() == N, "a bytea of another size than its format");
    std::copy(from.begin(), from.end(), out.begin());
    return out;
  }
  /// bit(128).
  std::array<uint8_t, 16> Bits(int row, int column) const;
  /// int2[] and int4[] without NULLs.
  std::vector<int64_t> Ints(int row, int column) const;

 private:
  uint64_t Int(int row, int column, int size) const;
  std::shared_ptr<PGresult> result_;
};

}  // namespace pbfs::postgres
