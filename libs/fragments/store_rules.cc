#include "libs/fragments/store_rules.h"

#include <fmt/format.h>

#include "libs/format/receipt.h"
#include "libs/fragments/fragment_check.h"
#include "libs/model/limits.h"

namespace pbfs {

Status StoreRules::CheckFence(const EncodingId& encoding) const {
  const int64_t now = clock_.NowMillis();
  const int64_t birth = encoding.Millis();
  if (birth < now - kMaxEncodingAgeMs) {
    return FailedPreconditionError(
               "the encoding is too old for a put: upload the same ciphertext under a fresh encoding id, with its "
               "birth "
               "from the catalog's clock")
        .WithDetail("pbfs-code", "FENCE_AGE");
  }
  if (birth > now + kMaxClockSkewMs) {
    return FailedPreconditionError("the encoding is born in the future: take its birth from the catalog's clock")
        .WithDetail("pbfs-code", "FENCE_FUTURE");
  }
  return OkStatus();
}

namespace {

constexpr uint16_t Bit(StoreVerb verb) { return static_cast<uint16_t>(verb); }

constexpr uint16_t kOfOneBucket = Bit(StoreVerb::kGet) | Bit(StoreVerb::kPut);
constexpr uint16_t kWithoutTokens = kOfOneBucket | Bit(StoreVerb::kDelete) | Bit(StoreVerb::kList);

}  // namespace

Result<uint16_t> StoreRules::Verbs(const TokenBytes& bytes) {
  if (!identity_.token_key.has_value()) return kWithoutTokens;
  PBFS_ASSIGN_OR_RETURN(const Token token, Verified(bytes));
  if (token.site != identity_.site) return UnauthenticatedError("the token is of another site");
  PBFS_RETURN_IF_ERROR(CheckTime(token));
  PBFS_RETURN_IF_ERROR(CheckEpoch(token));
  return token.bucket.IsNull() ? token.verbs : static_cast<uint16_t>(token.verbs & kOfOneBucket);
}

Result<Token> StoreRules::Verified(const TokenBytes& bytes) {
  constexpr size_t kRemembered = 4096;
  if (bytes.empty()) return UnauthenticatedError("no token: ask the catalog for one");
  const std::string name(AsText(bytes));
  {
    MutexLock lock(mutex_);
    if (const auto found = verified_.find(name); found != verified_.end()) return found->second;
  }
  const Result<Token> token = Token::Decode(bytes);
  if (!token.ok() || !Token::Verify(bytes, *identity_.token_key))
    return UnauthenticatedError("the token is not genuine");
  MutexLock lock(mutex_);
  if (verified_.size() >= kRemembered) verified_.clear();
  verified_.emplace(name, *token);
  return token;
}

Status StoreRules::CheckTime(const Token& token) const {
  const int64_t now = clock_.NowMillis();
  if (token.not_after_ms - token.not_before_ms > kMaxTokenLifeMs)
    return UnauthenticatedError("the token lives too long");
  if (now < token.not_before_ms - kMaxClockSkewMs) return UnauthenticatedError("the token is not good yet");
  if (now > token.not_after_ms) return UnauthenticatedError("the token has expired: ask the catalog for a new one");
  return OkStatus();
}

Status StoreRules::CheckEpoch(const Token& token) {
  MutexLock lock(mutex_);
  if (token.fence_epoch < greatest_epoch_) return UnauthenticatedError("the token is of an older fence epoch");
  greatest_epoch_ = token.fence_epoch;
  return OkStatus();
}

Status StoreRules::Require(const TokenBytes& token, StoreVerb verb) {
  PBFS_ASSIGN_OR_RETURN(const uint16_t verbs, Verbs(token));
  if ((verbs & Bit(verb)) == 0) return PermissionDeniedError("the token does not allow this");
  return OkStatus();
}

Status StoreRules::CheckPut(const PutRequest& request) {
  PBFS_ASSIGN_OR_RETURN(const uint16_t verbs, Verbs(request.token));
  const bool repair = (verbs & Bit(StoreVerb::kRepair)) != 0;
  if (!repair && (verbs & Bit(StoreVerb::kPut)) == 0) return PermissionDeniedError("the token does not allow puts");
  if (request.key.encoding.IsNull() || request.key.shard >= kMaxShards)
    return InvalidArgumentError("impossible fragment key");
  if (request.length < kMinFragmentSize || request.length > kMaxFragmentSize) {
    return InvalidArgumentError(fmt::format("a fragment has {} to {} bytes", kMinFragmentSize, kMaxFragmentSize));
  }
  return repair ? OkStatus() : CheckFence(request.key.encoding);
}

Status StoreRules::CheckRead(const ReadRequest& request) {
  PBFS_RETURN_IF_ERROR(Require(request.token, StoreVerb::kGet));
  if (request.ranges.empty() || request.ranges.size() > 1024)
    return InvalidArgumentError("a read has 1 to 1024 ranges");
  int64_t total = 0;
  for (const FragmentRange& range : request.ranges) {
    const bool sane = range.begin >= 0 && range.end > range.begin && range.end <= kMaxFragmentSize;
    total += sane ? range.end - range.begin : 0;  // a senseless range is answered by itself
  }
  if (total > kMaxReadBytes) return InvalidArgumentError(fmt::format("a read is at most {} bytes", kMaxReadBytes));
  return OkStatus();
}

Status StoreRules::CheckDelete(const TokenBytes& token) { return Require(token, StoreVerb::kDelete); }
Status StoreRules::CheckDrop(const TokenBytes& token) {
  return identity_.token_key.has_value() ? Require(token, StoreVerb::kRepair) : OkStatus();
}

Status StoreRules::CheckList(const ListFragmentsRequest& request) {
  PBFS_RETURN_IF_ERROR(Require(request.token, StoreVerb::kList));
  if (request.limit < 1 || request.limit > 10000) return InvalidArgumentError("a page has 1 to 10000 fragments");
  return OkStatus();
}

ReceiptBytes StoreRules::MakeReceipt(const FragmentInfo& info) const {
  const Receipt receipt{info.key.encoding, info.key.shard, identity_.store, info.length, info.sum, info.received_ms};
  return receipt.Encode(identity_.receipt_key);
}

Status CheckWriteOnce(const FragmentInfo& existing, uint32_t sum) {
  if (existing.sum == sum) return OkStatus();
  return AlreadyExistsError(fmt::format("fragment {} is here with other content", ToString(existing.key)))
      .WithDetail("pbfs-code", "CONFLICT");
}

Status StoreFullError() {
  return ResourceExhaustedError("the store is full: write to another, or add stores")
      .WithDetail("pbfs-code", "STORE_FULL");
}

Status DeletedError(const FragmentKey& key) {
  return FailedPreconditionError(
             fmt::format("fragment {} was deleted; an encoding id is never used again", ToString(key)))
      .WithDetail("pbfs-code", "DELETED");
}

}  // namespace pbfs
