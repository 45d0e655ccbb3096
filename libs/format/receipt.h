#pragma once

#include <array>

#include "libs/base/ids.h"
#include "libs/crypto/primitives.h"

namespace pbfs {

/// A store's statement that it holds a fragment durably: 64 bytes, MACed with K_store (format, section 4).
struct Receipt {
  EncodingId encoding;
  uint8_t shard = 0;
  StoreId store;
  int64_t length = 0;  // of the fragment
  uint32_t sum = 0;    // fragment sum
  int64_t received_ms = 0;

  std::array<uint8_t, 64> Encode(const Key32& store_key) const;
  /// The fields, unverified: the store id says with which key to verify. Errors: INVALID_ARGUMENT.
  static Result<Receipt> Decode(ByteSpan bytes);
  /// Whether the MAC fits, in constant time.
  static bool Verify(ByteSpan bytes, const Key32& store_key);
  friend bool operator==(const Receipt&, const Receipt&) = default;
};

}  // namespace pbfs
