#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libs/base/result.h"
#include "libs/http/message.h"

/// Cross-origin resource sharing of a bucket.
namespace pbfs::s3 {

inline constexpr size_t kMaxCorsRules = 100;

struct CorsRule {
  std::string id;
  std::vector<std::string> origins;  // at most one * in each
  std::vector<std::string> methods;  // GET, HEAD, PUT, POST, DELETE, and our PATCH
  std::vector<std::string> headers;  // names, at most one * in each
  std::vector<std::string> exposed;
  std::optional<int64_t> max_age_s;

  friend bool operator==(const CorsRule&, const CorsRule&) = default;
};
using CorsRules = std::vector<CorsRule>;

/// <CORSConfiguration>, 1-100 rules. Errors: MalformedXML; InvalidRequest for a method or wildcard that is not allowed.
Result<CorsRules> ParseCors(std::string_view body);
std::string CorsXml(const CorsRules& rules);

/// Header fields for the answer to a request with an Origin: those of the first rule that matches origin and method; none
/// if no rule does, or there is no Origin.
HttpFields CorsFields(const CorsRules& rules, const HttpRequest& request);

/// Header fields for the answer to a preflight (OPTIONS with an Origin): of the first rule that matches origin, method and
/// all headers asked for. Errors: InvalidRequest without Access-Control-Request-Method; AccessForbidden without a match.
Result<HttpFields> Preflight(const CorsRules& rules, const HttpRequest& request);

}  // namespace pbfs::s3
