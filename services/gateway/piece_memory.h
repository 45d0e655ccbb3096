#pragma once

#include <algorithm>
#include <functional>

#include "services/gateway/site.h"

namespace pbfs::gateway {

/// Who takes the next piece of a body: a writer.
using TakePiece = std::function<Status(Bytes piece)>;

/// How long the pieces get in which one body is taken: up to kShort bytes always; up to GatewayOptions::piece_bytes where there is room in
/// what all bodies share. So their memory is bounded however many come, none waits for another, and one that drips takes nothing. One thread.
class PieceMemory {
 public:
  static constexpr size_t kShort = 1 << 20;

  explicit PieceMemory(Site& site) : PieceMemory(site.bodies, site.options.piece_bytes) {}
  PieceMemory(MemoryBudget& budget, size_t longest) : budget_(budget), longest_(longest) {}

  /// Bytes of a piece to begin with.
  size_t AtFirst() const { return std::min(kShort, longest_); }
  /// Of one that has so many and could have more.
  size_t AtMost() {
    if (longest_ <= kShort) return longest_;
    share_ = budget_.TryTake(static_cast<int64_t>(longest_));
    return share_.bytes() > 0 ? longest_ : kShort;
  }
  /// The piece was handed to a writer, in whose memory it is now (ClientOptions::memory_bytes).
  void HandOn() { share_ = {}; }

 private:
  MemoryBudget& budget_;
  const size_t longest_;
  MemoryShare share_;
};

}  // namespace pbfs::gateway
