#pragma once

#include <algorithm>
#include <functional>

#include "services/gateway/site.h"

namespace pbfs::gateway {

/// Who takes the next piece of a body: a writer.
using TakePiece = std::function<Status(Buffer piece)>;

/// How long the pieces get in which one body is taken: up to kShort bytes always; up to kLong where there is room in what all bodies share;
/// and where most of that is free as long as all before it, up to GatewayOptions::piece_bytes: long patches cost stores and readers less, but
/// the first is to be on its way early. So their memory is bounded however many come, none waits for another, and one that drips takes
/// nothing. One thread.
class PieceMemory {
 public:
  static constexpr size_t kShort = 1 << 20;
  static constexpr size_t kLong = 8 << 20;

  explicit PieceMemory(Site& site) : PieceMemory(site.bodies, site.options.piece_bytes) {}
  PieceMemory(MemoryBudget& budget, size_t longest) : budget_(budget), longest_(longest) {}

  /// Bytes of a piece to begin with.
  size_t AtFirst() const { return std::min(kShort, longest_); }
  /// Of one that has so many and could have more.
  size_t AtMost() {
    if (longest_ <= kShort) return longest_;
    const size_t least = std::min(kLong, longest_), most = std::clamp(handed_on_, least, longest_);
    if (most > least && Takes(most, budget_.total() / 2)) return most;
    return Takes(least, 0) ? least : kShort;
  }
  /// The piece, of `size` bytes, was handed to a writer, in whose memory it is now (ClientOptions::memory_bytes).
  void HandOn(size_t size) {
    handed_on_ += size;
    share_ = {};
  }

 private:
  bool Takes(size_t bytes, int64_t left) {
    share_ = budget_.TryTake(static_cast<int64_t>(bytes), left);
    return share_.bytes() > 0;
  }

  MemoryBudget& budget_;
  const size_t longest_;
  size_t handed_on_ = 0;  // so far
  MemoryShare share_;
};

}  // namespace pbfs::gateway
