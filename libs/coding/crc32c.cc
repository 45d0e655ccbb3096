#include "libs/coding/crc32c.h"

#include <isa-l.h>

#include "libs/coding/clear_upper_halves.h"

namespace pbfs {

uint32_t Crc32c(ByteSpan bytes) { return Crc32cExtend(0, bytes); }

uint32_t Crc32cExtend(uint32_t crc_of_a, ByteSpan b) {
  auto* const data = const_cast<uint8_t*>(b.data());  // ISA-L only reads it; its prototype lacks const
  const uint32_t crc = ~crc32_iscsi(data, static_cast<int>(b.size()), ~crc_of_a);
  ClearUpperHalves();
  return crc;
}

}  // namespace pbfs
