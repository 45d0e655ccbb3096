#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/result.h"
#include "libs/s3/headers.h"

/// When objects of a bucket go by themselves. Served: filters by prefix, tags and size; Expiration, NoncurrentVersionExpiration
/// and AbortIncompleteMultipartUpload. Times are unix milliseconds; like S3's, days end at the next midnight UTC.
namespace pbfs::s3 {

inline constexpr size_t kMaxLifecycleRules = 1000;

struct LifecycleRule {
  std::string id;
  bool enabled = false;
  // The filter: all of it must hold.
  std::string prefix;
  Tags tags;
  std::optional<int64_t> size_above;  // bytes, not included
  std::optional<int64_t> size_below;
  // What happens.
  std::optional<int64_t> expire_days;      // after an object was written
  std::optional<int64_t> expire_date_ms;   // at a midnight
  bool expire_delete_markers = false;      // those with no versions left behind them
  std::optional<int64_t> noncurrent_days;  // after a version became noncurrent
  int64_t newer_noncurrent = 0;            // that many noncurrent versions are kept, whatever their age
  std::optional<int64_t> abort_days;       // after an upload was begun

  friend bool operator==(const LifecycleRule&, const LifecycleRule&) = default;
};
using LifecycleRules = std::vector<LifecycleRule>;

/// <LifecycleConfiguration>, 1-1000 rules; rules without an id get one.
/// Errors: MalformedXML; InvalidArgument for values out of bounds and an id twice; InvalidRequest for filters that an action
/// does not allow; NotImplemented for transitions.
Result<LifecycleRules> ParseLifecycle(std::string_view body);
std::string LifecycleXml(const LifecycleRules& rules);

/// A current version, a noncurrent one or a delete marker, as rules see it.
struct LifecycleObject {
  std::string_view key;
  const Tags* tags = nullptr;  // null: none
  int64_t size = 0;
};

/// When and by which rule a current version goes.
struct Expiry {
  int64_t time_ms = 0;
  std::string rule_id;
};
/// The earliest; none if no rule speaks of it.
std::optional<Expiry> ExpiryOf(const LifecycleRules& rules, const LifecycleObject& object, int64_t written_ms);
/// The value of x-amz-expiration.
std::string ExpirationField(const Expiry& expiry);

/// When a noncurrent version goes that became so at `noncurrent_ms`, with `newer` noncurrent versions after it.
std::optional<int64_t> NoncurrentExpiry(const LifecycleRules& rules, const LifecycleObject& object,
                                        int64_t noncurrent_ms, int64_t newer);
/// Whether a delete marker of `key` with no versions left behind it goes, which it then does at once.
bool DeleteMarkerExpires(const LifecycleRules& rules, std::string_view key);
/// When an unfinished upload is aborted.
std::optional<int64_t> UploadExpiry(const LifecycleRules& rules, std::string_view key, int64_t begun_ms);

}  // namespace pbfs::s3
