#include "libs/s3/headers.h"

#include <algorithm>
#include <array>
#include <set>

#include "libs/s3/errors.h"
#include "libs/s3/target.h"
#include "libs/s3/text.h"

namespace pbfs::s3 {
namespace {

constexpr std::string_view kUserPrefix = "x-amz-meta-";
constexpr std::array<std::string_view, 5> kStored = {"content-encoding", "content-disposition", "content-language",
                                                     "cache-control", "expires"};

/// `aws-chunked` is how the body travels, not what it is.
std::string WithoutAwsChunked(std::string_view encodings) {
  std::string kept;
  for (const std::string_view piece : Split(encodings, ',')) {
    const std::string_view encoding = Trim(piece);
    if (encoding.empty() || EqualsIgnoreCase(encoding, "aws-chunked")) continue;
    kept += (kept.empty() ? "" : ",") + std::string(encoding);
  }
  return kept;
}

Status AddUser(std::string name, std::string_view value, StoredHeaders& stored) {
  if (name.empty()) return Error(Code::kInvalidArgument, "A metadata header has no name");
  const auto [entry, is_new] = stored.user.try_emplace(std::move(name), value);
  if (!is_new) entry->second += "," + std::string(value);
  return OkStatus();
}

size_t Utf8Characters(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

/// Letters, digits, blanks and + - = . _ : / @; of other scripts, everything.
bool IsTagText(std::string_view text) {
  return IsUtf8(text) && std::all_of(text.begin(), text.end(), [](char c) {
           const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
           return alphanumeric || static_cast<uint8_t>(c) >= 0x80 ||
                  std::string_view(" +-=._:/@").find(c) != std::string_view::npos;
         });
}

Status CheckTag(const std::string& key, const std::string& value) {
  if (key.empty() || Utf8Characters(key) > 128 || !IsTagText(key)) {
    return Error(Code::kInvalidTag, "The TagKey you have provided is invalid");
  }
  if (Utf8Characters(value) > 256 || !IsTagText(value)) {
    return Error(Code::kInvalidTag, "The TagValue you have provided is invalid");
  }
  if (LowerCase(key).starts_with("aws:")) {
    return Error(Code::kInvalidTag, "System tags cannot be added or updated by requester");
  }
  return OkStatus();
}

}  // namespace

Result<StoredHeaders> ReadStoredHeaders(const HttpFields& fields) {
  StoredHeaders stored;
  stored.content_type = fields.Get("content-type");
  if (stored.content_type.empty()) stored.content_type = "binary/octet-stream";
  for (const std::string_view name : kStored) {
    std::string value(fields.Get(name));
    if (name == "content-encoding") value = WithoutAwsChunked(value);
    if (!value.empty()) stored.headers.emplace(name, std::move(value));
  }
  for (const auto& [field, value] : fields) {
    const std::string name = LowerCase(field);
    if (!name.starts_with(kUserPrefix)) continue;
    PBFS_RETURN_IF_ERROR(AddUser(name.substr(kUserPrefix.size()), Trim(value), stored));
  }
  size_t user_bytes = 0;
  for (const auto& [name, value] : stored.user) user_bytes += name.size() + value.size();
  if (user_bytes > kMaxUserMetadataBytes) {
    return Error(Code::kMetadataTooLarge)
        .WithDetail("Size", std::to_string(user_bytes))
        .WithDetail("MaxSizeAllowed", std::to_string(kMaxUserMetadataBytes));
  }
  return stored;
}

void WriteStoredHeaders(const StoredHeaders& stored, HttpFields& fields) {
  fields.Set("Content-Type", stored.content_type);
  for (const auto& [name, value] : stored.headers) fields.Set(name, value);
  for (const auto& [name, value] : stored.user) fields.Set(std::string(kUserPrefix) + name, value);
}

Status CheckTags(const Tags& tags, size_t max_tags) {
  if (tags.size() > max_tags) {
    return Error(Code::kInvalidTag, "There cannot be more than " + std::to_string(max_tags) + " tags");
  }
  std::set<std::string_view> keys;
  for (const auto& [key, value] : tags) {
    PBFS_RETURN_IF_ERROR(CheckTag(key, value));
    if (!keys.insert(key).second) return Error(Code::kInvalidTag, "Cannot provide multiple Tags with the same key");
  }
  return OkStatus();
}

Result<Tags> ParseTagging(std::string_view header) {
  const auto query = ParseQuery(header);
  if (!query.ok()) {
    return Error(
        Code::kInvalidArgument,
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag "
        "name duplicates.");
  }
  const Tags tags(query->begin(), query->end());
  PBFS_RETURN_IF_ERROR(CheckTags(tags, kMaxObjectTags));
  return tags;
}

}  // namespace pbfs::s3
