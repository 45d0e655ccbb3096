#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/result.h"
#include "libs/http/message.h"

/// What a request says about an object beside its bytes. Values are bytes; nothing is decoded or encoded.
namespace pbfs::s3 {

inline constexpr size_t kMaxUserMetadataBytes = 2048;
inline constexpr size_t kMaxObjectTags = 10;
inline constexpr size_t kMaxBucketTags = 50;

struct StoredHeaders {
  std::string content_type;
  /// content-encoding (without aws-chunked), content-disposition, content-language, cache-control, expires; those that were
  /// sent and are not empty.
  std::map<std::string, std::string> headers;
  /// x-amz-meta-*: lower-case names without the prefix. Of a repeated name the values are joined by commas.
  std::map<std::string, std::string> user;

  friend bool operator==(const StoredHeaders&, const StoredHeaders&) = default;
};
/// Errors: MetadataTooLarge when names and values of `user` are more than kMaxUserMetadataBytes together; InvalidArgument
/// for a name that is empty.
Result<StoredHeaders> ReadStoredHeaders(const HttpFields& fields);
/// Adds them to the fields of an answer.
void WriteStoredHeaders(const StoredHeaders& stored, HttpFields& fields);

/// Key and value, in the order of the request.
using Tags = std::vector<std::pair<std::string, std::string>>;
/// At most `max_tags`, keys 1-128 and values 0-256 characters of UTF-8, no key twice, none of AWS's own (`aws:`).
/// Errors: InvalidTag.
Status CheckTags(const Tags& tags, size_t max_tags);
/// `x-amz-tagging`: a query. Errors: InvalidTag, InvalidArgument.
Result<Tags> ParseTagging(std::string_view header);

}  // namespace pbfs::s3
