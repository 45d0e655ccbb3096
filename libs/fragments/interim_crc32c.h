#pragma once
// Stands in until libs/coding has its CRC32C.
#include <array>
#include "libs/base/bytes.h"
namespace pbfs::interim {
inline uint32_t Crc32c(ByteSpan bytes, uint32_t crc = 0) {
  static const auto table = [] {
    std::array<uint32_t, 256> t{};
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t c = i;
      for (int j = 0; j < 8; ++j) c = c & 1 ? 0x82f63b78u ^ (c >> 1) : c >> 1;
      t[i] = c;
    }
    return t;
  }();
  crc = ~crc;
  for (const uint8_t b : bytes) crc = table[(crc ^ b) & 255] ^ (crc >> 8);
  return ~crc;
}
}  // namespace pbfs::interim
