#include "libs/fragments/store_rules.h"

#include <fmt/format.h>

#include "libs/fragments/fragment_check.h"
#include "libs/model/limits.h"

namespace pbfs {

Status StoreRules::CheckFence(const EncodingId& encoding) const {
  const int64_t now = clock_.NowMillis();
  const int64_t birth = encoding.Millis();
  if (birth < now - kMaxEncodingAgeMs) {
    return FailedPreconditionError("the encoding is too old for a put: upload the same ciphertext under a fresh encoding id")
        .WithDetail("pbfs-code", "FENCE_AGE");
  }
  if (birth > now + kMaxClockSkewMs) {
    return FailedPreconditionError("the encoding is born in the future: take its birth from the catalog's clock")
        .WithDetail("pbfs-code", "FENCE_FUTURE");
  }
  return OkStatus();
}

Result<uint16_t> StoreRules::Verbs(const TokenBytes&) { return uint16_t{0xffff}; }

Status StoreRules::Require(const TokenBytes& token, StoreVerb verb) {
  PBFS_ASSIGN_OR_RETURN(const uint16_t verbs, Verbs(token));
  if ((verbs & static_cast<uint16_t>(verb)) == 0) return PermissionDeniedError("the token does not allow this");
  return OkStatus();
}

Status StoreRules::CheckPut(const PutRequest& request) {
  PBFS_ASSIGN_OR_RETURN(const uint16_t verbs, Verbs(request.token));
  const bool repair = identity_.token_key.has_value() && (verbs & static_cast<uint16_t>(StoreVerb::kRepair)) != 0;
  if (!repair) PBFS_RETURN_IF_ERROR(Require(request.token, StoreVerb::kPut));
  if (request.key.encoding.IsNull() || request.key.shard >= kMaxShards) return InvalidArgumentError("impossible fragment key");
  if (request.length < kMinFragmentSize || request.length > kMaxFragmentSize) {
    return InvalidArgumentError(fmt::format("a fragment has {} to {} bytes", kMinFragmentSize, kMaxFragmentSize));
  }
  return repair ? OkStatus() : CheckFence(request.key.encoding);
}

Status StoreRules::CheckRead(const ReadRequest& request) {
  PBFS_RETURN_IF_ERROR(Require(request.token, StoreVerb::kGet));
  if (request.ranges.empty() || request.ranges.size() > 1024) return InvalidArgumentError("a read has 1 to 1024 ranges");
  int64_t total = 0;
  for (const FragmentRange& range : request.ranges) {
    const bool sane = range.begin >= 0 && range.end > range.begin && range.end <= kMaxFragmentSize;
    total += sane ? range.end - range.begin : 0;  // a senseless range is answered by itself
  }
  if (total > kMaxReadBytes) return InvalidArgumentError(fmt::format("a read is at most {} bytes", kMaxReadBytes));
  return OkStatus();
}

Status StoreRules::CheckDelete(const TokenBytes& token) { return Require(token, StoreVerb::kDelete); }

Status StoreRules::CheckList(const ListFragmentsRequest& request) {
  PBFS_RETURN_IF_ERROR(Require(request.token, StoreVerb::kList));
  if (request.limit < 1 || request.limit > 10000) return InvalidArgumentError("a page has 1 to 10000 fragments");
  return OkStatus();
}

ReceiptBytes StoreRules::MakeReceipt(const FragmentInfo& info) const {
  ReceiptBytes receipt{};
  std::memcpy(receipt.data(), "PBR1", 4);
  std::memcpy(receipt.data() + 4, info.key.encoding.bytes.data(), 16);
  receipt[20] = info.key.shard;
  StoreLe(receipt.data() + 24, identity_.store.value);
  StoreLe(receipt.data() + 28, info.length);
  StoreLe(receipt.data() + 36, info.sum);
  StoreLe(receipt.data() + 40, info.received_ms);
  return receipt;
}

Status CheckWriteOnce(const FragmentInfo& existing, uint32_t sum) {
  if (existing.sum == sum) return OkStatus();
  return AlreadyExistsError(fmt::format("fragment {} is here with other content", ToString(existing.key)))
      .WithDetail("pbfs-code", "CONFLICT");
}

Status StoreFullError() {
  return ResourceExhaustedError("the store is full: write to another, or add stores").WithDetail("pbfs-code", "STORE_FULL");
}

Status DeletedError(const FragmentKey& key) {
  return FailedPreconditionError(fmt::format("fragment {} was deleted; an encoding id is never used again", ToString(key)))
      .WithDetail("pbfs-code", "DELETED");
}

}  // namespace pbfs
