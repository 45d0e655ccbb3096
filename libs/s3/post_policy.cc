#include "libs/s3/post_policy.h"

#include <algorithm>

#include <fmt/format.h>

#include "libs/s3/checksum.h"
#include "libs/s3/dates.h"
#include "libs/s3/errors.h"
#include "libs/s3/strict_json.h"
#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

using nlohmann::json;

Status Invalid(std::string_view why) {
  return Error(Code::kInvalidPolicyDocument, fmt::format("Invalid Policy: {}", why));
}

Status Denied(std::string_view why) {
  return Error(Code::kAccessDenied, fmt::format("Invalid according to Policy: {}", why));
}

/// A number, or the text of one.
std::optional<int64_t> Number(const json& value) {
  if (value.is_string()) return ParseNumber(value.get<std::string>());
  return value.is_number_unsigned() ? ParseNumber(value.dump()) : std::nullopt;
}

/// {"field": "value", ...}
Status AddObject(const json& object, PostPolicy& policy) {
  for (const auto& item : object.items()) {
    if (!item.value().is_string()) return Invalid("a condition's value must be a string");
    policy.conditions.push_back({LowerCase(item.key()), item.value().get<std::string>()});
  }
  return OkStatus();
}

/// ["eq", "$field", "value"], ["starts-with", "$field", "value"], ["content-length-range", least, most]
Status AddList(const json& list, PostPolicy& policy) {
  if (list.size() != 3 || !list[0].is_string()) return Invalid("a condition's list must have three elements");
  const std::string kind = LowerCase(list[0].get<std::string>());
  if (kind == "content-length-range") {
    const auto least = Number(list[1]);
    const auto most = Number(list[2]);
    if (!least || !most || policy.content_length) return Invalid("content-length-range is malformed");
    policy.content_length.emplace(*least, *most);
    return OkStatus();
  }
  if (kind != "eq" && kind != "starts-with")
    return Invalid("a condition is neither eq, starts-with nor content-length-range");
  if (!list[1].is_string() || !list[2].is_string()) return Invalid("a condition's value must be a string");
  const std::string field = LowerCase(list[1].get<std::string>());
  if (!field.starts_with('$')) return Invalid("a condition's field must begin with $");
  policy.conditions.push_back({field.substr(1), list[2].get<std::string>(), kind == "starts-with"});
  return OkStatus();
}

/// What a condition speaks of; none if the form has no such field.
std::optional<std::string> FieldValue(const PostForm& form, std::string_view bucket, const std::string& field) {
  if (field == "bucket") return std::string(bucket);
  if (field == "key") return form.Key();
  const auto value = form.fields.Find(field);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

bool Holds(const PostPolicy::Condition& condition, const std::optional<std::string>& value) {
  if (condition.starts_with && condition.value.empty()) return true;  // anything, even nothing
  if (!value) return false;
  return condition.starts_with ? value->starts_with(condition.value) : *value == condition.value;
}

bool NeedsCondition(const std::string& field) {
  return field != "file" && field != "policy" && field != "x-amz-signature" && !field.starts_with("x-ignore-");
}

}  // namespace

Result<PostPolicy> ParsePostPolicy(std::string_view base64) {
  const auto text = FromBase64(base64);
  if (!text) return Invalid("no valid base64");
  const auto document = ParseStrictJson(AsText(*text));
  if (!document.ok()) return Invalid(document.status().message());
  if (!document->is_object() || !document->contains("expiration") || !document->contains("conditions")) {
    return Invalid("expiration or conditions are missing");
  }
  const json& expiration = (*document)["expiration"];
  const auto time = expiration.is_string() ? ParseIsoDate(expiration.get<std::string>()) : std::nullopt;
  if (!time) return Invalid("the expiration is malformed");
  PostPolicy policy;
  policy.expiration_ms = *time;
  const json& conditions = (*document)["conditions"];
  if (!conditions.is_array()) return Invalid("conditions must be a list");
  for (const json& condition : conditions) {
    if (!condition.is_object() && !condition.is_array()) return Invalid("a condition must be an object or a list");
    PBFS_RETURN_IF_ERROR(condition.is_object() ? AddObject(condition, policy) : AddList(condition, policy));
  }
  return policy;
}

