// Configurations of buckets that are kept as documents beside the access keys.
#include "libs/s3/configurations.h"
#include "libs/s3/documents.h"
#include "libs/s3/headers.h"
#include "libs/s3/policy.h"
#include "libs/s3/xml.h"
#include "services/gateway/operations.h"
#include "services/gateway/request_body.h"

namespace pbfs::gateway {
namespace {

using s3::Code;
using s3::Error;

struct Kind {
  const char* name;  // in DocumentOf
  Code missing;      // the answer where none was put
};
constexpr Kind kTagging = {"tagging", Code::kNoSuchTagSet};
constexpr Kind kPolicy = {"policy", Code::kNoSuchBucketPolicy};
constexpr Kind kCors = {"cors", Code::kNoSuchCorsConfiguration};
constexpr Kind kLifecycle = {"lifecycle", Code::kNoSuchLifecycleConfiguration};
constexpr Kind kPublicAccessBlock = {"public-access-block", Code::kNoSuchPublicAccessBlockConfiguration};
constexpr Kind kEncryption = {"encryption", Code::kServerSideEncryptionConfigurationNotFound};
// A bucket is made with ownership controls: what is kept is that they were deleted.
constexpr Kind kOwnershipDeleted = {"ownership-controls-deleted", Code::kOwnershipControlsNotFound};

Result<std::string> Load(Site& site, Call& call, const Kind& kind) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const auto document, site.documents.Get(call.context(), DocumentOf(bucket, kind.name)));
  return document.has_value() ? Result<std::string>(*document) : Error(kind.missing);
}

Status SendDocument(Site& site, Call& call, const Kind& kind) {
  PBFS_ASSIGN_OR_RETURN(const std::string document, Load(site, call, kind));
  return call.SendXml(document);
}

// From when on other gateways know of it: Access::kRemembered.
Status Keep(Site& site, Call& call, const Bucket& bucket, const Kind& kind, const std::string& document) {
  PBFS_RETURN_IF_ERROR(site.documents.Put(call.context(), DocumentOf(bucket, kind.name), document));
  site.access.Forget(bucket.info().id);
  return OkStatus();
}

Status Remove(Site& site, Call& call, const Bucket& bucket, const Kind& kind) {
  PBFS_RETURN_IF_ERROR(site.documents.Delete(call.context(), DocumentOf(bucket, kind.name)));
  site.access.Forget(bucket.info().id);
  return OkStatus();
}

Status Drop(Site& site, Call& call, const Kind& kind) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_RETURN_IF_ERROR(Remove(site, call, bucket, kind));
  return call.Send(204);
}

// What the bucket blocks as of now: not what was remembered, which may be older than what its owner was told is done.
Result<s3::PublicAccessBlock> BlockedOf(Site& site, Call& call, const Bucket& bucket) {
  PBFS_ASSIGN_OR_RETURN(const auto document,
                        site.documents.Get(call.context(), DocumentOf(bucket, kPublicAccessBlock.name)));
  return document.has_value() ? s3::ParsePublicAccessBlock(*document) : s3::PublicAccessBlock{};
}

}  // namespace

Status GetBucketTagging(Site& site, Call& call) { return SendDocument(site, call, kTagging); }

Status PutBucketTagging(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const s3::Tags tags, s3::ParseTags(document));
  PBFS_RETURN_IF_ERROR(s3::CheckTags(tags, s3::kMaxBucketTags));
  PBFS_RETURN_IF_ERROR(Keep(site, call, bucket, kTagging, s3::TagsXml(tags)));
  return call.Send(204);
}

Status DeleteBucketTagging(Site& site, Call& call) { return Drop(site, call, kTagging); }

Status GetBucketPolicy(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const std::string document, Load(site, call, kPolicy));
  return call.Send(200, {{"Content-Type", "application/json"}}, document);
}

