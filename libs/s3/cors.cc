#include "libs/s3/cors.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "libs/s3/errors.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"

namespace pbfs::s3 {
namespace {

constexpr std::string_view kVary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";
constexpr std::array<std::string_view, 6> kMethods = {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH"};

std::vector<std::string> Texts(const XmlReader::Element& rule, std::string_view name) {
  std::vector<std::string> texts;
  for (const auto& element : rule.Children(name)) texts.push_back(element.TrimmedText());
  return texts;
}

Status CheckWildcards(const std::vector<std::string>& patterns, std::string_view element) {
  for (const std::string& pattern : patterns) {
    if (std::count(pattern.begin(), pattern.end(), '*') > 1) {
      return Error(Code::kInvalidRequest,
                   fmt::format("{} \"{}\" can not have more than one wildcard.", element, pattern));
    }
  }
  return OkStatus();
}

Status CheckRule(const CorsRule& rule) {
  if (rule.origins.empty() || rule.methods.empty()) return Error(Code::kMalformedXml);
  for (const std::string& method : rule.methods) {
    if (std::find(kMethods.begin(), kMethods.end(), method) != kMethods.end()) continue;
    return Error(Code::kInvalidRequest,
                 fmt::format("Found unsupported HTTP method in CORS config. Unsupported method is {}", method));
  }
  PBFS_RETURN_IF_ERROR(CheckWildcards(rule.origins, "AllowedOrigin"));
  return CheckWildcards(rule.headers, "AllowedHeader");
}

Result<CorsRule> ParseRule(const XmlReader::Element& element) {
  CorsRule rule{element.ChildTextOrEmpty("ID"),  Texts(element, "AllowedOrigin"), Texts(element, "AllowedMethod"),
                Texts(element, "AllowedHeader"), Texts(element, "ExposeHeader"),  std::nullopt};
  if (const auto age = element.Child("MaxAgeSeconds")) {
    rule.max_age_s = ParseNumber(age->TrimmedText());
    if (!rule.max_age_s) return Error(Code::kMalformedXml);
  }
  PBFS_RETURN_IF_ERROR(CheckRule(rule));
  return rule;
}

/// Names of a comma-separated list, in lower case.
std::vector<std::string> Names(std::string_view list) {
  std::vector<std::string> names;
  for (const std::string_view piece : Split(list, ',')) {
    if (!Trim(piece).empty()) names.push_back(LowerCase(Trim(piece)));
  }
  return names;
}

/// The pattern of the rule that matches the origin; none if none does.
const std::string* MatchOrigin(const CorsRule& rule, std::string_view origin) {
  const auto found = std::find_if(rule.origins.begin(), rule.origins.end(), [&](const std::string& pattern) {
    return WildcardMatch(pattern, origin, /*question_mark=*/false);
  });
  return found == rule.origins.end() ? nullptr : &*found;
}

bool AllowsMethod(const CorsRule& rule, std::string_view method) {
  return std::find(rule.methods.begin(), rule.methods.end(), method) != rule.methods.end();
}

bool AllowsHeaders(const CorsRule& rule, const std::vector<std::string>& names) {
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    return std::any_of(rule.headers.begin(), rule.headers.end(), [&](const std::string& pattern) {
      return WildcardMatch(LowerCase(pattern), name, /*question_mark=*/false);
    });
  });
}

HttpFields AnswerFields(const CorsRule& rule, std::string_view origin, const std::string& pattern) {
  HttpFields fields;
  const bool anybody = pattern == "*";
  fields.Add("Access-Control-Allow-Origin", anybody ? "*" : std::string(origin));
  if (!anybody) fields.Add("Access-Control-Allow-Credentials", "true");
  fields.Add("Access-Control-Allow-Methods", fmt::format("{}", fmt::join(rule.methods, ", ")));
  if (!rule.exposed.empty()) {
    fields.Add("Access-Control-Expose-Headers", fmt::format("{}", fmt::join(rule.exposed, ", ")));
  }
  if (rule.max_age_s) fields.Add("Access-Control-Max-Age", std::to_string(*rule.max_age_s));
  fields.Add("Vary", std::string(kVary));
  return fields;
}

}  // namespace

Result<CorsRules> ParseCors(std::string_view body) {
  PBFS_ASSIGN_OR_RETURN(const XmlReader xml, XmlReader::Parse(body, "CORSConfiguration"));
  CorsRules rules;
  for (const auto& element : xml.root().Children("CORSRule")) {
    PBFS_ASSIGN_OR_RETURN(CorsRule rule, ParseRule(element));
    rules.push_back(std::move(rule));
  }
  if (rules.empty() || rules.size() > kMaxCorsRules) return Error(Code::kMalformedXml);
  return rules;
}

std::string CorsXml(const CorsRules& rules) {
  XmlWriter xml("CORSConfiguration");
  for (const CorsRule& rule : rules) {
    xml.Open("CORSRule");
    xml.TextIfAny("ID", rule.id);
    for (const std::string& header : rule.headers) xml.Text("AllowedHeader", header);
    for (const std::string& method : rule.methods) xml.Text("AllowedMethod", method);
    for (const std::string& origin : rule.origins) xml.Text("AllowedOrigin", origin);
    for (const std::string& header : rule.exposed) xml.Text("ExposeHeader", header);
    if (rule.max_age_s) xml.Number("MaxAgeSeconds", *rule.max_age_s);
    xml.Close();
  }
  return std::move(xml).Finish();
}

HttpFields CorsFields(const CorsRules& rules, const HttpRequest& request) {
  const auto origin = request.fields.Find("origin");
  if (!origin) return {};
  for (const CorsRule& rule : rules) {
    const std::string* const pattern = MatchOrigin(rule, *origin);
    if (pattern != nullptr && AllowsMethod(rule, request.method)) return AnswerFields(rule, *origin, *pattern);
  }
  return {};
}

Result<HttpFields> Preflight(const CorsRules& rules, const HttpRequest& request) {
  const auto origin = request.fields.Find("origin");
  const std::string_view method = request.fields.Get("access-control-request-method");
  if (!origin || method.empty()) {
    return Error(Code::kInvalidRequest,
                 "Insufficient information. Origin and Access-Control-Request-Method are needed.");
  }
  const std::vector<std::string> headers = Names(request.fields.Get("access-control-request-headers"));
  for (const CorsRule& rule : rules) {
    const std::string* const pattern = MatchOrigin(rule, *origin);
    if (pattern == nullptr || !AllowsMethod(rule, method) || !AllowsHeaders(rule, headers)) continue;
    HttpFields fields = AnswerFields(rule, *origin, *pattern);
    if (!headers.empty()) fields.Add("Access-Control-Allow-Headers", fmt::format("{}", fmt::join(headers, ", ")));
    return fields;
  }
  return Error(Code::kAccessForbidden);
}

}  // namespace pbfs::s3
