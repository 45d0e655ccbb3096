#pragma once

#include <map>
#include <string>

#include "libs/client/client.h"

namespace pbfs::gateway {

/// When a bucket was made; 0: so long ago that its id does not tell.
inline int64_t CreatedMs(const BucketInfo& info) { return info.id.IsTimed() ? info.id.Millis() : 0; }

/// Buckets by their names, opened once and then remembered for a moment. Threads: any.
class OpenBuckets {
 public:
  explicit OpenBuckets(Client& client) : client_(client) {}

  /// What it says may be as old as kRemembered: where that matters (something was not found), ask for it fresh.
  /// Errors (of S3): NoSuchBucket; AccessDenied: this gateway is no member of the bucket.
  Result<Bucket> Find(const Context& context, const std::string& name, bool fresh = false);
  void Forget(const std::string& name);

  static constexpr Duration kRemembered = std::chrono::seconds(1);

 private:
  struct Remembered {
    Bucket bucket;
    MonotonicTime until;
  };
  Client& client_;
  Mutex mutex_;
  std::map<std::string, Remembered> remembered_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::gateway
