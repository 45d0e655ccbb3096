#include "libs/crypto/primitives.h"

#include <algorithm>

#include <openssl/evp.h>
#include <sodium.h>

namespace pbfs {
namespace {

// libsodium picks its fast implementations in sodium_init(); it is idempotent and safe from any thread.
void InitSodium() {
  static const int initialised = sodium_init();
  PBFS_CHECK(initialised >= 0, "libsodium does not start");
}

}  // namespace

void WipeMemory(void* memory, size_t size) { sodium_memzero(memory, size); }

void Blake2b(ByteSpan key, const Salt& salt, std::string_view personal, ByteSpan message, MutableByteSpan out) {
  InitSodium();
  PBFS_CHECK(personal.size() <= 16);
  uint8_t padded[16] = {};
  std::copy(personal.begin(), personal.end(), padded);
  PBFS_CHECK(crypto_generichash_blake2b_salt_personal(out.data(), out.size(), message.data(), message.size(),
                                                      key.data(), key.size(), salt.data(), padded) == 0);
}

Digest32 B2(ByteSpan key, const Salt& salt, std::string_view personal, ByteSpan message) {
  Digest32 out;
  Blake2b(key, salt, personal, message, out);
  return out;
}

Key32 DeriveKey(const Key32& key, const Salt& salt, std::string_view personal, ByteSpan message) {
  Key32 out;
  Blake2b(key.span(), salt, personal, message, out.mutable_span());
  return out;
}

Digest32 Sha256(ByteSpan message) {
  Digest32 out;
  PBFS_CHECK(EVP_Digest(message.data(), message.size(), out.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return out;
}

Sha256Stream::Sha256Stream() : context_(EVP_MD_CTX_new()) {
  PBFS_CHECK(EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) == 1);
}
Sha256Stream::~Sha256Stream() { EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_)); }
void Sha256Stream::Update(ByteSpan bytes) {
  PBFS_CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), bytes.data(), bytes.size()) == 1);
}
Digest32 Sha256Stream::Finish() {
  Digest32 out;
  PBFS_CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), out.data(), nullptr) == 1);
  return out;
}

Bytes Wrap(const Key32& key, const std::array<uint8_t, kWrapNonceSize>& nonce, ByteSpan associated,
           ByteSpan plaintext) {
  InitSodium();
  Bytes out(kWrapNonceSize + plaintext.size() + kAeadTagSize);
  std::copy(nonce.begin(), nonce.end(), out.begin());
  crypto_aead_xchacha20poly1305_ietf_encrypt(out.data() + kWrapNonceSize, nullptr, plaintext.data(), plaintext.size(),
                                             associated.data(), associated.size(), nullptr, nonce.data(), key.data());
  return out;
}

Result<Bytes> Unwrap(const Key32& key, ByteSpan associated, ByteSpan wrapped) {
  InitSodium();
  if (wrapped.size() < kWrapNonceSize + kAeadTagSize) return DataLossError("wrapped bytes are too short");
  const ByteSpan ciphertext = wrapped.subspan(kWrapNonceSize);
  Bytes out(ciphertext.size() - kAeadTagSize);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(out.data(), nullptr, nullptr, ciphertext.data(), ciphertext.size(),
                                                 associated.data(), associated.size(), wrapped.data(),
                                                 key.data()) != 0) {
    return DataLossError("wrapped bytes do not open: wrong key, or changed");
  }
  return out;
}

bool ConstantTimeEqual(ByteSpan a, ByteSpan b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

SigningKey SigningKeyFromSeed(const Key32& seed) {
  InitSodium();
  SigningKey key;
  crypto_sign_seed_keypair(key.public_key.data(), key.secret.mutable_span().data(), seed.data());
  return key;
}

Signature Sign(const SigningKey& key, ByteSpan message) {
  InitSodium();
  Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), key.secret.data());
  return signature;
}

bool VerifySignature(const PublicKey& key, ByteSpan message, ByteSpan signature) {
  InitSodium();
  return signature.size() == crypto_sign_BYTES &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(), key.data()) == 0;
}

BoxKey BoxKeyFromSeed(const Key32& seed) {
  InitSodium();
  BoxKey key;
  crypto_box_seed_keypair(key.public_key.data(), key.secret.mutable_span().data(), seed.data());
  return key;
}

Bytes SealBox(const PublicKey& recipient, ByteSpan plaintext) {
  InitSodium();
  Bytes out(plaintext.size() + crypto_box_SEALBYTES);
  PBFS_CHECK(crypto_box_seal(out.data(), plaintext.data(), plaintext.size(), recipient.data()) == 0);
  return out;
}

Result<Bytes> OpenBox(const BoxKey& key, ByteSpan sealed) {
  InitSodium();
  if (sealed.size() < crypto_box_SEALBYTES) return PermissionDeniedError("sealed box is too short");
  Bytes out(sealed.size() - crypto_box_SEALBYTES);
  if (crypto_box_seal_open(out.data(), sealed.data(), sealed.size(), key.public_key.data(), key.secret.data()) != 0) {
    return PermissionDeniedError("sealed box does not open with this key");
  }
  return out;
}

}  // namespace pbfs
