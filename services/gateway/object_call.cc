#include "services/gateway/object_call.h"

#include <algorithm>

#include "libs/s3/checksum.h"
#include "libs/s3/conditions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

// tchar of RFC 9110, 5.6.2: what is kept is sent as a field over HTTP.
bool IsFieldName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alphanumeric || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool IsFieldValue(std::string_view value) {
  const bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return static_cast<uint8_t>(c) >= 0x20 && c != 0x7f; });
  return printable && (value.empty() || (value.front() != ' ' && value.back() != ' '));
}

bool IsStoredHeader(std::string_view name) {
  return name == "content-encoding" || name == "content-disposition" || name == "content-language" ||
         name == "cache-control" || name == "expires";
}

Status CheckKey(std::string_view key) {
  if (key.size() > s3::kMaxKeyBytes) return Error(Code::kKeyTooLong);
  const bool fit = !key.empty() && s3::IsUtf8(key) && key.find('\0') == std::string_view::npos;
  return fit ? OkStatus() : Error(Code::kInvalidArgument, "A key is 1 to 1024 bytes of UTF-8 without NUL");
}

}  // namespace

ObjectCall::ObjectCall(const Context& context, const objects::Caller& caller, const ObjectMethod& method,
                       std::string request_id, const objects::Key& at)
    : method_(method), call_(context, *this, std::move(request_id)) {
  request_.method = "gRPC";
  request_.target = std::string("/pbfs.object.v1.Objects/") + method.rpc;
  request_.peer = caller.peer;
  request_.secure = caller.secure;
  call_.operation = method.operation;
  call_.target.bucket = at.bucket;
  call_.target.key = at.key;
  SetQuery("versionId", at.version_id);
  if (method.of_object) Keep(CheckKey(at.key));
}

void ObjectCall::Keep(const Status& status) {
  if (status_.ok()) status_ = status;
}

void ObjectCall::Require(bool ok, const std::string& what) {
  if (!ok) Keep(Error(Code::kInvalidArgument, what));
}

void ObjectCall::SetTag(const std::string& field, const std::string& etag) {
  if (etag.empty()) return;
  Require(etag.find('"') == std::string::npos && IsFieldValue(etag), field + ": an ETag has no quotes");
  Set(field, etag == "*" ? etag : s3::Quoted(etag));
}

void ObjectCall::SetConditions(const objects::Conditions& conditions) {
  SetTag("If-Match", conditions.if_match);
  SetTag("If-None-Match", conditions.if_none_match);
}

void ObjectCall::SetProperties(const objects::Properties& properties) {
  if (!properties.content_type.empty()) {
    Require(IsFieldValue(properties.content_type), "content_type has control characters or blanks around it");
    Set("Content-Type", properties.content_type);
  }
  for (const auto& [name, value] : properties.headers) {
    Require(IsStoredHeader(name), "No such header is kept: " + name);
    Require(IsFieldValue(value), "The header " + name + " has control characters or blanks around it");
    Set(name, value);
  }
  for (const auto& [name, value] : properties.metadata) {
    Require(IsFieldName(name) && IsFieldValue(value),
            "Names of metadata are those of HTTP fields; values are without control characters and blanks around them");
    request_.fields.Add("x-amz-meta-" + name, value);
  }
  std::string tags;
  for (const auto& [name, value] : properties.tags)
    tags += (tags.empty() ? "" : "&") + s3::UriEncode(name, true) + "=" + s3::UriEncode(value, true);
  if (!tags.empty()) Set("x-amz-tagging", tags);
}

void ObjectCall::SetChecksum(const objects::Checksum& checksum) {
  const auto algorithm = s3::ParseAlgorithm(checksum.algorithm);
  Keep(algorithm.status());
  Require(IsFieldValue(checksum.value), "A checksum is base64");
  if (algorithm.ok()) Set(std::string(s3::ChecksumHeader(*algorithm)), checksum.value);
}

void ObjectCall::SetToken(const std::string& token) {
  if (!token.empty()) Set("x-amz-client-token", token);
}

void ObjectCall::SetQuery(const std::string& name, const std::string& value) {
  if (!value.empty()) call_.target.query.Add(name, value);
}

void ObjectCall::SetBody(objects::BodySource& body, std::optional<int64_t> size) {
  Require(size.value_or(0) >= 0, "A size is at least 0");
  body_ = &body;
  length_ = size;
  if (size.has_value()) Set("Content-Length", std::to_string(*size));
}

Result<size_t> ObjectCall::Read(const Context& context, MutableByteSpan out) {
  if (body_ == nullptr) return size_t{0};
  PBFS_ASSIGN_OR_RETURN(const size_t got, body_->Read(context, out));
  received_bytes_ += static_cast<int64_t>(got);
  return got;
}

}  // namespace pbfs::gateway
