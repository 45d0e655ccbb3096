#include "libs/adapters/postgres/rows.h"

#include <cstdlib>
#include <cstring>

namespace pbfs::postgres {
namespace {

uint64_t BigEndian(ByteSpan bytes) {
  uint64_t value = 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

int64_t Rows::affected() const {
  return result_ == nullptr ? 0 : std::strtoll(PQcmdTuples(result_.get()), nullptr, 10);
}

ByteSpan Rows::Span(int row, int column) const {
  return {reinterpret_cast<const uint8_t*>(PQgetvalue(result_.get(), row, column)),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

uint64_t Rows::Int(int row, int column, int size) const {
  if (IsNull(row, column)) return 0;
  PBFS_CHECK(PQgetlength(result_.get(), row, column) == size, "a column of another type than its reader");
  return BigEndian(Span(row, column));
}

float Rows::Float4(int row, int column) const {
  const auto bits = static_cast<uint32_t>(Int(row, column, 4));
  float value = 0;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

std::array<uint8_t, 16> Rows::Bits(int row, int column) const {
  if (IsNull(row, column)) return {};
  const ByteSpan wire = Span(row, column);  // length in bits, then the bits
  PBFS_CHECK(wire.size() == 20, "not a bit(128)");
  std::array<uint8_t, 16> out;
  std::copy(wire.begin() + 4, wire.end(), out.begin());
  return out;
}

std::vector<int64_t> Rows::Ints(int row, int column) const {
  std::vector<int64_t> out;
  const ByteSpan wire = Span(row, column);
  if (wire.size() < 20) return out;  // NULL or no dimensions
  size_t at = 20;                    // dimensions, flags, type, length, lower bound
  while (at + 4 <= wire.size()) {
    const size_t size = BigEndian(wire.subspan(at, 4));
    const uint64_t raw = BigEndian(wire.subspan(at + 4, size));
    out.push_back(size == 2 ? static_cast<int16_t>(raw) : static_cast<int32_t>(raw));
    at += 4 + size;
  }
  return out;
}

}  // namespace pbfs::postgres
