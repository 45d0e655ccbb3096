#include "tools/local/client_keys.h"

#include <sodium.h>

#include <array>

#include "tools/local/files.h"

namespace pbfs::local {

Result<std::string> MakeClientKeys(const std::string& directory) {
  if (sodium_init() < 0) return InternalError("libsodium does not start");
  PBFS_RETURN_IF_ERROR(MakeDirectory(directory + "/client/keys", 0700));
  std::array<uint8_t, crypto_sign_PUBLICKEYBYTES> open;
  std::array<uint8_t, crypto_sign_SECRETKEYBYTES> secret;
  crypto_sign_keypair(open.data(), secret.data());
  PBFS_RETURN_IF_ERROR(WriteTextFile(AdminKeyFile(directory), ToHex(secret) + "\n", 0600));
  return ToHex(open);
}

std::string AdminKeyFile(const std::string& directory) { return directory + "/client/admin-key"; }

}  // namespace pbfs::local
