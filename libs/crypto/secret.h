#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "libs/base/bytes.h"

namespace pbfs {

/// Overwrites memory in a way that the compiler cannot leave out.
void WipeMemory(void* memory, size_t size);

/// Key material of N bytes: wiped when it goes, never printable, compared only in constant time.
/// Threads: a value.
template <size_t N>
class Secret {
 public:
  Secret() = default;
  explicit Secret(const std::array<uint8_t, N>& bytes) : bytes_(bytes) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret() { WipeMemory(bytes_.data(), N); }

  static constexpr size_t kSize = N;
  /// From exactly N bytes.
  static Secret FromBytes(ByteSpan bytes) {
    PBFS_CHECK(bytes.size() == N);
    Secret secret;
    std::memcpy(secret.bytes_.data(), bytes.data(), N);
    return secret;
  }
  ByteSpan span() const { return bytes_; }
  MutableByteSpan mutable_span() { return bytes_; }
  const uint8_t* data() const { return bytes_.data(); }

 private:
  std::array<uint8_t, N> bytes_{};
};
using Key32 = Secret<32>;

}  // namespace pbfs
