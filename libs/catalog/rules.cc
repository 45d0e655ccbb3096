#include "libs/catalog/rules.h"

#include <iterator>

#include "libs/base/bytes.h"
#include "libs/format/name.h"
#include "libs/model/limits.h"

namespace pbfs {

Status CheckScheme(const BucketScheme& s) {
  if (s.k.has_value() != s.m.has_value()) return InvalidArgumentError("a bucket sets both k and m, or neither");
  if (!s.k) return s.w ? InvalidArgumentError("w needs k and m") : OkStatus();
  if (*s.k < 1 || *s.k > kMaxDataShards || *s.m < 1 || *s.k + *s.m > kMaxShards) {
    return InvalidArgumentError("k is 1 to 32, m at least 1, and k + m at most 48");
  }
  if (s.w && (*s.w < *s.k || *s.w > *s.k + *s.m)) return InvalidArgumentError("w lies between k and k + m");
  return OkStatus();
}

Status CheckBucket(const BucketInfo& bucket) {
  constexpr int64_t kYearMs = int64_t{365} * 86'400'000;
  const BucketSettings& settings = bucket.settings;
  if (bucket.id.IsNull()) return InvalidArgumentError("a bucket needs an id");
  PBFS_RETURN_IF_ERROR(CheckName(settings.name).Annotate("bucket: "));
  if (settings.name.size() > 255) return InvalidArgumentError("a bucket's name has at most 255 bytes");
  PBFS_RETURN_IF_ERROR(CheckScheme(SchemeOf(settings)));
  if (settings.history_ms < 0 || settings.history_ms > kYearMs) {
    return InvalidArgumentError("the history window is 0 to 365 days");
  }
  return OkStatus();
}

Status CheckList(const ListRequest& request) {
  if (request.lo < 0 || request.lo >= request.hi || request.hi > kMaxObjectSize) {
    return InvalidArgumentError("a range [lo, hi) needs 0 <= lo < hi <= 2^43");
  }
  if (request.max_extents < 1) return InvalidArgumentError("max_extents must be positive");
  if (request.with_opset && request.as_of) return InvalidArgumentError("the opset of a past state is not known");
  if (!request.name.empty()) PBFS_RETURN_IF_ERROR(CheckName(request.name));
  if (request.version && (request.name.empty() || request.as_of)) {
    return InvalidArgumentError("a version needs a name, and has no past");
  }
  return OkStatus();
}

Status CheckListNames(const ListNamesRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckLimit(request.limit));
  for (const std::string* text : {&request.prefix, &request.after, &request.delimiter}) {
    if (!text->empty()) PBFS_RETURN_IF_ERROR(CheckName(*text).Annotate("prefix, after and delimiter: "));
  }
  return OkStatus();
}

Status CheckListVersions(const ListVersionsRequest& request) {
  if (request.after_version && request.after.empty())
    return InvalidArgumentError("a version to go on after needs a name");
  return CheckListNames({request.bucket, request.prefix, request.after, request.limit, {}, false, request.delimiter});
}

Status CheckVersioning(Versioning versioning) {
  if (versioning == Versioning::kEnabled || versioning == Versioning::kSuspended) return OkStatus();
  return InvalidArgumentError("versioning can be enabled and suspended, not turned off");
}

Status NoSuchName(const std::optional<Order>& version) {
  return NotFoundError(version ? "the name has no such version" : "no object has this name");
}

Status CheckNamesRemembered(const BucketInfo& bucket, Hlc as_of) {
  const bool remembers = bucket.settings.history_ms > 0 || bucket.settings.versioning == Versioning::kEnabled;
  return remembers && as_of >= bucket.history_floor ? OkStatus() : HistoryExpired();
}

Status CheckUpload(const UploadInfo& upload) {
  if (upload.id.IsNull()) return InvalidArgumentError("an upload needs an id");
  if (upload.metadata.size() > kMaxMetadataSize) return InvalidArgumentError("metadata: more than 16 KiB in all");
  return CheckName(upload.name);
}

bool IsSame(const UploadInfo& a, const UploadInfo& b) {
  return a.id == b.id && a.bucket == b.bucket && a.name == b.name && Equal(a.metadata, b.metadata);
}

Status CheckPart(const UploadPart& part) {
  if (part.number < 1 || part.number > kMaxPartNumber) return InvalidArgumentError("a part's number is 1 to 10000");
  if (part.size < 0 || part.size > kMaxObjectSize) return InvalidArgumentError("a part has 0 to 2^43 bytes");
  if (part.metadata.size() > kMaxPartMetadataSize)
    return InvalidArgumentError("metadata of a part: more than 1 KiB in all");
  return OkStatus();
}

Status CheckListUploads(const ListUploadsRequest& request) {
  return CheckListNames({request.bucket, request.prefix, request.after, request.limit, {}});
}

Status NoSuchUpload() { return NotFoundError("no such upload: it was completed or aborted, or its time is over"); }

Status NotAPart() { return FailedPreconditionError("a part is a sealed object of this bucket that never had a name"); }

std::optional<std::string> CommonPrefix(const std::string& name, const std::string& prefix,
                                        const std::string& delimiter) {
  if (delimiter.empty()) return std::nullopt;
  const size_t at = name.find(delimiter, prefix.size());
  if (at == std::string::npos) return std::nullopt;
  return name.substr(0, at + delimiter.size());
}

// No name has as many as 257 of the greatest character.
std::string EndOfNames(const std::string& prefix) {
  std::string end = prefix;
  for (int i = 0; i < 257; ++i) end += "\xf4\x8f\xbf\xbf";
  return end;
}

namespace {
Status CheckEpoch(uint32_t epoch) {
  return epoch >= 1 && epoch <= INT32_MAX ? OkStatus() : InvalidArgumentError("a key epoch is 1 to 2147483647");
}
}  // namespace

Status CheckWrappedQuery(const WrappedQuery& query) {
  PBFS_RETURN_IF_ERROR(CheckEpoch(query.below_epoch));
  if (query.limit < 1 || query.limit > kMaxRewraps) return InvalidArgumentError("the limit is 1 to 10000");
  return query.after.key_epoch <= INT32_MAX ? OkStatus() : InvalidArgumentError("no bucket has so many key epochs");
}

Status CheckRewrap(const RewrapRequest& request) {
  PBFS_RETURN_IF_ERROR(CheckEpoch(request.key_epoch));
  return request.changes.size() <= kMaxRewraps ? OkStatus()
                                               : InvalidArgumentError("at most 10000 bodies are wrapped at one time");
}

Status CheckLimit(int32_t limit) { return limit > 0 ? OkStatus() : InvalidArgumentError("limit must be positive"); }

int64_t BodyLength(std::span<const uint8_t, 64> header) { return LoadLe<int64_t>(header.data() + 8); }

Status HistoryExpired() {
  return OutOfRangeError("the bucket keeps no history as far back").WithDetail("pbfs-code", "HISTORY_EXPIRED");
}

const char* CommitCodeName(CommitCode code) {
  static constexpr const char* kNames[] = {
      "OK",          "REPLAY",       "ORDER_STALE",  "ENCODING_EXPIRED", "OBJECT_GONE",
      "DRIFT",       "PRECONDITION", "OP_ID_REUSED", "BROKEN_PROMISE",   "SEALED",
      "SOURCE_GONE", "TOO_DEEP",     "BAD_OP",       "OP_TOO_OLD",       "VERSIONING"};
  const auto index = static_cast<size_t>(code);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

}  // namespace pbfs
