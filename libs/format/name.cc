#include "libs/format/name.h"

#include <cstdint>

#include "libs/model/limits.h"

namespace pbfs {
namespace {

// The length of the UTF-8 sequence at the begin of `text` (RFC 3629: shortest form, no surrogates, up to U+10FFFF), or 0.
size_t Utf8SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    if (first == 0xe0 && byte(1) < 0xa0) return 0;
    if (first == 0xed && byte(1) > 0x9f) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    if (first == 0xf0 && byte(1) < 0x90) return 0;
    if (first == 0xf4 && byte(1) > 0x8f) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

Status CheckName(std::string_view text) {
  if (text.empty()) return InvalidArgumentError("a name must not be empty");
  if (text.size() > kMaxNameSize) return InvalidArgumentError("a name has at most 1024 bytes");
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '\0') return InvalidArgumentError("a name must not contain NUL");
    const size_t length = Utf8SequenceLength(text.substr(at));
    if (length == 0) return InvalidArgumentError("a name must be UTF-8");
    at += length;
  }
  return OkStatus();
}

Result<std::string> PlainNameCodec::Encode(std::string_view parent, std::string_view component) const {
  std::string name = std::string(parent) + std::string(component);
  PBFS_RETURN_IF_ERROR(CheckName(name));
  return name;
}

Result<std::string> PlainNameCodec::Decode(std::string_view encoded) const {
  PBFS_RETURN_IF_ERROR(CheckName(encoded));
  return std::string(encoded);
}

}  // namespace pbfs
