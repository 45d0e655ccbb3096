#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "libs/base/bytes.h"
#include "libs/base/sync.h"

namespace pbfs {

/// The erasure code of one (k, n): systematic Reed-Solomon over GF(2^8)/0x11d with the rows of ISA-L's
/// gf_gen_cauchy1_matrix (format, section 5); any k of n shards give back all. k = 1 is replication by plain copies, because
/// the Cauchy rows for k = 1 are not 1.
/// Threads: any. Decode tables are kept by survivor set.
class ReedSolomon {
 public:
  /// 1 <= k <= 32, k <= n <= 48.
  ReedSolomon(int k, int n);
  int k() const { return k_; }
  int n() const { return n_; }

  /// Computes the n - k parity blocks from k data blocks; all have `block_size` bytes.
  void Encode(size_t block_size, const uint8_t* const* data, uint8_t* const* parity) const;
  /// Computes shards `wanted` (numbers 0..n-1) from k blocks whose shard numbers are `have` (distinct, ascending).
  void Reconstruct(size_t block_size, const std::vector<uint8_t>& have, const uint8_t* const* blocks,
                   const std::vector<uint8_t>& wanted, uint8_t* const* out) const;

  /// The code of (k, n) from a process-wide table: making one costs more than encoding a segment.
  static const ReedSolomon& Get(int k, int n);

 private:
  using Shards = std::vector<uint8_t>;
  std::shared_ptr<const Bytes> DecodeTables(const Shards& have, const Shards& wanted) const;
  Bytes MakeDecodeTables(const Shards& have, const Shards& wanted) const;

  const int k_;
  const int n_;
  Bytes matrix_;         // n x k
  Bytes encode_tables_;  // of the parity rows
  mutable Mutex mutex_;
  mutable std::map<std::pair<Shards, Shards>, std::shared_ptr<const Bytes>> decode_tables_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs
