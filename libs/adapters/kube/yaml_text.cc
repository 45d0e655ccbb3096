#include "libs/adapters/kube/yaml_text.h"

#include <fmt/format.h>

namespace pbfs::kube {
namespace {

/// The character at `at` of UTF-8 that is known to be good, if it is of two or three bytes; else the byte itself.
uint32_t CharacterAt(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[at + i])); };
  if (byte(0) >= 0xC0 && byte(0) < 0xE0) return (byte(0) & 0x1F) << 6 | (byte(1) & 0x3F);
  if (byte(0) >= 0xE0 && byte(0) < 0xF0) return (byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
  return byte(0);
}

size_t SizeOf(uint32_t character) {
  if (character < 0x80) return 1;
  return character < 0x800 ? 2 : 3;
}

bool MustBeEscaped(uint32_t character) {
  return (character >= 0x7F && character < 0xA0) || character == 0x2028 || character == 0x2029 || character == 0xFEFF ||
         character == 0xFFFE || character == 0xFFFF;
}

}  // namespace

Result<std::string> DumpYaml(const Json& value) {
  PBFS_ASSIGN_OR_RETURN(const std::string json, DumpJson(value));
  std::string yaml;
  for (size_t at = 0; at < json.size();) {
    const bool continues = (static_cast<unsigned char>(json[at]) & 0xF8) == 0xF0;  // of four bytes: always text
    const uint32_t character = continues ? 0 : CharacterAt(json, at);
    const size_t size = continues ? 4 : SizeOf(character);
    // Only strings hold such characters, so an escape is good wherever it comes to stand.
    if (MustBeEscaped(character)) yaml += fmt::format("\\u{:04x}", character);
    if (!MustBeEscaped(character)) yaml.append(json, at, size);
    at += size;
  }
  return yaml;
}

}  // namespace pbfs::kube
