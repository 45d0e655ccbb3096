#include "libs/s3/crc.h"

#include <array>

#include <immintrin.h>
#include <isa-l.h>

#include "libs/coding/clear_upper_halves.h"
#include "libs/coding/crc32c.h"

namespace pbfs::s3 {
namespace {

// Polynomials with the bits reversed, the highest power in bit 0.
constexpr uint64_t kCrc32 = 0xedb88320;
constexpr uint64_t kCrc32c = 0x82f63b78;
constexpr uint64_t kCrc64Nvme = 0x9a6c9329ac4bc9b5;

// kSlices[k][b]: what byte b, with k zero bytes behind it, adds to the register.
using Slices = std::array<std::array<uint64_t, 256>, 8>;
constexpr Slices MakeSlices() {
  Slices slices{};
  for (uint64_t byte = 0; byte < 256; ++byte) {
    uint64_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? kCrc64Nvme : 0);
    slices[0][byte] = crc;
  }
  for (size_t k = 1; k < 8; ++k) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint64_t before = slices[k - 1][byte];
      slices[k][byte] = (before >> 8) ^ slices[0][before & 0xff];
    }
  }
  return slices;
}
constexpr Slices kSlices = MakeSlices();

// Of the register itself, without the complements at both ends.
uint64_t ExtendByTables(uint64_t crc, ByteSpan bytes) {
  size_t at = 0;
  for (; bytes.size() - at >= 8; at += 8) {
    const uint64_t word = crc ^ LoadLe<uint64_t>(bytes.data() + at);
    crc = 0;
    for (size_t k = 0; k < 8; ++k) crc ^= kSlices[7 - k][(word >> (8 * k)) & 0xff];
  }
  for (; at < bytes.size(); ++at) crc = (crc >> 8) ^ kSlices[0][(crc ^ bytes[at]) & 0xff];
  return crc;
}

// x^n modulo the polynomial, as registers have it: the highest power in bit 0.
constexpr uint64_t PowerOfX(int n) {
  uint64_t power = uint64_t{1} << 63;
  for (int i = 0; i < n; ++i) power = (power >> 1) ^ (power & 1 ? kCrc64Nvme : 0);
  return power;
}

constexpr size_t kBlock = sizeof(__m128i), kLanes = 4;  // as many as it takes to keep the multiplier busy

// A block times x^kBits, kept modulo the polynomial in 128 bits. Multiplying bits that are reversed multiplies by x once more, so each
// factor is one power less; the first half of a block stands 64 powers above the second.
template <int kBits>
__attribute__((target("pclmul"))) __m128i MoveOn(__m128i block) {
  constexpr auto kFirst = static_cast<int64_t>(PowerOfX(kBits + 63)),
                 kSecond = static_cast<int64_t>(PowerOfX(kBits - 1));
  const __m128i factors = _mm_set_epi64x(kSecond, kFirst);
  return _mm_xor_si128(_mm_clmulepi64_si128(block, factors, 0x00), _mm_clmulepi64_si128(block, factors, 0x11));
}

__m128i LoadBlock(const uint8_t* from) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)); }

// Four blocks at a time by carry-less multiplication (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ",
// 2009); what is left goes by tables. At least kLanes blocks.
__attribute__((target("pclmul"))) uint64_t ExtendByMultiplying(uint64_t crc, ByteSpan bytes) {
  const uint8_t* from = bytes.data();
  const uint8_t* const end = from + bytes.size();
  __m128i lanes[kLanes];
  for (__m128i& lane : lanes) lane = LoadBlock(from), from += kBlock;
  lanes[0] = _mm_xor_si128(lanes[0], _mm_set_epi64x(0, static_cast<int64_t>(crc)));
  while (end - from >= static_cast<ptrdiff_t>(kLanes * kBlock)) {
    for (__m128i& lane : lanes) lane = _mm_xor_si128(MoveOn<512>(lane), LoadBlock(from)), from += kBlock;
  }
  __m128i sum = lanes[0];
  for (size_t i = 1; i < kLanes; ++i) sum = _mm_xor_si128(MoveOn<128>(sum), lanes[i]);
  uint8_t last[kBlock];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(last), sum);
  return ExtendByTables(ExtendByTables(0, last), {from, static_cast<size_t>(end - from)});
}

uint64_t ExtendCrc64Nvme(uint64_t crc, ByteSpan bytes) {
  static const bool multiplies = __builtin_cpu_supports("pclmul");
  const bool long_enough = bytes.size() >= kLanes * kBlock;
  return multiplies && long_enough ? ~ExtendByMultiplying(~crc, bytes) : ~ExtendByTables(~crc, bytes);
}

uint32_t ExtendCrc32(uint32_t crc, ByteSpan bytes) {
  // ISA-L complements at both ends itself, as zlib does.
  const uint32_t extended = crc32_gzip_refl(crc, bytes.data(), bytes.size());
  ClearUpperHalves();
  return extended;
}

// A linear map of the register: row i is what bit i becomes.
using Matrix = std::array<uint64_t, 64>;

uint64_t Apply(const Matrix& matrix, uint64_t crc) {
  uint64_t sum = 0;
  for (size_t bit = 0; crc != 0; crc >>= 1, ++bit) sum ^= crc & 1 ? matrix[bit] : 0;
  return sum;
}

Matrix Twice(const Matrix& matrix) {
  Matrix square;
  for (size_t bit = 0; bit < 64; ++bit) square[bit] = Apply(matrix, matrix[bit]);
  return square;
}

// One zero byte.
Matrix ByteMatrix(uint64_t polynomial) {
  Matrix matrix;
  for (size_t bit = 0; bit < 64; ++bit) {
    uint64_t crc = uint64_t{1} << bit;
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ (crc & 1 ? polynomial : 0);
    matrix[bit] = crc;
  }
  return matrix;
}

uint64_t PolynomialOf(ChecksumAlgorithm algorithm) {
  switch (algorithm) {
    case ChecksumAlgorithm::kCrc32: return kCrc32;
    case ChecksumAlgorithm::kCrc32c: return kCrc32c;
    default: return kCrc64Nvme;
  }
}

}  // namespace

uint64_t ExtendCrc(ChecksumAlgorithm algorithm, uint64_t crc_of_a, ByteSpan b) {
  switch (algorithm) {
    case ChecksumAlgorithm::kCrc32: return ExtendCrc32(static_cast<uint32_t>(crc_of_a), b);
    case ChecksumAlgorithm::kCrc32c: return Crc32cExtend(static_cast<uint32_t>(crc_of_a), b);
    default: return ExtendCrc64Nvme(crc_of_a, b);
  }
}

uint64_t ShiftCrc(ChecksumAlgorithm algorithm, uint64_t crc, uint64_t bytes) {
  Matrix matrix = ByteMatrix(PolynomialOf(algorithm));
  for (; bytes != 0; bytes >>= 1) {
    if (bytes & 1) crc = Apply(matrix, crc);
    matrix = Twice(matrix);
  }
  return crc;
}

}  // namespace pbfs::s3
