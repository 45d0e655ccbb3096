#pragma once

#include "libs/s3/lock.h"
#include "services/gateway/site.h"

/// Object Lock in the gateway. Whether versions of a bucket can be locked, and its default retention, is a document beside its policy; what a
/// version is locked by stands among its metadata, and changes as its tags do. Whoever has the bucket's key and speaks to the catalog
/// without a gateway is not held back.
namespace pbfs::gateway {

/// What a version is locked by. Errors: DATA_LOSS: it cannot be read, and then nothing may be deleted.
Result<s3::VersionLock> LockOf(const ObjectMetadata& metadata);
void SetLock(const s3::VersionLock& lock, ObjectMetadata& metadata);

/// Locks what is about to be made as `fields` say, and by nothing else: `metadata` may come from another version.
/// Errors (of S3): InvalidArgument; InvalidRequest: nothing can be locked in this bucket; AccessDenied.
Status LockAsAsked(Site& site, Call& call, const Bucket& bucket, const HttpFields& fields, ObjectMetadata& metadata);
/// Retains it as the bucket does by default, unless it is retained already.
Status LockByDefault(Site& site, Call& call, const Bucket& bucket, ObjectMetadata& metadata);
/// Both, of a version that is made by this request.
Status LockNew(Site& site, Call& call, const Bucket& bucket, const HttpFields& fields, ObjectMetadata& metadata);

/// Adds what a version is locked by to an answer, as far as the caller may know it.
Status AddLock(Site& site, Call& call, const ObjectMetadata& metadata, HttpFields& fields);

/// Whether the request may delete a version, which has these metadata, for good. Errors (of S3): AccessDenied.
Status CheckUnlocked(Site& site, Call& call, const Access::Resource& version, const ObjectMetadata& metadata);

/// Whether versions of the bucket can be locked, as of now.
Result<bool> CanLock(Site& site, Call& call, const Bucket& bucket);
/// From now on they can.
Status EnableLock(Site& site, Call& call, Bucket& bucket, const s3::LockConfiguration& configuration);

}  // namespace pbfs::gateway
