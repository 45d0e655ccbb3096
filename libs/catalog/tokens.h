#pragma once

#include <cstdint>
#include <string>

#include "libs/base/buffer.h"
#include "libs/base/context.h"
#include "libs/base/ids.h"
#include "libs/base/result.h"

namespace pbfs {

/// What a token allows, or-ed (format, section 4).
enum TokenVerb : uint16_t {
  kTokenGet = 1,
  kTokenPut = 2,
  kTokenRepair = 4,  // PUT without the age fence
  kTokenDelete = 8,
  kTokenList = 16,
};

/// A signed capability and how long it holds.
struct TokenGrant {
  Buffer token;              // 144 bytes, opaque to all but catalog and store
  int64_t not_after_ms = 0;  // by the catalog's clock
  int64_t now_ms = 0;        // the catalog's clock
};

/// Hands out capabilities for fragment stores: per process and bucket, at most 15 minutes long, renewed at half their life.
/// Threads: any. Implementations: the catalog service, and its gRPC client.
class Tokens {
 public:
  virtual ~Tokens() = default;
  /// `subject`: who asks, as its certificate names it; the gRPC client ignores it, because the server knows its peer.
  /// A null bucket asks for a token that holds for any.
  /// Errors: PERMISSION_DENIED these verbs are not for this subject; INVALID_ARGUMENT unknown verbs; UNAVAILABLE.
  virtual Result<TokenGrant> IssueToken(const Context& context, const std::string& subject, BucketId bucket,
                                        uint16_t verbs) = 0;
};

}  // namespace pbfs
