#include "tools/pbfs/address.h"

#include <cstdint>

#include <fmt/format.h>

#include "libs/model/limits.h"

namespace pbfs::cli {
namespace {

/// Length of the UTF-8 sequence at the front of `text` (RFC 3629: no overlong forms, no surrogates); 0 if there is none.
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return i < text.size() ? static_cast<uint8_t>(text[i]) : uint8_t{0}; };
  const auto continues = [&](size_t i, uint8_t low = 0x80, uint8_t high = 0xbf) {
    return byte(i) >= low && byte(i) <= high;
  };
  const uint8_t first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef)
    return continues(1, first == 0xe0 ? 0xa0 : 0x80, first == 0xed ? 0x9f : 0xbf) && continues(2) ? 3 : 0;
  if (first >= 0xf0 && first <= 0xf4)
    return continues(1, first == 0xf0 ? 0x90 : 0x80, first == 0xf4 ? 0x8f : 0xbf) && continues(2) && continues(3) ? 4
                                                                                                                  : 0;
  return 0;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Status CheckName(std::string_view name) {
  if (name.size() > static_cast<size_t>(kMaxNameSize))
    return InvalidArgumentError(fmt::format("the name has {} bytes; {} are allowed", name.size(), kMaxNameSize));
  if (name.find('\0') != std::string_view::npos) return InvalidArgumentError("the name holds a NUL byte");
  if (!IsUtf8(name)) return InvalidArgumentError("the name is not UTF-8");
  return OkStatus();
}

}  // namespace

Result<Address> ParsePrefix(std::string_view text) {
  const size_t slash = text.find('/');
  Address address{std::string(text.substr(0, slash)), ""};
  if (slash != std::string_view::npos) address.name = text.substr(slash + 1);
  if (address.bucket.empty())
    return InvalidArgumentError(fmt::format("'{}' names no bucket; write BUCKET or BUCKET/PREFIX", text));
  PBFS_RETURN_IF_ERROR(CheckName(address.name));
  return address;
}

Result<Address> ParseAddress(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size())
    return InvalidArgumentError(fmt::format("'{}' names no object; write BUCKET/NAME", text));
  return ParsePrefix(text);
}

}  // namespace pbfs::cli
