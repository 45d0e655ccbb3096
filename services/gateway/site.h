#pragma once

#include <string>
#include <vector>

#include "libs/access/access_keys.h"
#include "libs/access/system_bucket.h"
#include "libs/base/clock.h"
#include "libs/base/executor.h"
#include "libs/client/client.h"
#include "libs/client/memory_budget.h"
#include "libs/s3/documents.h"
#include "services/gateway/access.h"
#include "services/gateway/call.h"
#include "services/gateway/open_buckets.h"
#include "services/gateway/patch_tokens.h"

namespace pbfs::gateway {

struct GatewayOptions {
  std::string region = "us-east-1";
  std::vector<std::string> domains;  // lower case; "bucket.<domain>" is a bucket's own host
  Etag etag = Etag::kMd5;            // of buckets that are made by this gateway
  BucketScheme scheme;               // of those too; none: the site's
  /// Bytes of an object that is being uploaded which become one patch at most: where a long object is cut.
  size_t piece_bytes = 16 << 20;
  /// Memory that all bodies which are being taken share for pieces beyond 1 MiB (piece_memory.h).
  int64_t body_bytes = 64 << 20;
  /// Of one patch: one atomic write, of which a client takes no more.
  int64_t max_patch_bytes = int64_t{5} << 30;
};

/// What the operations of S3 work on. Threads: any; it outlives them.
struct Site {
  Client& client;
  OpenBuckets& buckets;
  SystemBucket& documents;
  AccessKeys& keys;
  Access& access;
  PatchTokens& tokens;
  const Clock& clock;
  Executor& executor;    // for what one request does side by side
  MemoryBudget& bodies;  // GatewayOptions::body_bytes
  const GatewayOptions& options;
};

/// The bucket of the request. Errors (of S3): NoSuchBucket, InvalidBucketName.
inline Result<Bucket> BucketOf(Site& site, Call& call) { return site.buckets.Find(call.context(), call.bucket()); }

/// The object of a key, or of the version that the request says, with [lo, hi) of it ready; sees every write that was acknowledged to
/// anybody. Errors (of S3): NoSuchKey, NoSuchBucket, NoSuchVersion, MethodNotAllowed: a delete marker; those of Bucket::Open.
Result<ObjectView> OpenKey(Site& site, Call& call, int64_t lo = 0, int64_t hi = 1);

/// A version of a key, or what it shows. Errors: those of Bucket::Open, NOT_FOUND among them.
Result<ObjectView> OpenVersion(Bucket& bucket, Call& call, const std::string& key, const ViewOptions& options);

/// What the bucket's configuration says of a new object whose writer does not: that it is encrypted.
Status AddDefaults(Site& site, Call& call, const Bucket& bucket, ObjectMetadata& metadata);

/// Whoever has an access key of the site: it has no other owners.
inline s3::Owner TheOwner() { return {"pbfs", "pbfs"}; }

/// The access key that something is signed with. Errors (of S3): InvalidAccessKeyId: there is none, or it is disabled.
Result<AccessKey> FindSigner(AccessKeys& keys, const Context& context, const std::string& id);

/// Whether a Commit was refused because its condition did not hold.
bool LostRace(const Status& status);
/// What a client's status means where an object is written under conditions: a condition that does not hold is `lost`.
Status WriteFailure(const Status& status, s3::Code lost);

}  // namespace pbfs::gateway
