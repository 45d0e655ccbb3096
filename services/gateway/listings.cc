// ListObjects, ListObjectsV2, ListObjectVersions.
#include <algorithm>

#include "libs/s3/documents.h"
#include "libs/s3/text.h"
#include "libs/s3/xml.h"
#include "services/gateway/deeds.h"
#include "services/gateway/object_facts.h"
#include "services/gateway/operations.h"
#include "services/gateway/versions.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

Result<Asked> ReadAsked(Call& call) {
  Asked asked;
  asked.prefix = call.query().Get("prefix");
  asked.delimiter = call.query().Get("delimiter");
  const std::string_view max_keys = call.query().Get("max-keys");
  if (!max_keys.empty()) {
    const std::optional<int64_t> number = s3::ParseNumber(max_keys);
    if (!number.has_value() || *number > INT32_MAX)
      return Error(Code::kInvalidArgument, "Argument max-keys must be an integer between 0 and 2147483647");
    asked.max_keys = std::min(*number, kMaxKeys);
  }
  const std::string_view encoding = call.query().Get("encoding-type");
  if (!encoding.empty() && encoding != "url")
    return Error(Code::kInvalidArgument, "Invalid Encoding Method specified in Request");
  asked.url_encoding = !encoding.empty();
  return asked;
}

s3::ListedObject ListedOf(const NamedObject& named) {
  s3::ListedObject object;
  object.key = named.name;
  const NamedContent content = named.content.value_or(NamedContent{});
  object.size = content.size;
  object.etag = EtagOf(named.object, content.opset, named.metadata);
  object.last_modified_ms = HlcMillis(std::max(named.order.hlc, content.newest));
  object.checksum = ChecksumOf(named.metadata, content.opset);
  return object;
}

void Echo(const Call& call, const Asked& asked, s3::Listing& listing) {
  listing.bucket = call.bucket();
  listing.prefix = asked.prefix;
  listing.delimiter = asked.delimiter;
  listing.max_keys = asked.max_keys;
  listing.url_encoding = asked.url_encoding;
}

}  // namespace

Result<std::string> ListPage(Site& site, Call& call, const Asked& asked, const std::string& after,
                             s3::Listing& listing) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  Echo(call, asked, listing);
  if (asked.max_keys == 0) return std::string();
  ListOptions options;
  options.after = after;
  options.delimiter = asked.delimiter;
  options.as_of = asked.as_of;
  options.newest = !asked.as_of.has_value();
  options.with_content = options.newest;
  NamePage page;
  // A page of the catalog may be shorter than what is asked for; S3's only at the end.
  for (int64_t left = asked.max_keys; left > 0;) {
    options.limit = static_cast<int32_t>(left);
    PBFS_ASSIGN_OR_RETURN(page, bucket.ListNames(call.context(), asked.prefix, options));
    for (const NamedObject& named : page.names) listing.objects.push_back(ListedOf(named));
    listing.common_prefixes.insert(listing.common_prefixes.end(), page.prefixes.begin(), page.prefixes.end());
    left -= static_cast<int64_t>(page.names.size() + page.prefixes.size());
    if (!page.more || page.last.empty()) break;
    options.after = page.last;
  }
  listing.truncated = page.more;
  return page.more ? page.last : std::string();
}

namespace {

// A token is where the page before ended; in hexadecimal, since clients take it for opaque and pass it on as it is.
std::string TokenOf(const std::string& last) { return last.empty() ? "" : "1" + ToHex(AsBytes(last)); }

Result<std::string> AfterOf(std::string_view token) {
  const Result<Bytes> bytes = token.starts_with('1') ? FromHex(token.substr(1)) : InvalidArgumentError("");
  if (!bytes.ok() || bytes->empty() || !s3::IsUtf8(AsText(*bytes)))
    return Error(Code::kInvalidArgument, "The continuation token provided is incorrect");
  return std::string(AsText(*bytes));
}

}  // namespace

Status ListObjects(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Asked asked, ReadAsked(call));
  s3::ListObjectsResult result;
  result.marker = call.query().Get("marker");
  PBFS_ASSIGN_OR_RETURN(const std::string next, ListPage(site, call, asked, result.marker, result));
  if (!asked.delimiter.empty()) result.next_marker = next;
  for (s3::ListedObject& object : result.objects) object.owner = TheOwner();
  return call.SendXml(s3::ToXml(result));
}

