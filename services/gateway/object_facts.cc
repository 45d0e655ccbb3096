#include "services/gateway/object_facts.h"

#include <algorithm>
#include <array>

#include "libs/crypto/primitives.h"
#include "libs/s3/conditions.h"
#include "libs/s3/dates.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

constexpr const char* kTags = "tags";
constexpr const char* kEncrypted = "sse";
constexpr const char* kChecksum = "checksum";
constexpr std::array kStored = {"content-encoding", "content-disposition", "content-language", "cache-control",
                                "expires"};

Status CheckEncryption(const HttpFields& fields) {
  const std::string_view asked = fields.Get("x-amz-server-side-encryption");
  const bool kms =
      fields.Has("x-amz-server-side-encryption-aws-kms-key-id") || fields.Has("x-amz-server-side-encryption-context");
  if (!kms && (asked.empty() || asked == "AES256")) return OkStatus();
  return Error(Code::kInvalidArgument, "Only AES256 is served; every object is encrypted with a key of its own anyway");
}

}  // namespace

Status CheckNoCustomerKeys(const HttpFields& fields) {
  const bool any = std::any_of(fields.begin(), fields.end(), [](const HttpFields::Field& field) {
    return LowerCase(field.first).find("server-side-encryption-customer") != std::string::npos;
  });
  return any ? Error(Code::kNotImplemented, "Encryption with customer-provided keys is not served") : OkStatus();
}

Status CheckServedFields(const HttpFields& fields) {
  PBFS_RETURN_IF_ERROR(CheckEncryption(fields));
  const std::string_view acl = fields.Get("x-amz-acl");
  if (!acl.empty() && acl != "private" && acl != "bucket-owner-full-control")
    return Error(Code::kAccessControlListNotSupported);
  for (const char* grant : {"x-amz-grant-full-control", "x-amz-grant-read", "x-amz-grant-read-acp", "x-amz-grant-write",
                            "x-amz-grant-write-acp"}) {
    if (fields.Has(grant)) return Error(Code::kAccessControlListNotSupported);
  }
  const std::string_view storage = fields.Get("x-amz-storage-class");
  if (!storage.empty() && storage != "STANDARD")
    return Error(Code::kNotImplemented, "The only storage class is STANDARD");
  if (fields.Has("x-amz-website-redirect-location"))
    return Error(Code::kNotImplemented, "x-amz-website-redirect-location is not served");
  return OkStatus();
}

Result<ObjectMetadata> MetadataOfRequest(const HttpFields& fields) {
  PBFS_ASSIGN_OR_RETURN(s3::StoredHeaders stored, s3::ReadStoredHeaders(fields));
  ObjectMetadata metadata;
  metadata.content_type = std::move(stored.content_type);
  metadata.user = std::move(stored.user);
  metadata.system = std::move(stored.headers);
  if (const auto tagging = fields.Find("x-amz-tagging"); tagging.has_value()) {
    PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, s3::ParseTagging(*tagging));
    SetTags(tags, metadata);
  }
  if (fields.Has("x-amz-server-side-encryption")) SetEncrypted(metadata);
  return metadata;
}

s3::StoredHeaders StoredHeadersOf(const ObjectMetadata& metadata) {
  s3::StoredHeaders stored;
  stored.content_type = metadata.content_type;
  stored.user = metadata.user;
  for (const char* name : kStored) {
    const auto found = metadata.system.find(name);
    if (found != metadata.system.end()) stored.headers.insert(*found);
  }
  return stored;
}

Result<s3::Tags> TagsOf(const ObjectMetadata& metadata) {
  const auto found = metadata.system.find(kTags);
  return found == metadata.system.end() ? s3::Tags{} : s3::ParseTagging(found->second);
}

void SetTags(const s3::Tags& tags, ObjectMetadata& metadata) {
  std::string query;
  for (const auto& [key, value] : tags)
    query += (query.empty() ? "" : "&") + s3::UriEncode(key, true) + "=" + s3::UriEncode(value, true);
  metadata.system.erase(kTags);
  if (!query.empty()) metadata.system[kTags] = query;
}

