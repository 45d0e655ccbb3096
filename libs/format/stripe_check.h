#pragma once

#include <vector>

#include "libs/format/stripe.h"

namespace pbfs {

/// Puts stripes together without a key, and tells whether it could be sure (format, section 5.1).
///
/// With leaves (integrity sha256) any k blocks are tried until the segment has its leaf: what is given back is the writer's. Without,
/// more than k blocks can be held against each other: with k + 2t of them up to t wrong ones are located, because no two code words
/// are that near; with k + 1 a wrong one is noticed. Exactly k blocks say nothing. Threads: one at a time.
class StripeCheck {
 public:
  /// `leaves`: 32 bytes of each segment, already found to give the body's root; empty in crc32c mode.
  StripeCheck(const Geometry& geometry, Bytes leaves);

  enum class Verdict { kSound, kUnchecked, kContradiction };
  struct Outcome {
    Verdict verdict = Verdict::kContradiction;
    std::vector<uint8_t> liars;  // shards whose block is wrong although its CRC is right; only known when sound
  };
  /// Stripe i from at least k blocks of distinct shards.
  Outcome Take(int64_t i, const std::vector<ShardBlock>& blocks);
  /// After a verdict other than kContradiction: the block of any shard of that stripe, geometry.Block(i) bytes.
  void BlockOf(uint8_t shard, uint8_t* out) { stripe_.BlockOf(shard, out); }

 private:
  const Geometry geometry_;
  const Bytes leaves_;
  Stripe stripe_;
};

}  // namespace pbfs
