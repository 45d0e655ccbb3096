#include "libs/crypto/file_hash.h"

#include "libs/base/bytes.h"
#include "libs/crypto/primitives.h"

namespace pbfs {

uint32_t FileHash(const std::string& text) {
  const auto hash = Sha256(AsBytes(text));
  return static_cast<uint32_t>(hash[0]) << 24 | static_cast<uint32_t>(hash[1]) << 16 |
         static_cast<uint32_t>(hash[2]) << 8 | hash[3];
}

}  // namespace pbfs
