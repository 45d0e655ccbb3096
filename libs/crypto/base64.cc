#include "libs/crypto/base64.h"

#include <openssl/evp.h>

namespace pbfs {

std::string Base64(ByteSpan bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // and OpenSSL's NUL
  const int size =
      EVP_EncodeBlock(reinterpret_cast<uint8_t*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<size_t>(size));
  return text;
}

std::optional<Bytes> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.empty()) return Bytes{};
  const size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  Bytes bytes(text.size() / 4 * 3);
  const int size = EVP_DecodeBlock(bytes.data(), AsBytes(text).data(), static_cast<int>(text.size()));
  if (size < static_cast<int>(padding)) return std::nullopt;
  bytes.resize(static_cast<size_t>(size) - padding);
  // OpenSSL forgives blanks around, and bits that encode nothing.
  if (Base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace pbfs