Status PutBucketPolicy(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call, s3::kMaxPolicyBytes));
  PBFS_ASSIGN_OR_RETURN(const s3::Policy policy, s3::Policy::ParseBucket(document, call.bucket()));
  PBFS_ASSIGN_OR_RETURN(const s3::PublicAccessBlock blocked, BlockedOf(site, call, bucket));
  if (blocked.block_public_policy && policy.IsPublic())
    return Error(Code::kAccessDenied, "The bucket blocks public policies (BlockPublicPolicy)");
  PBFS_RETURN_IF_ERROR(Keep(site, call, bucket, kPolicy, document));
  return call.Send(204);
}

Status DeleteBucketPolicy(Site& site, Call& call) { return Drop(site, call, kPolicy); }

Status GetBucketPolicyStatus(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const std::string document, Load(site, call, kPolicy));
  PBFS_ASSIGN_OR_RETURN(const s3::Policy policy, s3::Policy::ParseBucket(document, call.bucket()));
  s3::XmlWriter xml("PolicyStatus");
  xml.Bool("IsPublic", policy.IsPublic());
  return call.SendXml(std::move(xml).Finish());
}

Status GetBucketCors(Site& site, Call& call) { return SendDocument(site, call, kCors); }

Status PutBucketCors(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const s3::CorsRules rules, s3::ParseCors(document));
  PBFS_RETURN_IF_ERROR(Keep(site, call, bucket, kCors, s3::CorsXml(rules)));
  return call.Send(200);
}

Status DeleteBucketCors(Site& site, Call& call) { return Drop(site, call, kCors); }

Status GetBucketLifecycle(Site& site, Call& call) { return SendDocument(site, call, kLifecycle); }

Status PutBucketLifecycle(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const s3::LifecycleRules rules, s3::ParseLifecycle(document));
  PBFS_RETURN_IF_ERROR(Keep(site, call, bucket, kLifecycle, s3::LifecycleXml(rules)));
  return call.Send(200);
}

Status DeleteBucketLifecycle(Site& site, Call& call) { return Drop(site, call, kLifecycle); }

Status GetPublicAccessBlock(Site& site, Call& call) { return SendDocument(site, call, kPublicAccessBlock); }

Status PutPublicAccessBlock(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const s3::PublicAccessBlock block, s3::ParsePublicAccessBlock(document));
  PBFS_RETURN_IF_ERROR(Keep(site, call, bucket, kPublicAccessBlock, s3::PublicAccessBlockXml(block)));
  return call.Send(200);
}

Status DeletePublicAccessBlock(Site& site, Call& call) { return Drop(site, call, kPublicAccessBlock); }

// Everything is encrypted whatever is configured; so a bucket says that it is, as in S3.
Status GetBucketEncryption(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const auto document, site.documents.Get(call.context(), DocumentOf(bucket, kEncryption.name)));
  return call.SendXml(document.value_or(s3::BucketEncryptionXml({})));
}

Status PutBucketEncryption(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_ASSIGN_OR_RETURN(const s3::BucketEncryption encryption, s3::ParseBucketEncryption(document));
  PBFS_RETURN_IF_ERROR(Keep(site, call, bucket, kEncryption, s3::BucketEncryptionXml(encryption)));
  return call.Send(200);
}

Status DeleteBucketEncryption(Site& site, Call& call) { return Drop(site, call, kEncryption); }

Status GetBucketOwnershipControls(Site& site, Call& call) {
  const Status deleted = Load(site, call, kOwnershipDeleted).status();
  if (deleted.ok()) return Error(kOwnershipDeleted.missing);
  return s3::IsError(deleted, kOwnershipDeleted.missing) ? call.SendXml(s3::OwnershipControlsXml()) : deleted;
}

Status PutBucketOwnershipControls(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_ASSIGN_OR_RETURN(const std::string document, ReadDocument(call));
  PBFS_RETURN_IF_ERROR(s3::CheckOwnershipControls(document));
  PBFS_RETURN_IF_ERROR(Remove(site, call, bucket, kOwnershipDeleted));
  return call.Send(200);
}

Status DeleteBucketOwnershipControls(Site& site, Call& call) {
  PBFS_ASSIGN_OR_RETURN(const Bucket bucket, BucketOf(site, call));
  PBFS_RETURN_IF_ERROR(Keep(site, call, bucket, kOwnershipDeleted, "deleted"));
  return call.Send(204);
}

}  // namespace pbfs::gateway
