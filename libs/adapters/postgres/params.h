#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/ids.h"

/// Parameters of a statement in PostgreSQL's binary format: integers big-endian, bytes as they are. No text is made or
/// parsed, which for records of some hundred bytes is most of what a client library does.
namespace pbfs::postgres {

/// Object ids of the server's types that arrays name (pg_type.dat; they never change).
enum class Type : uint32_t {
  kBool = 16,
  kBytea = 17,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kText = 25,
  kTid = 27,
  kVarbit = 1562,
  kUuid = 2950
};

/// Appends big-endian integers and raw bytes.
class WireWriter {
 public:
  explicit WireWriter(Bytes& out) : out_(out) {}
  void Int(uint64_t value, int size) {
    const size_t at = out_.size();
    out_.resize(at + static_cast<size_t>(size));
    for (auto byte = out_.rbegin(); byte != out_.rend() - static_cast<ptrdiff_t>(at); ++byte, value >>= 8)
      *byte = static_cast<uint8_t>(value);
  }
  void Raw(ByteSpan bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }

 private:
  Bytes& out_;
};

/// A one-dimensional array parameter. Every append is one element.
class Array {
 public:
  explicit Array(Type element) : element_(element) {
    bytes_.reserve(256);
    bytes_.resize(kHeader);
  }
  Array& Null() { return has_null_ = true, Element(~0U, {}); }
  Array& Bool(bool value) { return Number(value, 1); }
  Array& Int2(int64_t value) { return Number(static_cast<uint64_t>(value), 2); }
  Array& Int4(int64_t value) { return Number(static_cast<uint64_t>(value), 4); }
  Array& Int8(int64_t value) { return Number(static_cast<uint64_t>(value), 8); }
  Array& Raw(ByteSpan value) { return Element(static_cast<uint32_t>(value.size()), value); }
  Array& Text(std::string_view value) { return Raw(AsBytes(value)); }
  template <typename Tag>
  Array& Uuid(const Id128<Tag>& id) {
    return Raw(id.bytes);
  }
  /// NULL for a null id.
  template <typename Tag>
  Array& UuidOrNull(const Id128<Tag>& id) {
    return id.IsNull() ? Null() : Uuid(id);
  }
  /// bit(128).
  Array& Bits(const std::array<uint8_t, 16>& bits) {
    WireWriter writer(bytes_);
    writer.Int(4 + bits.size(), 4);
    writer.Int(8 * bits.size(), 4);
    writer.Raw(bits);
    return ++count_, *this;
  }
  int count() const { return count_; }
  /// The finished parameter. Once.
  Bytes Finish() {
    Bytes header;
    WireWriter writer(header);
    writer.Int(count_ == 0 ? 0 : 1, 4);  // dimensions
    writer.Int(has_null_, 4);
    writer.Int(static_cast<uint32_t>(element_), 4);
    writer.Int(static_cast<uint64_t>(count_), 4);
    writer.Int(1, 4);  // lower bound
    std::copy(header.begin(), header.end(), bytes_.begin());
    if (count_ == 0) bytes_.resize(kHeader - 8);
    return std::move(bytes_);
  }

 private:
  static constexpr size_t kHeader = 20;
  Array& Number(uint64_t value, int size) {
    WireWriter writer(bytes_);
    writer.Int(static_cast<uint64_t>(size), 4);
    writer.Int(value, size);
    return ++count_, *this;
  }
  Array& Element(uint32_t size, ByteSpan value) {
    WireWriter writer(bytes_);
    writer.Int(size, 4);
    writer.Raw(value);
    return ++count_, *this;
  }
  Type element_;
  int count_ = 0;
  bool has_null_ = false;
  Bytes bytes_;
};

/// The parameters of one execution, in order.
class Params {
 public:
  Params& Bool(bool value) { return Number(value, 1); }
  Params& Int2(int64_t value) { return Number(static_cast<uint64_t>(value), 2); }
  Params& Int4(int64_t value) { return Number(static_cast<uint64_t>(value), 4); }
  Params& Int8(int64_t value) { return Number(static_cast<uint64_t>(value), 8); }
  Params& Float4(float value) { return Number(std::bit_cast<uint32_t>(value), 4); }
  Params& Raw(ByteSpan value) {
    values_.emplace_back(ToBytes(value));
    return *this;
  }
  Params& Text(std::string_view value) { return Raw(AsBytes(value)); }
  template <typename Tag>
  Params& Uuid(const Id128<Tag>& id) {
    return Raw(id.bytes);
  }
  Params& Null() {
    values_.emplace_back(std::nullopt);
    return *this;
  }
  /// Takes what the array holds.
  Params& Add(Array& array) {
    values_.emplace_back(array.Finish());
    return *this;
  }
  const std::vector<std::optional<Bytes>>& values() const { return values_; }

 private:
  Params& Number(uint64_t value, int size) {
    Bytes bytes;
    WireWriter(bytes).Int(value, size);
    values_.emplace_back(std::move(bytes));
    return *this;
  }
  std::vector<std::optional<Bytes>> values_;
};

}  // namespace pbfs::postgres
