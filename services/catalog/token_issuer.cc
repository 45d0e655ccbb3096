#include "services/catalog/token_issuer.h"

#include <algorithm>
#include <utility>

#include "libs/format/token.h"

namespace pbfs::catalog {
namespace {

constexpr uint16_t kClientVerbs = kTokenGet | kTokenPut | kTokenList;
constexpr uint16_t kAllVerbs = kClientVerbs | kTokenRepair | kTokenDelete;

uint16_t VerbsOf(const std::string& subject) {
  for (const char* service : {"garbage-collector", "repairer", "replicator", "operator"}) {
    if (subject.starts_with(service)) return kAllVerbs;
  }
  return kClientVerbs;
}

/// Subjects are names of certificates; tokens carry 16 bytes of them, for logs.
PrincipalId PrincipalOf(const std::string& subject) {
  return PrincipalId::FromBytes(ByteSpan(Sha256(AsBytes(subject))).first(16));
}

}  // namespace

TokenIssuer::TokenIssuer(Groups& groups, const Clock& clock, Random& random, Options options)
    : groups_(groups), clock_(clock), random_(random), options_(std::move(options)) {}

Result<TokenGrant> TokenIssuer::IssueToken(const Context& context, const std::string& subject, BucketId bucket,
                                           uint16_t verbs) {
  if (verbs == 0 || (verbs & ~kAllVerbs) != 0) return InvalidArgumentError("unknown verbs of a token");
  if ((verbs & ~VerbsOf(subject)) != 0) return PermissionDeniedError(subject + " may not have these verbs");
  PBFS_ASSIGN_OR_RETURN(const ClusterMap map, groups_.WatchMap(context, -1));
  Token token;
  token.verbs = verbs;
  token.site = options_.site;
  token.fence_epoch = map.fence_epoch;
  token.bucket = bucket;
  token.subject = PrincipalOf(subject);
  token.not_before_ms = clock_.NowMillis();
  token.not_after_ms = token.not_before_ms + kMaxTokenLifeMs;
  token.nonce = random_.U64();
  return TokenGrant{Buffer::CopyOf(token.Encode(options_.key())), token.not_after_ms, token.not_before_ms};
}

}  // namespace pbfs::catalog
