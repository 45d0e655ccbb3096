// Configurations of buckets that are kept as documents beside the access keys, under the bucket's id: one that is deleted and made
// again does not inherit them.
#include "libs/s3/documents.h"
#include "libs/s3/headers.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

std::string NameOf(const Bucket& bucket, const std::string& what) {
  return "bucket/" + bucket.info().id.ToString() + "/" + what;
}

struct Missing {
  const char* parameter;
  Code code;
};
constexpr Missing kMissing[] = {
    {"policy", Code::kNoSuchBucketPolicy},
    {"policyStatus", Code::kNoSuchBucketPolicy},
    {"cors", Code::kNoSuchCorsConfiguration},
    {"lifecycle", Code::kNoSuchLifecycleConfiguration},
    {"publicAccessBlock", Code::kNoSuchPublicAccessBlockConfiguration},
    {"object-lock", Code::kObjectLockConfigurationNotFound},
};

}  // namespace

Status GetBucketTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const auto document, site.documents.Get(call.context(), NameOf(bucket, "tagging")));
  if (!document.has_value()) return Error(Code::kNoSuchTagSet);
  return call.SendXml(*document);
}

Status PutBucketTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(RequestBody body, RequestBody::Open(call, {}));
  PBFS_ASSIGN_OR_RETURN(const Bytes document, body.ReadAll(call.context(), s3::kMaxDocumentBytes));
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, s3::ParseTags(AsText(document)));
  PBFS_RETURN_IF_ERROR(s3::CheckTags(tags, s3::kMaxBucketTags));
  PBFS_RETURN_IF_ERROR(site.documents.Put(call.context(), NameOf(bucket, "tagging"), s3::TagsXml(tags)));
  return call.Send(204);
}

Status DeleteBucketTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_RETURN_IF_ERROR(site.documents.Delete(call.context(), NameOf(bucket, "tagging")));
  return call.Send(204);
}

Status GetMissing(Site& site, Call& call) {
  PBFS_RETURN_IF_ERROR(BucketOf(site, call).status());
  for (const Missing& missing : kMissing) {
    if (call.query().Has(missing.parameter)) return Error(missing.code);
  }
  return Error(Code::kNotImplemented);
}

}  // namespace pbfs::gateway