Status ListObjectsV2(Site& site, Call& call) {
  if (call.query().Get("list-type") != "2")
    return Error(Code::kInvalidArgument, "The only list-type is 2");  // GeeseFS asks for more, and then falls back
  PBFS_ASSIGN_OR_RETURN(const Asked asked, ReadAsked(call));
  s3::ListObjectsV2Result result;
  result.start_after = call.query().Get("start-after");
  std::string after = result.start_after;
  if (const auto token = call.query().Find("continuation-token"); token.has_value()) {
    PBFS_ASSIGN_OR_RETURN(after, AfterOf(*token));
    result.continuation_token = *token;
  }
  PBFS_ASSIGN_OR_RETURN(const std::string next, ListPage(site, call, asked, after, result));
  result.next_continuation_token = TokenOf(next);
  if (call.query().Get("fetch-owner") == "true") {
    for (s3::ListedObject& object : result.objects) object.owner = TheOwner();
  }
  return call.SendXml(s3::ToXml(result));
}

namespace {

s3::ListedObject ListedOf(const NamedVersion& version) {
  s3::ListedObject listed;
  if (version.object.has_value()) {
    listed = ListedOf(NamedObject{version.name, *version.object, version.order, version.metadata, version.content});
  } else {
    listed.key = version.name;
    listed.last_modified_ms = HlcMillis(version.order.hlc);
    listed.delete_marker = true;
  }
  listed.version_id = VersionIdOf(version);
  listed.is_latest = version.current;
  listed.owner = TheOwner();
  return listed;
}

// The version to go on after. One that is gone: what was listed of its key was all.
Status ReadMarkers(Call& call, Bucket& bucket, const s3::ListVersionsResult& result, VersionListOptions& options) {
  options.after = result.key_marker;
  if (!call.query().Has("version-id-marker")) return OkStatus();
  if (result.key_marker.empty())
    return Error(Code::kInvalidArgument, "A version-id marker cannot be specified without a key marker.");
  if (result.version_id_marker.empty()) return Error(Code::kInvalidArgument, "A version-id marker cannot be empty.");
  PBFS_ASSIGN_OR_RETURN(Order version, ParseVersionId(result.version_id_marker));
  if (version == kNullVersion) {
    const Result<NamedVersion> found = FindVersion(bucket, call, result.key_marker, version);
    if (s3::IsError(found.status(), Code::kNoSuchVersion)) return OkStatus();
    PBFS_RETURN_IF_ERROR(found.status());
    version = found->order;
  }
  options.after_version = version;
  return OkStatus();
}

// Where the page ends, for the next one to go on after.
void SetNext(const VersionPage& page, VersionListOptions& options) {
  const bool at_prefix =
      !page.prefixes.empty() && (page.versions.empty() || page.prefixes.back() > page.versions.back().name);
  options.after = at_prefix ? page.prefixes.back() : page.versions.back().name;
  options.after_version = at_prefix ? std::nullopt : std::optional(page.versions.back().order);
}

}  // namespace

Status ListVersionPage(Site& site, Call& call, const Asked& asked, s3::ListVersionsResult& listing) {
  PBFS_ASSIGN_OR_RETURN(Bucket bucket, BucketOf(site, call));
  Echo(call, asked, listing);
  listing.key_marker = call.query().Get("key-marker");
  listing.version_id_marker = call.query().Get("version-id-marker");
  VersionListOptions options;
  PBFS_RETURN_IF_ERROR(ReadMarkers(call, bucket, listing, options));
  options.delimiter = asked.delimiter;
  options.newest = true;
  // As in ListPage.
  for (int64_t left = asked.max_keys; left > 0;) {
    options.limit = static_cast<int32_t>(left);
    PBFS_ASSIGN_OR_RETURN(const VersionPage page, bucket.ListVersions(call.context(), asked.prefix, options));
    for (const NamedVersion& version : page.versions) listing.objects.push_back(ListedOf(version));
    listing.common_prefixes.insert(listing.common_prefixes.end(), page.prefixes.begin(), page.prefixes.end());
    left -= static_cast<int64_t>(page.versions.size() + page.prefixes.size());
    listing.truncated = page.more;
    if (!page.more) break;
    SetNext(page, options);
  }
  if (!listing.truncated) return OkStatus();
  listing.next_key_marker = options.after;
  if (options.after_version.has_value()) listing.next_version_id_marker = listing.objects.back().version_id;
  return OkStatus();
}

Status ListObjectVersions(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Asked asked, ReadAsked(call));
  s3::ListVersionsResult result;
  PBFS_RETURN_IF_ERROR(ListVersionPage(site, call, asked, result));
  return call.SendXml(s3::ToXml(result));
}

}  // namespace pbfs::gateway
