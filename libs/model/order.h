#pragma once

#include <compare>
#include <cstdint>

namespace pbfs {

/// Hybrid logical clock: milliseconds since 1970 << 16 | counter (docs/formats/identifiers.md).
using Hlc = int64_t;

inline Hlc HlcFromMillis(int64_t millis) { return millis << 16; }
inline int64_t HlcMillis(Hlc hlc) { return hlc >> 16; }

/// The order of a write: (hlc, wid) compared lexicographically; per byte the greatest wins. Chosen by the client, inside
/// the MAC of the op record. wid is 63 random bits per client process, never 0.
struct Order {
  Hlc hlc = 0;
  int64_t wid = 0;
  friend auto operator<=>(const Order&, const Order&) = default;
};

}  // namespace pbfs
