#include "services/gateway/routes.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

enum class Level { kService, kBucket, kObject };

/// A row matches if method and level are equal, `parameter` is in the query and `field` among the header fields (where not empty).
struct Row {
  std::string_view method;
  Level level;
  std::string_view parameter;
  std::string_view field;
  Route route;
};

constexpr Level kService = Level::kService, kBucket = Level::kBucket, kObject = Level::kObject;

// The first that matches counts.
constexpr Row kRows[] = {
    {"GET", kService, "", "", {"ListBuckets", ListBuckets}},

    {"GET", kBucket, "location", "", {"GetBucketLocation", GetBucketLocation}},
    {"GET", kBucket, "versioning", "", {"GetBucketVersioning", GetBucketVersioning}},
    {"GET", kBucket, "versions", "", {"ListObjectVersions", ListObjectVersions}},
    {"GET", kBucket, "uploads", "", {"ListMultipartUploads", ListMultipartUploads}},
    {"GET", kBucket, "acl", "", {"GetBucketAcl", GetAcl}},
    {"GET", kBucket, "tagging", "", {"GetBucketTagging", GetBucketTagging}},
    {"GET", kBucket, "encryption", "", {"GetBucketEncryption", GetBucketEncryption}},
    {"GET", kBucket, "requestPayment", "", {"GetBucketRequestPayment", GetBucketRequestPayment}},
    {"GET", kBucket, "logging", "", {"GetBucketLogging", GetBucketLogging}},
    {"GET", kBucket, "ownershipControls", "", {"GetBucketOwnershipControls", GetBucketOwnershipControls}},
    {"GET", kBucket, "policy", "", {"GetBucketPolicy", GetMissing}},
    {"GET", kBucket, "policyStatus", "", {"GetBucketPolicyStatus", GetMissing}},
    {"GET", kBucket, "cors", "", {"GetBucketCors", GetMissing}},
    {"GET", kBucket, "lifecycle", "", {"GetBucketLifecycleConfiguration", GetMissing}},
    {"GET", kBucket, "publicAccessBlock", "", {"GetPublicAccessBlock", GetMissing}},
    {"GET", kBucket, "object-lock", "", {"GetObjectLockConfiguration", GetMissing}},
    {"GET", kBucket, "list-type", "", {"ListObjectsV2", ListObjectsV2}},
    {"GET", kBucket, "", "", {"ListObjects", ListObjects}},
    {"HEAD", kBucket, "", "", {"HeadBucket", HeadBucket}},
    {"PUT", kBucket, "acl", "", {"PutBucketAcl", PutAcl}},
    {"PUT", kBucket, "tagging", "", {"PutBucketTagging", PutBucketTagging}},
    {"PUT", kBucket, "", "", {"CreateBucket", CreateBucket}},
    {"DELETE", kBucket, "tagging", "", {"DeleteBucketTagging", DeleteBucketTagging}},
    {"DELETE", kBucket, "", "", {"DeleteBucket", DeleteBucket}},
    {"POST", kBucket, "delete", "", {"DeleteObjects", DeleteObjects}},

    {"GET", kObject, "attributes", "", {"GetObjectAttributes", GetObjectAttributes}},
    {"GET", kObject, "tagging", "", {"GetObjectTagging", GetObjectTagging}},
    {"GET", kObject, "acl", "", {"GetObjectAcl", GetAcl}},
    {"GET", kObject, "uploadId", "", {"ListParts", ListParts}},
    {"GET", kObject, "", "", {"GetObject", GetObject}},
    {"HEAD", kObject, "", "", {"HeadObject", GetObject}},
    {"PUT", kObject, "uploadId", "x-amz-copy-source", {"UploadPartCopy", UploadPartCopy}},
    {"PUT", kObject, "uploadId", "", {"UploadPart", UploadPart}},
    {"PUT", kObject, "tagging", "", {"PutObjectTagging", PutObjectTagging}},
    {"PUT", kObject, "acl", "", {"PutObjectAcl", PutAcl}},
    {"PUT", kObject, "renameObject", "", {"RenameObject", RenameObject}},
    {"PUT", kObject, "", "x-amz-copy-source", {"CopyObject", CopyObject}},
    {"PUT", kObject, "", "x-amz-write-offset-bytes", {"AppendObject", AppendObject}},
    {"PUT", kObject, "", "", {"PutObject", PutObject}},
    {"PATCH", kObject, "", "", {"PatchObject", PatchObject}},
    {"DELETE", kObject, "uploadId", "", {"AbortMultipartUpload", AbortMultipartUpload}},
    {"DELETE", kObject, "tagging", "", {"DeleteObjectTagging", DeleteObjectTagging}},
    {"DELETE", kObject, "", "", {"DeleteObject", DeleteObject}},
    {"POST", kObject, "uploads", "", {"CreateMultipartUpload", CreateMultipartUpload}},
    {"POST", kObject, "uploadId", "", {"CompleteMultipartUpload", CompleteMultipartUpload}},

    {"OPTIONS", kService, "", "", {"DescribePatch", DescribePatch}},
    {"OPTIONS", kBucket, "", "", {"DescribePatch", DescribePatch}},
    {"OPTIONS", kObject, "", "", {"DescribePatch", DescribePatch}},
};

// All sub-resources that S3 has.
constexpr std::string_view kSubresources[] = {
    "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering", "inventory",
    "legal-hold", "lifecycle", "location", "logging", "metadataConfiguration", "metadataTable", "metrics",
    "notification", "object-lock", "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "renameObject",
    "replication", "requestPayment", "restore", "retention", "select", "session", "tagging", "torrent", "uploadId",
    "uploads", "versioning", "versions", "website"};

bool IsSubresource(std::string_view parameter) {
  return std::find(std::begin(kSubresources), std::end(kSubresources), parameter) != std::end(kSubresources);
}

Level LevelOf(const Call& call) {
  if (call.target.bucket.empty()) return kService;
  return call.target.key.empty() ? kBucket : kObject;
}

bool Matches(const Row& row, const Call& call, Level level) {
  return row.method == call.http_method() && row.level == level &&
         (row.parameter.empty() || call.target.query.Has(row.parameter)) &&
         (row.field.empty() || call.has_field(row.field));
}

}  // namespace

Result<Route> FindRoute(const Call& call) {
  const Level level = LevelOf(call);
  const Row* const row = std::find_if(std::begin(kRows), std::end(kRows),
                                      [&](const Row& one) { return Matches(one, call, level); });
  if (row == std::end(kRows)) {
    const auto& query = call.target.query;
    const bool known = std::any_of(query.begin(), query.end(), [](const auto& pair) { return IsSubresource(pair.first); });
    constexpr std::array kMethods = {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"};
    if (known) return Route{"Unsupported", NotImplemented};
    const bool method = std::find(kMethods.begin(), kMethods.end(), call.http_method()) != kMethods.end();
    return Error(method ? Code::kMethodNotAllowed : Code::kNotImplemented);
  }
  for (const auto& [parameter, value] : call.target.query) {
    const bool of_row = parameter == row->parameter || (parameter == "uploadId" && row->parameter == "uploads");
    if (IsSubresource(parameter) && !of_row) return Route{"Unsupported", NotImplemented};
  }
  return row->route;
}

std::vector<std::string> OperationNames() {
  std::vector<std::string> names = {"Unknown", "Unsupported"};
  for (const Row& row : kRows) {
    if (std::find(names.begin(), names.end(), row.route.name) == names.end()) names.push_back(row.route.name);
  }
  return names;
}

Status NotImplemented(Site&, Call&) { return Error(Code::kNotImplemented); }

}  // namespace pbfs::gateway
