#include "libs/base/ids.h"

namespace pbfs {
namespace {

constexpr size_t kDashesBefore[] = {4, 6, 8, 10};  // byte positions that follow a dash

bool DashBefore(size_t byte) {
  for (const size_t at : kDashesBefore) {
    if (at == byte) return true;
  }
  return false;
}

}  // namespace

std::string FormatUuid(const std::array<uint8_t, 16>& bytes) {
  const std::string hex = ToHex(bytes);
  std::string text;
  text.reserve(36);
  for (size_t i = 0; i < 16; ++i) {
    if (DashBefore(i)) text.push_back('-');
    text.append(hex, 2 * i, 2);
  }
  return text;
}

Result<std::array<uint8_t, 16>> ParseUuid(std::string_view text) {
  std::string hex;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool dash_place = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash_place && text.size() == 36) {
      if (text[i] != '-') return InvalidArgumentError("not a UUID");
      continue;
    }
    hex.push_back(text[i]);
  }
  if (hex.size() != 32) return InvalidArgumentError("not a UUID: expected 32 hexadecimal digits");
  PBFS_ASSIGN_OR_RETURN(const Bytes raw, FromHex(hex));
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), raw.data(), 16);
  return bytes;
}

std::array<uint8_t, 16> NewUuidV7(int64_t unix_millis, Random& random) {
  std::array<uint8_t, 16> bytes;
  random.Fill(bytes);
  for (int i = 0; i < 6; ++i) bytes[i] = static_cast<uint8_t>(unix_millis >> (40 - 8 * i));
  bytes[6] = static_cast<uint8_t>(0x70 | (bytes[6] & 0x0f));
  bytes[8] = static_cast<uint8_t>(0x80 | (bytes[8] & 0x3f));
  return bytes;
}

EncodingId NewEncodingId(int64_t birth_millis, uint16_t group, Random& random) {
  PBFS_CHECK(group < kPlacementGroups);
  EncodingId id = EncodingId::New(birth_millis, random);
  id.bytes[14] = static_cast<uint8_t>((id.bytes[14] & 0xf0) | group >> 8);
  id.bytes[15] = static_cast<uint8_t>(group);
  return id;
}

}  // namespace pbfs
