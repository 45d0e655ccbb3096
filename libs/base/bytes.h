#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/check.h"
#include "libs/base/result.h"

namespace pbfs {

using Bytes = std::vector<uint8_t>;
using ByteSpan = std::span<const uint8_t>;
using MutableByteSpan = std::span<uint8_t>;

inline ByteSpan AsBytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view AsText(ByteSpan bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes ToBytes(ByteSpan bytes) { return {bytes.begin(), bytes.end()}; }
inline bool Equal(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

/// Lower-case hexadecimal.
std::string ToHex(ByteSpan bytes);
/// The inverse; either case. Errors: INVALID_ARGUMENT for an odd length or another character.
Result<Bytes> FromHex(std::string_view text);

/// Little-endian integers at an address that need not be aligned; every format of PBFS is little-endian.
template <typename T>
T LoadLe(const uint8_t* from) {
  T value;
  std::memcpy(&value, from, sizeof value);  // all supported machines are little-endian
  return value;
}
template <typename T>
void StoreLe(uint8_t* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

/// Appends fields of a format to a byte vector.
class ByteWriter {
 public:
  explicit ByteWriter(Bytes& out) : out_(out) {}
  void U8(uint8_t value) { out_.push_back(value); }
  void U16(uint16_t value) { Le(value); }
  void U32(uint32_t value) { Le(value); }
  void U64(uint64_t value) { Le(value); }
  void Raw(ByteSpan bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void Text(std::string_view text) { Raw(AsBytes(text)); }
  void Zeros(size_t count) { out_.insert(out_.end(), count, 0); }

 private:
  template <typename T>
  void Le(T value) {
    const size_t at = out_.size();
    out_.resize(at + sizeof(T));
    StoreLe(out_.data() + at, value);
  }
  Bytes& out_;
};

/// Reads fields of a format from hostile bytes. Reading past the end yields zeros and makes ok() false for good, so a
/// decoder reads all fields straight through and tests ok() once before it believes any of them.
class ByteReader {
 public:
  explicit ByteReader(ByteSpan in) : in_(in) {}
  uint8_t U8() { return Le<uint8_t>(); }
  uint16_t U16() { return Le<uint16_t>(); }
  uint32_t U32() { return Le<uint32_t>(); }
  uint64_t U64() { return Le<uint64_t>(); }
  /// A view of the next `count` bytes; empty (and ok() false) if there are fewer.
  ByteSpan Raw(size_t count) {
    if (count > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const ByteSpan taken = in_.first(count);
    in_ = in_.subspan(count);
    return taken;
  }
  template <size_t N>
  std::array<uint8_t, N> Array() {
    std::array<uint8_t, N> out{};
    const ByteSpan raw = Raw(N);
    if (raw.size() == N) std::memcpy(out.data(), raw.data(), N);
    return out;
  }
  size_t remaining() const { return in_.size(); }
  bool ok() const { return ok_; }
  /// Everything was read and nothing was missing.
  bool Done() const { return ok_ && in_.empty(); }

 private:
  template <typename T>
  T Le() {
    const ByteSpan raw = Raw(sizeof(T));
    return raw.size() == sizeof(T) ? LoadLe<T>(raw.data()) : T{};
  }
  ByteSpan in_;
  bool ok_ = true;
};

}  // namespace pbfs