void SetEncrypted(ObjectMetadata& metadata) { metadata.system[kEncrypted] = "AES256"; }
bool IsEncrypted(const ObjectMetadata& metadata) { return metadata.system.contains(kEncrypted); }

void AddEncryption(const ObjectMetadata& metadata, HttpFields& fields) {
  if (IsEncrypted(metadata)) fields.Set("x-amz-server-side-encryption", "AES256");
}

void ForgetContent(ObjectMetadata& metadata) {
  metadata.etag.clear();
  metadata.opset.reset();
  metadata.system.erase(kChecksum);
}

void SetChecksum(s3::ChecksumAlgorithm algorithm, s3::ChecksumType type, const std::string& shown,
                 ObjectMetadata& metadata) {
  metadata.system[kChecksum] =
      std::string(s3::AlgorithmName(algorithm)) + " " + std::string(s3::ChecksumTypeName(type)) + " " + shown;
}

std::optional<s3::ShownChecksum> ChecksumOf(const ObjectMetadata& metadata, const Opset& opset) {
  const auto found = metadata.system.find(kChecksum);
  if (found == metadata.system.end() || metadata.opset != opset) return std::nullopt;
  const std::string& text = found->second;
  const size_t first = text.find(' '), second = text.find(' ', first + 1);
  if (first == std::string::npos || second == std::string::npos) return std::nullopt;
  const Result<s3::ChecksumAlgorithm> algorithm = s3::ParseAlgorithm(text.substr(0, first));
  if (!algorithm.ok()) return std::nullopt;
  const bool composite =
      text.substr(first + 1, second - first - 1) == s3::ChecksumTypeName(s3::ChecksumType::kComposite);
  return s3::ShownChecksum{*algorithm, composite ? s3::ChecksumType::kComposite : s3::ChecksumType::kFullObject,
                           text.substr(second + 1)};
}

std::vector<int64_t> PartSizesOf(const ObjectMetadata& metadata, const Opset& opset) {
  std::vector<int64_t> sizes;
  const auto found = metadata.system.find(kPartsOfObject);
  if (found == metadata.system.end() || metadata.opset != opset) return sizes;
  std::string_view rest = found->second;
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view run = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const size_t star = std::min(run.find('*'), run.size());
    const auto size = s3::ParseNumber(run.substr(0, star));
    const auto times = star == run.size() ? std::optional<int64_t>(1) : s3::ParseNumber(run.substr(star + 1));
    if (!size.has_value() || !times.has_value() || *times > 10'000) return {};
    sizes.insert(sizes.end(), static_cast<size_t>(*times), *size);
  }
  return sizes;
}

std::string EtagOf(const ObjectId& object, const Opset& opset, const ObjectMetadata& metadata) {
  if (!metadata.etag.empty() && metadata.opset == opset) return metadata.etag;
  Bytes content = ToBytes(object.span());
  content.insert(content.end(), opset.begin(), opset.end());
  return ToHex(ByteSpan(Sha256(content)).first(16)) + "-0";
}

int64_t LastModifiedMs(const ObjectStat& stat) { return HlcMillis(std::max(stat.bound.hlc, stat.newest)); }

HttpFields FieldsOf(const ObjectStat& stat) {
  HttpFields fields;
  s3::WriteStoredHeaders(StoredHeadersOf(stat.metadata), fields);
  fields.Set("ETag", s3::Quoted(EtagOf(stat)));
  fields.Set("Last-Modified", s3::HttpDate(LastModifiedMs(stat)));
  fields.Set("Accept-Ranges", "bytes");
  AddEncryption(stat.metadata, fields);
  const Result<s3::Tags> tags = TagsOf(stat.metadata);
  if (tags.ok() && !tags->empty()) fields.Set("x-amz-tagging-count", std::to_string(tags->size()));
  return fields;
}

void AddChecksum(const s3::ShownChecksum& checksum, HttpFields& fields) {
  fields.Set(std::string(s3::ChecksumHeader(checksum.algorithm)), checksum.value);
  fields.Set("x-amz-checksum-type", std::string(s3::ChecksumTypeName(checksum.type)));
}

}  // namespace pbfs::gateway
