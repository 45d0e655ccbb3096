#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/base/result.h"
#include "libs/http/message.h"

/// What a request is about: bucket, key and query, out of the target and the Host of an HTTP request.
namespace pbfs::s3 {

inline constexpr size_t kMaxKeyBytes = 1024;

/// The parameters of a query, decoded, in the order of the wire. Names compare exactly.
class Query {
 public:
  using Parameter = std::pair<std::string, std::string>;

  Query() = default;
  Query(std::initializer_list<Parameter> parameters) : parameters_(parameters) {}

  /// The first value of this name; empty for `?name`; none if there is none.
  std::optional<std::string_view> Find(std::string_view name) const;
  std::string_view Get(std::string_view name) const { return Find(name).value_or(std::string_view{}); }
  bool Has(std::string_view name) const { return Find(name).has_value(); }
  void Add(std::string name, std::string value) { parameters_.emplace_back(std::move(name), std::move(value)); }

  auto begin() const { return parameters_.begin(); }
  auto end() const { return parameters_.end(); }
  size_t size() const { return parameters_.size(); }

 private:
  std::vector<Parameter> parameters_;
};

struct Target {
  std::string bucket;  // empty: the service; not checked against the rules of names, see CheckBucketName
  std::string key;     // empty: the bucket; any UTF-8 without NUL, never normalised, at most kMaxKeyBytes
  Query query;
  bool in_host = false;  // the bucket stands in the Host, not in the path
};

/// Path style (/bucket/key), and virtual-host style where Host is `bucket.domain[:port]` of one of `domains` (lower case,
/// without port). "*" (of OPTIONS) is the service. Everything is percent-decoded once; '+' is a plus in the path and a
/// blank in the query.
/// Errors: InvalidURI for a bad escape, invalid UTF-8, a NUL or a target that is no path; KeyTooLongError.
Result<Target> ParseTarget(const HttpRequest& request, const std::vector<std::string>& domains);

/// `a=1&b`; the same decoding and errors.
Result<Query> ParseQuery(std::string_view query);

/// The object that `x-amz-copy-source` names: `[/]bucket/key[?versionId=id]`, percent-encoded; a plus is a blank.
struct CopySource {
  std::string bucket;
  std::string key;
  std::string version_id;  // empty: the current one
};
/// Errors: InvalidArgument; KeyTooLongError.
Result<CopySource> ParseCopySource(std::string_view header);

/// S3's rules for general purpose buckets: 3-63 of a-z 0-9 . -, no IPv4 address, no reserved prefix or suffix.
/// Errors: InvalidBucketName.
Status CheckBucketName(std::string_view name);

/// Everything but A-Z a-z 0-9 - . _ ~ as %XX (upper case); '/' too if `encode_slash`.
std::string UriEncode(std::string_view text, bool encode_slash);
/// The inverse; none for a bad escape. `plus_is_blank` as in a query.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_blank);
/// Well-formed UTF-8: shortest forms, no surrogates, up to U+10FFFF.
bool IsUtf8(std::string_view text);

}  // namespace pbfs::s3
