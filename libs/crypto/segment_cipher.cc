#include "libs/crypto/segment_cipher.h"

#include <utility>

#include <openssl/evp.h>
#include <sodium.h>

#include "libs/crypto/primitives.h"

namespace pbfs {
namespace {

EVP_CIPHER_CTX* Context(void* context) { return static_cast<EVP_CIPHER_CTX*>(context); }

}  // namespace

SegmentCipher::SegmentCipher(const Key32& key) : context_(EVP_CIPHER_CTX_new()), key_(key) {
  PBFS_CHECK(context_ != nullptr);
}
SegmentCipher::~SegmentCipher() { EVP_CIPHER_CTX_free(Context(context_)); }
SegmentCipher::SegmentCipher(SegmentCipher&& other) noexcept
    : context_(std::exchange(other.context_, nullptr)), key_(other.key_) {}

void SegmentCipher::Seal(const SegmentNonce& nonce, ByteSpan associated, ByteSpan plaintext, uint8_t* out) {
  EVP_CIPHER_CTX* const context = Context(context_);
  int written = 0;
  const int size = static_cast<int>(plaintext.size());
  PBFS_CHECK(EVP_EncryptInit_ex(context, EVP_chacha20_poly1305(), nullptr, key_.data(), nonce.data()) == 1);
  PBFS_CHECK(EVP_EncryptUpdate(context, nullptr, &written, associated.data(), static_cast<int>(associated.size())) ==
             1);
  PBFS_CHECK(EVP_EncryptUpdate(context, out, &written, plaintext.data(), size) == 1);
  PBFS_CHECK(EVP_EncryptFinal_ex(context, out + size, &written) == 1);
  PBFS_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kAeadTagSize, out + size) == 1);
}

bool SegmentCipher::Open(const SegmentNonce& nonce, ByteSpan associated, ByteSpan ciphertext, uint8_t* out) {
  if (ciphertext.size() < kAeadTagSize) return false;
  EVP_CIPHER_CTX* const context = Context(context_);
  int written = 0;
  const int size = static_cast<int>(ciphertext.size() - kAeadTagSize);
  auto* const tag = const_cast<uint8_t*>(ciphertext.data() + size);  // OpenSSL only reads it
  PBFS_CHECK(EVP_DecryptInit_ex(context, EVP_chacha20_poly1305(), nullptr, key_.data(), nonce.data()) == 1);
  PBFS_CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kAeadTagSize, tag) == 1);
  PBFS_CHECK(EVP_DecryptUpdate(context, nullptr, &written, associated.data(), static_cast<int>(associated.size())) ==
             1);
  PBFS_CHECK(EVP_DecryptUpdate(context, out, &written, ciphertext.data(), size) == 1);
  return EVP_DecryptFinal_ex(context, out + size, &written) == 1;
}

void SodiumSealSegment(const Key32& key, const SegmentNonce& nonce, ByteSpan associated, ByteSpan plaintext,
                       uint8_t* out) {
  crypto_aead_chacha20poly1305_ietf_encrypt(out, nullptr, plaintext.data(), plaintext.size(), associated.data(),
                                            associated.size(), nullptr, nonce.data(), key.data());
}

bool SodiumOpenSegment(const Key32& key, const SegmentNonce& nonce, ByteSpan associated, ByteSpan ciphertext,
                       uint8_t* out) {
  return crypto_aead_chacha20poly1305_ietf_decrypt(out, nullptr, nullptr, ciphertext.data(), ciphertext.size(),
                                                   associated.data(), associated.size(), nonce.data(), key.data()) == 0;
}

}  // namespace pbfs
