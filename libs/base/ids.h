#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "libs/base/bytes.h"
#include "libs/base/random.h"

namespace pbfs {

/// "0198c4a2-....": the 8-4-4-4-12 form.
std::string FormatUuid(const std::array<uint8_t, 16>& bytes);
Result<std::array<uint8_t, 16>> ParseUuid(std::string_view text);
/// UUIDv7 (RFC 9562): 48-bit big-endian milliseconds, version, variant, 74 random bits.
std::array<uint8_t, 16> NewUuidV7(int64_t unix_millis, Random& random);

/// A 16-byte id; `Tag` keeps ids of different things from being mixed up. All zero means none.
template <typename Tag>
struct Id128 {
  std::array<uint8_t, 16> bytes{};

  static Id128 FromBytes(ByteSpan span) {
    PBFS_CHECK(span.size() == 16);
    Id128 id;
    std::memcpy(id.bytes.data(), span.data(), 16);
    return id;
  }
  static Result<Id128> Parse(std::string_view text) {
    PBFS_ASSIGN_OR_RETURN(const auto raw, ParseUuid(text));
    return Id128{raw};
  }
  /// A time-ordered id (UUIDv7).
  static Id128 New(int64_t unix_millis, Random& random) { return {NewUuidV7(unix_millis, random)}; }
  static Id128 NewRandom(Random& random) {
    Id128 id;
    random.Fill(id.bytes);
    return id;
  }
  /// Milliseconds since 1970 of a UUIDv7.
  int64_t Millis() const {
    int64_t millis = 0;
    for (int i = 0; i < 6; ++i) millis = millis << 8 | bytes[i];
    return millis;
  }
  /// Whether it is one, as far as its bits tell.
  bool IsTimed() const { return (bytes[6] >> 4) == 7 && (bytes[8] >> 6) == 2; }
  bool IsNull() const { return *this == Id128{}; }
  std::string ToString() const { return FormatUuid(bytes); }
  ByteSpan span() const { return bytes; }
  friend auto operator<=>(const Id128&, const Id128&) = default;
};

using BucketId = Id128<struct BucketIdTag>;
using PrincipalId = Id128<struct PrincipalIdTag>;
using ObjectId = Id128<struct ObjectIdTag>;
using OpId = Id128<struct OpIdTag>;
using BodyId = Id128<struct BodyIdTag>;
using UploadId = Id128<struct UploadIdTag>;

struct EncodingIdTag;
/// Its milliseconds are the birth of the encoding; the low 12 bits of the last two bytes (big-endian) its placement group.
using EncodingId = Id128<EncodingIdTag>;

inline constexpr int kPlacementGroups = 4096;
inline uint16_t PlacementGroupOf(const EncodingId& id) {
  return static_cast<uint16_t>((id.bytes[14] & 15) << 8 | id.bytes[15]);
}
/// A fresh encoding id born at `birth_millis` (by the catalog's clock) in placement group `group`.
EncodingId NewEncodingId(int64_t birth_millis, uint16_t group, Random& random);

/// A small number with a type of its own.
template <typename Tag, typename Number>
struct SmallId {
  Number value{};
  friend auto operator<=>(const SmallId&, const SmallId&) = default;
};
using StoreId = SmallId<struct StoreIdTag, uint32_t>;
using SiteId = SmallId<struct SiteIdTag, uint16_t>;

}  // namespace pbfs

template <typename Tag>
struct std::hash<pbfs::Id128<Tag>> {
  size_t operator()(const pbfs::Id128<Tag>& id) const noexcept {
    // The last eight bytes are random in every id that PBFS makes.
    return pbfs::LoadLe<size_t>(id.bytes.data() + 8) ^ pbfs::LoadLe<size_t>(id.bytes.data());
  }
};
template <typename Tag, typename Number>
struct std::hash<pbfs::SmallId<Tag, Number>> {
  size_t operator()(const pbfs::SmallId<Tag, Number>& id) const noexcept { return std::hash<Number>()(id.value); }
};
