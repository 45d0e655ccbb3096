#pragma once

#include <functional>
#include <unordered_map>

#include "libs/adapters/postgres/sessions.h"
#include "libs/base/sync.h"
#include "libs/catalog/types.h"

namespace pbfs::postgres {

/// A bucket as every operation needs it: its number, which rows carry, and its settings, of which the scheme may change.
struct CachedBucket {
  int32_t number = 0;
  BucketSettings settings;
  uint8_t default_k = 4;  // of the site
  uint8_t default_m = 2;
};

/// Buckets by id, read anew after some seconds: a scheme that was changed meanwhile says how many receipts a Commit needs, and with the
/// scheme from before it needs the usual quorum. A bucket that was deleted stays here: its number is never used again, and whoever decides
/// reads the row itself. Threads: any.
class BucketCache {
 public:
  /// `local` is asked first, then `primary`, where a bucket made a moment ago is for certain.
  BucketCache(SessionPool& local, SessionPool& primary) : local_(local), primary_(primary) {}

  /// Errors: NOT_FOUND; UNAVAILABLE.
  Result<CachedBucket> Find(const Context& context, BucketId id);
  /// Its settings have changed: the next Find reads them.
  void Refresh(BucketId id);
  /// The number of a bucket that Find has returned.
  int32_t NumberOf(BucketId id);
  /// The id of a bucket that Find has returned; null if it never has.
  BucketId IdOf(int32_t number);

 private:
  std::optional<CachedBucket> Known(BucketId id);
  Result<std::optional<CachedBucket>> Read(SessionPool& pool, const Context& context, BucketId id);

  SessionPool& local_;
  SessionPool& primary_;
  Mutex mutex_;
  struct Entry {
    CachedBucket bucket;
    MonotonicTime good_until{};
  };
  std::unordered_map<BucketId, Entry> by_id_ PBFS_GUARDED_BY(mutex_);
  std::unordered_map<int32_t, BucketId> by_number_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::postgres
