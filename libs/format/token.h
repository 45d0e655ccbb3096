#pragma once

#include <array>

#include "libs/base/ids.h"
#include "libs/crypto/primitives.h"

namespace pbfs {

/// A capability for fragment stores, signed by the site (format, section 4). Verbs are bits: 1 GET, 2 PUT (age-fenced),
/// 4 REPAIR (PUT without the age fence), 8 DELETE, 16 LIST.
struct Token {
  uint16_t verbs = 0;
  SiteId site;
  int64_t fence_epoch = 0;
  BucketId bucket;  // null: any
  PrincipalId subject;
  int64_t not_before_ms = 0;
  int64_t not_after_ms = 0;
  uint64_t nonce = 0;

  std::array<uint8_t, 144> Encode(const SigningKey& site_key) const;
  /// The fields, unverified. Errors: INVALID_ARGUMENT.
  static Result<Token> Decode(ByteSpan bytes);
  /// Whether the site signed these bytes. 70 µs: remember the answer.
  static bool Verify(ByteSpan bytes, const PublicKey& site_key);
  friend bool operator==(const Token&, const Token&) = default;
};
inline constexpr int64_t kMaxTokenLifeMs = 900'000;

}  // namespace pbfs
