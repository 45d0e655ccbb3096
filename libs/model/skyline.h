#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "libs/model/extent.h"

namespace pbfs {

/// A stretch of bytes whose greatest order belongs to one extent.
struct SkylinePiece {
  int64_t lo = 0;
  int64_t hi = 0;
  size_t extent = 0;  // index into the extents that were given
  int64_t inner = 0;  // where in the extent's source byte lo is; 0 for zeros
  friend bool operator==(const SkylinePiece&, const SkylinePiece&) = default;
};

/// The visible pieces of [lo, hi): for every byte that any extent covers, the extent that outranks the others there. Pieces
/// are disjoint, ordered by lo and as long as they can be; a byte in no piece was never written and is zero. Zeros that
/// were written are pieces like others (they hide what is below).
/// Extents may overlap in any way and stand in any order; of two of equal rank (never stored) the first wins.
/// O(n log n) for n extents, O(n) memory; at most 2 n - 1 pieces.
std::vector<SkylinePiece> Skyline(std::span<const Extent> extents, int64_t lo, int64_t hi);

/// The size of an object (I8): max(T.n, max hi of non-TRUNC extents of an order above T), T the greatest TRUNC. `extents`
/// are all of the object's.
int64_t SizeOf(std::span<const Extent> extents);

}  // namespace pbfs
