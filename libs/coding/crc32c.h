#pragma once

#include <cstdint>

#include "libs/base/bytes.h"

namespace pbfs {

/// CRC32C (Castagnoli) by ISA-L: start 0xffffffff, final complement; Crc32c("123456789") = 0xe3069283.
uint32_t Crc32c(ByteSpan bytes);
/// The CRC of a ‖ b from that of a.
uint32_t Crc32cExtend(uint32_t crc_of_a, ByteSpan b);

}  // namespace pbfs