Status CheckPostPolicy(const PostPolicy& policy, const PostForm& form, std::string_view bucket, int64_t now_ms) {
  if (now_ms > policy.expiration_ms) return Denied("Policy expired.");
  for (const PostPolicy::Condition& condition : policy.conditions) {
    if (Holds(condition, FieldValue(form, bucket, condition.field))) continue;
    return Denied(fmt::format("Policy Condition failed: [\"{}\", \"${}\", \"{}\"]",
                              condition.starts_with ? "starts-with" : "eq", condition.field, condition.value));
  }
  for (const auto& field : form.fields) {
    const std::string name = LowerCase(field.first);
    const bool covered = std::any_of(policy.conditions.begin(), policy.conditions.end(),
                                     [&](const PostPolicy::Condition& condition) { return condition.field == name; });
    if (NeedsCondition(name) && !covered) return Denied(fmt::format("Extra input fields: {}", name));
  }
  return OkStatus();
}

Status CheckPostSize(const PostPolicy& policy, int64_t file_bytes) {
  if (!policy.content_length) return OkStatus();
  if (file_bytes < policy.content_length->first) return Error(Code::kEntityTooSmall);
  return file_bytes <= policy.content_length->second ? OkStatus() : Error(Code::kEntityTooLarge);
}

Result<std::optional<Authorization>> ReadPostAuthorization(const PostForm& form) {
  const HttpFields& fields = form.fields;
  if (fields.Has("awsaccesskeyid") || fields.Has("signature")) {
    return Error(Code::kInvalidArgument, "The form is signed with version 2. Please use AWS4-HMAC-SHA256.");
  }
  const bool is_signed =
      fields.Has("x-amz-signature") || fields.Has("x-amz-credential") || fields.Has("x-amz-algorithm");
  if (!is_signed && !fields.Has("policy")) return std::optional<Authorization>();
  for (const std::string_view name :
       {"policy", "x-amz-algorithm", "x-amz-credential", "x-amz-date", "x-amz-signature"}) {
    if (!fields.Has(name)) {
      return Error(Code::kInvalidArgument, fmt::format("Bucket POST must contain a field named '{}'.", name));
    }
  }
  if (fields.Get("x-amz-algorithm") != "AWS4-HMAC-SHA256") {
    return Error(Code::kInvalidArgument, "X-Amz-Algorithm must be AWS4-HMAC-SHA256");
  }
  const auto credential = ParseCredential(fields.Get("x-amz-credential"));
  const bool dated =
      credential && ParseAmzDate(fields.Get("x-amz-date")) && fields.Get("x-amz-date").starts_with(credential->date);
  if (!dated) return Error(Code::kInvalidArgument, "X-Amz-Credential or X-Amz-Date are malformed");
  return std::optional(Authorization{*credential, {}, LowerCase(fields.Get("x-amz-signature"))});
}

Status VerifyPostSignature(const PostForm& form, const Authorization& authorization, std::string_view secret,
                           std::string_view region) {
  const Credential& credential = authorization.credential;
  if (credential.service != "s3" || credential.region != region) {
    return Error(Code::kAuthorizationHeaderMalformed, fmt::format("The form must be signed for s3 in '{}'", region))
        .WithDetail("Region", std::string(region));
  }
  const std::string_view policy = form.fields.Get("policy");
  if (SameSignature(SignString(secret, credential, policy), authorization.signature)) return OkStatus();
  return Error(Code::kSignatureDoesNotMatch).WithDetail("StringToSign", std::string(policy));
}

}  // namespace pbfs::s3
