#pragma once

#include <optional>
#include <string>

#include "libs/access/system_bucket.h"
#include "libs/base/clock.h"
#include "libs/base/random.h"
#include "services/gateway/call.h"

namespace pbfs::gateway {

/// What makes a PATCH or append that is sent again happen once: `x-amz-client-token`, remembered for one to two days. The token's document
/// says which op the write is to become before it is written: so a repeat uses the same op id, which the catalog takes once, whatever
/// crashed in between. Threads: any.
class PatchTokens {
 public:
  PatchTokens(SystemBucket& documents, const Clock& clock, Random& random)
      : documents_(documents), clock_(clock), random_(random) {}

  /// The first answer, as far as it was kept.
  struct Remembered {
    OpId op;
    std::string answer;  // empty: the write may have happened, or not yet
  };
  /// The op of the request with this token; `parameters` are everything that a repeat must have in common with it. None: no token.
  /// Errors (of S3): IdempotencyParameterMismatch; InvalidArgument a token that is none.
  Result<std::optional<Remembered>> Find(Call& call, const std::string& bucket_id, const std::string& parameters);
  /// Keeps what was answered; a repeat gets it again. Losing it does no harm.
  void Keep(Call& call, const std::string& bucket_id, const Remembered& remembered, const std::string& parameters);
  /// Forgets tokens of days that ended more than a day ago. Returns how many.
  Result<int64_t> Forget(const Context& context);

 private:
  SystemBucket& documents_;
  const Clock& clock_;
  Random& random_;
};

}  // namespace pbfs::gateway
