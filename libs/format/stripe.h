#pragma once

#include <functional>
#include <vector>

#include "libs/coding/reed_solomon.h"
#include "libs/format/geometry.h"

namespace pbfs {

/// One shard's block of a stripe, its CRC already checked (CheckBlock). `data` has geometry.Block(i) bytes.
struct ShardBlock {
  uint8_t shard = 0;
  const uint8_t* data = nullptr;
};

/// One stripe of an encoding, that is one segment's ciphertext: put together from k of its blocks, and taken apart again.
/// No key is needed for that; whether the blocks are the right ones is for others to tell. Threads: one at a time.
class Stripe {
 public:
  explicit Stripe(const Geometry& geometry);

  /// Stripe i from exactly k blocks of distinct shards, in ascending order. What lies behind the ciphertext is padding, and zeros
  /// whatever the blocks say: nothing covers it. Returns the ciphertext, which is this object's until the next call.
  ByteSpan Assemble(int64_t i, const std::vector<ShardBlock>& subset);
  /// The shards of `blocks` that differ from what was assembled.
  std::vector<uint8_t> Contradictions(const std::vector<ShardBlock>& blocks);
  /// The block of one shard of what was assembled: geometry.Block(i) bytes.
  void BlockOf(uint8_t shard, uint8_t* out);

 private:
  const uint8_t* Computed(uint8_t shard);

  const Geometry geometry_;
  const ReedSolomon& code_;
  size_t block_ = 0;  // of the assembled stripe
  Bytes data_;        // its k data blocks
  Bytes parity_;      // and the others, once they are asked for
  bool have_parity_ = false;
};

/// Calls `try_one` with subsets of k of the blocks, those with the most data shards first, until it returns true; at most 2048 of
/// them: all subsets of 10+4 and of 12+3 are fewer, and wide codes with many liars must not cost hours.
bool AnySubset(const std::vector<ShardBlock>& blocks, size_t k,
               const std::function<bool(const std::vector<ShardBlock>& subset)>& try_one);

}  // namespace pbfs
