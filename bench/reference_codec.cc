#include "bench/reference_codec.h"

#include <algorithm>
#include <cstring>

#include <isa-l.h>
#include <openssl/evp.h>

#include "libs/base/check.h"

namespace pbfs::bench {
namespace {

constexpr size_t kSegment = 65536;
constexpr size_t kTag = 16;
size_t Block(size_t ciphertext, int k) { return ((ciphertext + k - 1) / k + 15) / 16 * 16; }
uint32_t Crc(const uint8_t* data, size_t size) {
  return crc32_iscsi(const_cast<uint8_t*>(data), static_cast<int>(size), 0xffffffffu) ^ 0xffffffffu;
}
void ClearUpperHalves() { asm volatile("vzeroupper"); }

}  // namespace

ReferenceCodec::ReferenceCodec(int k, int m)
    : k_(k), m_(m), cipher_(EVP_CIPHER_CTX_new()), tables_(32 * k * m), stripe_(Block(kSegment + kTag, k) * (k + m)) {
  std::vector<uint8_t> matrix((k + m) * k);
  gf_gen_cauchy1_matrix(matrix.data(), k + m, k);
  ec_init_tables(k, m, &matrix[k * k], tables_.data());
  std::memset(key_, 7, sizeof key_);
  std::memset(header_, 9, sizeof header_);
}

ReferenceCodec::~ReferenceCodec() { EVP_CIPHER_CTX_free(static_cast<EVP_CIPHER_CTX*>(cipher_)); }

size_t ReferenceCodec::ShardSize(size_t size) const {
  return (size + kSegment - 1) / kSegment * (Block(kSegment + kTag, k_) + 4);
}

void ReferenceCodec::SealSegment(size_t index, const uint8_t* plaintext, size_t size) {
  auto* const cipher = static_cast<EVP_CIPHER_CTX*>(cipher_);
  uint8_t nonce[12] = {};
  std::memcpy(nonce + 4, &index, sizeof index);
  int written = 0;
  const size_t padded = Block(size + kTag, k_) * k_;
  PBFS_CHECK(EVP_EncryptInit_ex(cipher, EVP_chacha20_poly1305(), nullptr, key_, nonce) == 1);
  PBFS_CHECK(EVP_EncryptUpdate(cipher, nullptr, &written, header_, sizeof header_) == 1);
  PBFS_CHECK(EVP_EncryptUpdate(cipher, stripe_.data(), &written, plaintext, static_cast<int>(size)) == 1);
  PBFS_CHECK(EVP_EncryptFinal_ex(cipher, stripe_.data() + size, &written) == 1);
  PBFS_CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, kTag, stripe_.data() + size) == 1);
  std::memset(stripe_.data() + size + kTag, 0, padded - size - kTag);
}

void ReferenceCodec::SealAndEncode(const uint8_t* plaintext, size_t size, const std::vector<uint8_t*>& shards,
                                   size_t first) {
  std::vector<uint8_t*> at = shards;
  for (size_t offset = 0; offset < size; offset += kSegment) {
    const size_t length = std::min(kSegment, size - offset);
    SealSegment(first + offset / kSegment, plaintext + offset, length);
    const size_t block = Block(length + kTag, k_);
    std::vector<uint8_t*> blocks;
    for (int j = 0; j < k_ + m_; ++j) blocks.push_back(stripe_.data() + j * block);
    ec_encode_data(static_cast<int>(block), k_, m_, tables_.data(), blocks.data(), blocks.data() + k_);
    ClearUpperHalves();
    for (int j = 0; j < k_ + m_; ++j) {
      const uint32_t crc = Crc(blocks[j], block);
      std::memcpy(at[j], blocks[j], block);
      std::memcpy(at[j] + block, &crc, 4);
      at[j] += block + 4;
    }
  }
}

bool ReferenceCodec::CheckAndOpen(const std::vector<const uint8_t*>& shards, size_t size, uint8_t* plaintext,
                                  size_t first) {
  auto* const cipher = static_cast<EVP_CIPHER_CTX*>(cipher_);
  std::vector<const uint8_t*> at = shards;
  for (size_t offset = 0; offset < size; offset += kSegment) {
    const size_t length = std::min(kSegment, size - offset);
    const size_t block = Block(length + kTag, k_);
    for (int j = 0; j < k_; ++j) {
      uint32_t crc;
      std::memcpy(&crc, at[j] + block, 4);
      if (Crc(at[j], block) != crc) return false;
      std::memcpy(stripe_.data() + j * block, at[j], block);
      at[j] += block + 4;
    }
    uint8_t nonce[12] = {};
    const size_t index = first + offset / kSegment;
    std::memcpy(nonce + 4, &index, sizeof index);
    int written = 0;
    PBFS_CHECK(EVP_DecryptInit_ex(cipher, EVP_chacha20_poly1305(), nullptr, key_, nonce) == 1);
    PBFS_CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, kTag, stripe_.data() + length) == 1);
    PBFS_CHECK(EVP_DecryptUpdate(cipher, nullptr, &written, header_, sizeof header_) == 1);
    PBFS_CHECK(EVP_DecryptUpdate(cipher, plaintext + offset, &written, stripe_.data(), static_cast<int>(length)) == 1);
    if (EVP_DecryptFinal_ex(cipher, plaintext + offset + length, &written) != 1) return false;
  }
  return true;
}

}  // namespace pbfs::bench
