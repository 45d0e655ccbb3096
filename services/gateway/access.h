#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "libs/access/system_bucket.h"
#include "libs/base/clock.h"
#include "libs/client/client.h"
#include "libs/s3/configurations.h"
#include "libs/s3/cors.h"
#include "libs/s3/lifecycle.h"
#include "libs/s3/lock.h"
#include "libs/s3/policy.h"
#include "services/gateway/call.h"
#include "services/gateway/open_buckets.h"

namespace pbfs::gateway {

/// What a bucket's configuration says of requests.
struct BucketRules {
  std::optional<s3::Policy> policy;
  bool needs_object_tags = false;  // the policy asks for tags that an object has
  s3::PublicAccessBlock blocked;
  bool restricted = false;  // the policy is public and counts for callers with keys only
  bool encrypts = false;    // objects are AES256 whose writers do not say
  s3::CorsRules cors;
  s3::LifecycleRules lifecycle;
  std::optional<s3::LockConfiguration> lock;  // none: nothing can be locked
};

/// The name of a configuration of a bucket in the system bucket: under the bucket's id, so that one that is deleted and made again does
/// not inherit it.
std::string DocumentOf(const Bucket& bucket, const std::string& what);

/// Who may do what. Whoever has an access key may do everything that the key's policy allows (all, without one) or the bucket's policy
/// does, and that none of both forbids; anonymous callers only what the bucket's policy allows, and nothing where it is public and
/// the bucket restricts that. Threads: any.
class Access {
 public:
  Access(OpenBuckets& buckets, SystemBucket& documents, const Clock& clock)
      : buckets_(buckets), documents_(documents), clock_(clock) {}

  /// What no bucket decides: whoever has an access key, if that has no policy or one that allows it. Errors (of S3): AccessDenied.
  static Status CheckOwner(const Call& call, const std::string& action);

  /// What is to be done something with; a key may be empty, and so may the id of a version.
  struct Resource {
    std::string bucket, key, version_id;
  };
  /// `action`: "s3:GetObject". Errors (of S3): AccessDenied; NoSuchBucket, of which anonymous callers are not told.
  Status Check(Call& call, const std::string& action, const Resource& resource);
  /// The same of what the request is about.
  Status Check(Call& call, const std::string& action) {
    return Check(call, action, {call.bucket(), call.key(), std::string(call.query().Get("versionId"))});
  }

  /// An ACL in `fields` that is public, where the request's bucket blocks those: AccessDenied. Others are not judged here.
  Status CheckAcl(Call& call, const HttpFields& fields);

  /// May be as old as kRemembered. A document that cannot be read is an error: nothing is allowed for want of knowledge.
  Result<std::shared_ptr<const BucketRules>> RulesOf(const Context& context, const Bucket& bucket);
  void Forget(BucketId bucket);

  static constexpr Duration kRemembered = std::chrono::seconds(2);

 private:
  struct Remembered {
    std::shared_ptr<const BucketRules> rules;
    MonotonicTime until;
  };
  Result<std::shared_ptr<const BucketRules>> Load(const Context& context, const Bucket& bucket);
  Result<s3::AccessRequest> RequestOf(Call& call, const std::string& action, Bucket& bucket, const Resource& resource,
                                      bool with_tags);

  OpenBuckets& buckets_;
  SystemBucket& documents_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<BucketId, Remembered> remembered_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::gateway
