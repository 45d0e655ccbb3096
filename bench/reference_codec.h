#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

/// R1: the same AEAD, coding and CRC as PBFS's, written straight against OpenSSL and ISA-L, without formats, checks or
/// memory management: what the machine can do at best.
namespace pbfs::bench {

class ReferenceCodec {
 public:
  ReferenceCodec(int k, int m);
  ~ReferenceCodec();
  ReferenceCodec(const ReferenceCodec&) = delete;
  ReferenceCodec& operator=(const ReferenceCodec&) = delete;

  /// Seals `size` bytes in 64 KiB segments, encodes each into k + m blocks, takes the CRC32C of every block. The blocks of
  /// shard j, each with its CRC behind it, go to shards[j], which has room for ShardSize(size).
  /// `first`: the number of the first segment, where these bytes are a window of a longer object.
  void SealAndEncode(const uint8_t* plaintext, size_t size, const std::vector<uint8_t*>& shards, size_t first = 0);
  /// The inverse from the k data shards: checks the CRCs and opens the segments.
  bool CheckAndOpen(const std::vector<const uint8_t*>& shards, size_t size, uint8_t* plaintext, size_t first = 0);
  size_t ShardSize(size_t size) const;

 private:
  void SealSegment(size_t index, const uint8_t* plaintext, size_t size);
  int k_, m_;
  void* cipher_;  // EVP_CIPHER_CTX
  std::vector<uint8_t> tables_, stripe_;
  uint8_t key_[32], header_[64];
};

}  // namespace pbfs::bench
