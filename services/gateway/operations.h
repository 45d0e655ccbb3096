#pragma once

#include "services/gateway/site.h"

/// The operations of S3, each answering one request. A Status that is not OK and comes before the answer has begun becomes the
/// error document; later, the connection is broken. What each does is the public S3 documentation's business; where this gateway
/// differs, docs/design/s3.md says so.
namespace pbfs::gateway {

/// The types that a PATCH may have: with the range in a field, or in the body.
inline constexpr const char* kAcceptPatch = "application/octet-stream, message/byterange, multipart/byteranges";

using Operation = Status (*)(Site& site, Call& call);

// buckets.cc
Status ListBuckets(Site& site, Call& call);
Status CreateBucket(Site& site, Call& call);
Status HeadBucket(Site& site, Call& call);
Status DeleteBucket(Site& site, Call& call);
Status GetBucketLocation(Site& site, Call& call);
Status GetBucketVersioning(Site& site, Call& call);
Status PutBucketVersioning(Site& site, Call& call);
Status GetBucketRequestPayment(Site& site, Call& call);
Status GetBucketLogging(Site& site, Call& call);
Status GetAcl(Site& site, Call& call);  // of a bucket or an object
Status PutAcl(Site& site, Call& call);
Status DescribePatch(Site& site,
                     Call& call);  // OPTIONS: without an Origin what PATCH is like, with one a CORS preflight

// bucket_documents.cc: configurations that are kept as they come
Status GetBucketTagging(Site& site, Call& call);
Status PutBucketTagging(Site& site, Call& call);
Status DeleteBucketTagging(Site& site, Call& call);
Status GetBucketPolicy(Site& site, Call& call);
Status PutBucketPolicy(Site& site, Call& call);
Status DeleteBucketPolicy(Site& site, Call& call);
Status GetBucketPolicyStatus(Site& site, Call& call);
Status GetBucketCors(Site& site, Call& call);
Status PutBucketCors(Site& site, Call& call);
Status DeleteBucketCors(Site& site, Call& call);
Status GetBucketLifecycle(Site& site, Call& call);
Status PutBucketLifecycle(Site& site, Call& call);
Status DeleteBucketLifecycle(Site& site, Call& call);
Status GetPublicAccessBlock(Site& site, Call& call);
Status PutPublicAccessBlock(Site& site, Call& call);
Status DeletePublicAccessBlock(Site& site, Call& call);
Status GetBucketEncryption(Site& site, Call& call);
Status PutBucketEncryption(Site& site, Call& call);
Status DeleteBucketEncryption(Site& site, Call& call);
Status GetBucketOwnershipControls(Site& site, Call& call);
Status PutBucketOwnershipControls(Site& site, Call& call);
Status DeleteBucketOwnershipControls(Site& site, Call& call);

// listings.cc
Status ListObjects(Site& site, Call& call);
Status ListObjectsV2(Site& site, Call& call);
Status ListObjectVersions(Site& site, Call& call);

// object_reads.cc
Status GetObject(Site& site, Call& call);  // HeadObject too
Status GetObjectAttributes(Site& site, Call& call);

// object_writes.cc
Status PutObject(Site& site, Call& call);
Status DeleteObject(Site& site, Call& call);
Status DeleteObjects(Site& site, Call& call);

// post_object.cc
Status PostObject(Site& site, Call& call);  // of a form, which is signed instead of the request

// copies.cc
Status CopyObject(Site& site, Call& call);
Status RenameObject(Site& site, Call& call);

// patches.cc
Status PatchObject(Site& site, Call& call);
Status AppendObject(Site& site, Call& call);

// object_tags.cc
Status GetObjectTagging(Site& site, Call& call);
Status PutObjectTagging(Site& site, Call& call);
Status DeleteObjectTagging(Site& site, Call& call);

// object_lock.cc
Status GetObjectLockConfiguration(Site& site, Call& call);
Status PutObjectLockConfiguration(Site& site, Call& call);
Status GetObjectRetention(Site& site, Call& call);
Status PutObjectRetention(Site& site, Call& call);
Status GetObjectLegalHold(Site& site, Call& call);
Status PutObjectLegalHold(Site& site, Call& call);

// uploads.cc
Status CreateMultipartUpload(Site& site, Call& call);
Status UploadPart(Site& site, Call& call);
Status UploadPartCopy(Site& site, Call& call);
Status CompleteMultipartUpload(Site& site, Call& call);
Status AbortMultipartUpload(Site& site, Call& call);
Status ListParts(Site& site, Call& call);
Status ListMultipartUploads(Site& site, Call& call);

Status NotImplemented(Site& site, Call& call);

}  // namespace pbfs::gateway
