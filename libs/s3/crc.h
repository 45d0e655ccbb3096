#pragma once

#include <cstdint>

#include "libs/base/bytes.h"
#include "libs/s3/checksum.h"

/// The arithmetic of the three CRCs. All are reflected, start with all ones and end with a complement, so that the CRC of
/// nothing is 0 and one CRC continues another.
namespace pbfs::s3 {

/// The CRC of a ‖ `b` from that of a. The low 32 bits count for the CRC32s.
uint64_t ExtendCrc(ChecksumAlgorithm algorithm, uint64_t crc_of_a, ByteSpan b);

/// What `crc` becomes behind `zeros` bytes, without the constants: Crc(a ‖ b) = ShiftCrc(Crc(a), size of b) ^ Crc(b).
uint64_t ShiftCrc(ChecksumAlgorithm algorithm, uint64_t crc, uint64_t bytes);

}  // namespace pbfs::s3
