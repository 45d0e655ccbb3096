#include "libs/adapters/postgres/bucket_cache.h"

#include "libs/adapters/postgres/bucket_rows.h"
#include "libs/adapters/postgres/embedded_sql.h"

namespace pbfs::postgres {

Result<CachedBucket> BucketCache::Find(const Context& context, BucketId id) {
  {
    MutexLock lock(mutex_);
    const auto found = by_id_.find(id);
    if (found != by_id_.end()) return found->second;
  }
  Result<std::optional<CachedBucket>> read = Read(local_, context, id);
  if (!read.ok() || !read->has_value()) read = Read(primary_, context, id);
  PBFS_RETURN_IF_ERROR(read.status());
  if (!read->has_value()) return NotFoundError("no bucket " + id.ToString());
  MutexLock lock(mutex_);
  by_number_[(*read)->number] = id;
  return by_id_[id] = **read;
}

Result<std::optional<CachedBucket>> BucketCache::Read(SessionPool& pool, const Context& context, BucketId id) {
  PBFS_ASSIGN_OR_RETURN(const Rows rows, RunOne(pool, context, kFindBucketById, Params().Uuid(id)));
  if (rows.size() == 0) return std::optional<CachedBucket>();
  CachedBucket bucket;
  bucket.settings = BucketOfRow(rows, 0).settings;
  bucket.number = static_cast<int32_t>(rows.Int4(0, kBucketColumns));
  bucket.default_k = static_cast<uint8_t>(rows.Int2(0, kBucketColumns + 1));
  bucket.default_m = static_cast<uint8_t>(rows.Int2(0, kBucketColumns + 2));
  return std::optional<CachedBucket>(bucket);
}

int32_t BucketCache::NumberOf(BucketId id) {
  MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  PBFS_CHECK(found != by_id_.end(), "the number of a bucket that nobody looked up");
  return found->second.number;
}

BucketId BucketCache::IdOf(int32_t number) {
  MutexLock lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? BucketId{} : found->second;
}

}  // namespace pbfs::postgres
