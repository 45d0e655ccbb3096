#include "services/gateway/open_buckets.h"

#include "libs/s3/errors.h"
#include "libs/s3/target.h"

namespace pbfs::gateway {

Result<Bucket> OpenBuckets::Find(const Context& context, const std::string& name, bool fresh) {
  PBFS_RETURN_IF_ERROR(s3::CheckBucketName(name));  // the system bucket's name is none of S3's
  const MonotonicTime now = MonotonicNow();
  if (!fresh) {
    MutexLock lock(mutex_);
    const auto found = remembered_.find(name);
    if (found != remembered_.end() && now < found->second.until) return found->second.bucket;
  }
  Result<Bucket> bucket = client_.OpenBucket(context, name);
  MutexLock lock(mutex_);
  remembered_.erase(name);
  if (bucket.status().code() == StatusCode::kNotFound) return s3::Error(s3::Code::kNoSuchBucket);
  PBFS_RETURN_IF_ERROR(bucket.status());
  remembered_.emplace(name, Remembered{*bucket, now + kRemembered});
  return bucket;
}

void OpenBuckets::Forget(const std::string& name) {
  MutexLock lock(mutex_);
  remembered_.erase(name);
}

}  // namespace pbfs::gateway
