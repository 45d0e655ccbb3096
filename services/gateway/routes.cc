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
    {"GET", kService, "", "", {"ListBuckets", ListBuckets, "!s3:ListAllMyBuckets"}},

    {"GET", kBucket, "location", "", {"GetBucketLocation", GetBucketLocation, "s3:GetBucketLocation"}},
    {"GET", kBucket, "versioning", "", {"GetBucketVersioning", GetBucketVersioning, "s3:GetBucketVersioning"}},
    {"GET", kBucket, "versions", "", {"ListObjectVersions", ListObjectVersions, "s3:ListBucketVersions"}},
    {"GET", kBucket, "uploads", "", {"ListMultipartUploads", ListMultipartUploads, "s3:ListBucketMultipartUploads"}},
    {"GET", kBucket, "acl", "", {"GetBucketAcl", GetAcl, "s3:GetBucketAcl"}},
    {"GET", kBucket, "tagging", "", {"GetBucketTagging", GetBucketTagging, "s3:GetBucketTagging"}},
    {"GET", kBucket, "encryption", "", {"GetBucketEncryption", GetBucketEncryption, "s3:GetEncryptionConfiguration"}},
    {"GET",
     kBucket,
     "requestPayment",
     "",
     {"GetBucketRequestPayment", GetBucketRequestPayment, "s3:GetBucketRequestPayment"}},
    {"GET", kBucket, "logging", "", {"GetBucketLogging", GetBucketLogging, "s3:GetBucketLogging"}},
    {"GET",
     kBucket,
     "ownershipControls",
     "",
     {"GetBucketOwnershipControls", GetBucketOwnershipControls, "s3:GetBucketOwnershipControls"}},
    {"GET", kBucket, "policy", "", {"GetBucketPolicy", GetBucketPolicy, "s3:GetBucketPolicy"}},
    {"GET", kBucket, "policyStatus", "", {"GetBucketPolicyStatus", GetBucketPolicyStatus, "s3:GetBucketPolicyStatus"}},
    {"GET", kBucket, "cors", "", {"GetBucketCors", GetBucketCors, "s3:GetBucketCORS"}},
    {"GET",
     kBucket,
     "lifecycle",
     "",
     {"GetBucketLifecycleConfiguration", GetBucketLifecycle, "s3:GetLifecycleConfiguration"}},
    {"GET",
     kBucket,
     "publicAccessBlock",
     "",
     {"GetPublicAccessBlock", GetPublicAccessBlock, "s3:GetBucketPublicAccessBlock"}},
    {"GET",
     kBucket,
     "object-lock",
     "",
     {"GetObjectLockConfiguration", GetObjectLockConfiguration, "s3:GetBucketObjectLockConfiguration"}},
    {"GET", kBucket, "list-type", "", {"ListObjectsV2", ListObjectsV2, "s3:ListBucket"}},
    {"GET", kBucket, "", "", {"ListObjects", ListObjects, "s3:ListBucket"}},
    {"HEAD", kBucket, "", "", {"HeadBucket", HeadBucket, "s3:ListBucket"}},
    {"PUT", kBucket, "versioning", "", {"PutBucketVersioning", PutBucketVersioning, "s3:PutBucketVersioning"}},
    {"PUT", kBucket, "acl", "", {"PutBucketAcl", PutAcl, "s3:PutBucketAcl"}},
    {"PUT", kBucket, "tagging", "", {"PutBucketTagging", PutBucketTagging, "s3:PutBucketTagging"}},
    {"PUT",
     kBucket,
     "lifecycle",
     "",
     {"PutBucketLifecycleConfiguration", PutBucketLifecycle, "s3:PutLifecycleConfiguration"}},
    {"PUT",
     kBucket,
     "object-lock",
     "",
     {"PutObjectLockConfiguration", PutObjectLockConfiguration, "s3:PutBucketObjectLockConfiguration"}},
    {"PUT", kBucket, "policy", "", {"PutBucketPolicy", PutBucketPolicy, "s3:PutBucketPolicy"}},
    {"PUT", kBucket, "cors", "", {"PutBucketCors", PutBucketCors, "s3:PutBucketCORS"}},
    {"PUT",
     kBucket,
     "publicAccessBlock",
     "",
     {"PutPublicAccessBlock", PutPublicAccessBlock, "s3:PutBucketPublicAccessBlock"}},
    {"PUT", kBucket, "encryption", "", {"PutBucketEncryption", PutBucketEncryption, "s3:PutEncryptionConfiguration"}},
    {"PUT",
     kBucket,
     "ownershipControls",
     "",
     {"PutBucketOwnershipControls", PutBucketOwnershipControls, "s3:PutBucketOwnershipControls"}},
    {"PUT", kBucket, "", "", {"CreateBucket", CreateBucket, "!s3:CreateBucket"}},
    {"DELETE", kBucket, "tagging", "", {"DeleteBucketTagging", DeleteBucketTagging, "s3:PutBucketTagging"}},
    {"DELETE",
     kBucket,
     "lifecycle",
     "",
     {"DeleteBucketLifecycle", DeleteBucketLifecycle, "s3:PutLifecycleConfiguration"}},
    {"DELETE", kBucket, "policy", "", {"DeleteBucketPolicy", DeleteBucketPolicy, "s3:DeleteBucketPolicy"}},
    {"DELETE", kBucket, "cors", "", {"DeleteBucketCors", DeleteBucketCors, "s3:PutBucketCORS"}},
    {"DELETE",
     kBucket,
     "publicAccessBlock",
     "",
     {"DeletePublicAccessBlock", DeletePublicAccessBlock, "s3:PutBucketPublicAccessBlock"}},
    {"DELETE",
     kBucket,
     "encryption",
     "",
     {"DeleteBucketEncryption", DeleteBucketEncryption, "s3:PutEncryptionConfiguration"}},
    {"DELETE",
     kBucket,
     "ownershipControls",
     "",
     {"DeleteBucketOwnershipControls", DeleteBucketOwnershipControls, "s3:PutBucketOwnershipControls"}},
    {"DELETE", kBucket, "", "", {"DeleteBucket", DeleteBucket, "s3:DeleteBucket"}},
    {"POST", kBucket, "delete", "", {"DeleteObjects", DeleteObjects, ""}},
    {"POST", kBucket, "", "", {"PostObject", PostObject, ""}},

    {"GET", kObject, "attributes", "", {"GetObjectAttributes", GetObjectAttributes, "s3:GetObjectAttributes"}},
    {"GET", kObject, "tagging", "", {"GetObjectTagging", GetObjectTagging, "s3:GetObjectTagging"}},
    {"GET", kObject, "retention", "", {"GetObjectRetention", GetObjectRetention, "s3:GetObjectRetention"}},
    {"GET", kObject, "legal-hold", "", {"GetObjectLegalHold", GetObjectLegalHold, "s3:GetObjectLegalHold"}},
    {"GET", kObject, "acl", "", {"GetObjectAcl", GetAcl, "s3:GetObjectAcl"}},
    {"GET", kObject, "uploadId", "", {"ListParts", ListParts, "s3:ListMultipartUploadParts"}},
    {"GET", kObject, "", "", {"GetObject", GetObject, "s3:GetObject"}},
    {"HEAD", kObject, "", "", {"HeadObject", GetObject, "s3:GetObject"}},
    {"PUT", kObject, "uploadId", "x-amz-copy-source", {"UploadPartCopy", UploadPartCopy, "s3:PutObject"}},
    {"PUT", kObject, "uploadId", "", {"UploadPart", UploadPart, "s3:PutObject"}},
    {"PUT", kObject, "partNumber", "", {"Unsupported", NotImplemented, ""}},  // of no upload
    {"PUT", kObject, "tagging", "", {"PutObjectTagging", PutObjectTagging, "s3:PutObjectTagging"}},
    {"PUT", kObject, "retention", "", {"PutObjectRetention", PutObjectRetention, "s3:PutObjectRetention"}},
    {"PUT", kObject, "legal-hold", "", {"PutObjectLegalHold", PutObjectLegalHold, "s3:PutObjectLegalHold"}},
    {"PUT", kObject, "acl", "", {"PutObjectAcl", PutAcl, "s3:PutObjectAcl"}},
    {"PUT", kObject, "renameObject", "", {"RenameObject", RenameObject, "s3:PutObject"}},
    {"PUT", kObject, "", "x-amz-copy-source", {"CopyObject", CopyObject, "s3:PutObject"}},
    {"PUT", kObject, "", "x-amz-write-offset-bytes", {"AppendObject", AppendObject, "s3:PutObject"}},
    {"PUT", kObject, "", "", {"PutObject", PutObject, "s3:PutObject"}},
    {"PATCH", kObject, "", "", {"PatchObject", PatchObject, "s3:PutObject"}},
    {"DELETE", kObject, "uploadId", "", {"AbortMultipartUpload", AbortMultipartUpload, "s3:AbortMultipartUpload"}},
    {"DELETE", kObject, "tagging", "", {"DeleteObjectTagging", DeleteObjectTagging, "s3:DeleteObjectTagging"}},
    {"DELETE", kObject, "", "", {"DeleteObject", DeleteObject, "s3:DeleteObject"}},
    {"POST", kObject, "uploads", "", {"CreateMultipartUpload", CreateMultipartUpload, "s3:PutObject"}},
    {"POST", kObject, "uploadId", "", {"CompleteMultipartUpload", CompleteMultipartUpload, "s3:PutObject"}},

    {"OPTIONS", kService, "", "", {"DescribePatch", DescribePatch, ""}},
    {"OPTIONS", kBucket, "", "", {"DescribePatch", DescribePatch, ""}},
    {"OPTIONS", kObject, "", "", {"DescribePatch", DescribePatch, ""}},
};

// All sub-resources that S3 has.
constexpr std::string_view kSubresources[] = {"accelerate",
                                              "acl",
                                              "analytics",
                                              "attributes",
                                              "cors",
                                              "delete",
                                              "encryption",
                                              "intelligent-tiering",
                                              "inventory",
                                              "legal-hold",
                                              "lifecycle",
                                              "location",
                                              "logging",
                                              "metadataConfiguration",
                                              "metadataTable",
                                              "metrics",
                                              "notification",
                                              "object-lock",
                                              "ownershipControls",
                                              "policy",
                                              "policyStatus",
                                              "publicAccessBlock",
                                              "renameObject",
                                              "replication",
                                              "requestPayment",
                                              "restore",
                                              "retention",
                                              "select",
                                              "session",
                                              "tagging",
                                              "torrent",
                                              "uploadId",
                                              "uploads",
                                              "versioning",
                                              "versions",
                                              "website"};

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
  const Row* const row =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& one) { return Matches(one, call, level); });
  if (row == std::end(kRows)) {
    const auto& query = call.target.query;
    const bool known =
        std::any_of(query.begin(), query.end(), [](const auto& pair) { return IsSubresource(pair.first); });
    constexpr std::array kMethods = {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"};
    if (known) return Route{"Unsupported", NotImplemented, ""};
    const bool method = std::find(kMethods.begin(), kMethods.end(), call.http_method()) != kMethods.end();
    return Error(method ? Code::kMethodNotAllowed : Code::kNotImplemented);
  }
  for (const auto& [parameter, value] : call.target.query) {
    const bool of_row = parameter == row->parameter || (parameter == "uploadId" && row->parameter == "uploads");
    if (IsSubresource(parameter) && !of_row) return Route{"Unsupported", NotImplemented, ""};
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
