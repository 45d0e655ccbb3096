#include "libs/adapters/postgres/bucket_cache.h"

#include "libs/adapters/postgres/bucket_rows.h"
#include "libs/adapters/postgres/embedded_sql.h"

namespace pbfs::postgres {
namespace {

constexpr Duration kGood = std::chrono::seconds(10);

}  // namespace

Result<CachedBucket> BucketCache::Find(const Context& context, BucketId id) {
  if (const std::optional<CachedBucket> known = Known(id)) return *known;
  Result<std::optional<CachedBucket>> read = Read(local_, context, id);
  if (!read.ok() || !read->has_value()) read = Read(primary_, context, id);
  MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found != by_id_.end() && (!read.ok() || !read->has_value())) return found->second.bucket;  // as it was
  PBFS_RETURN_IF_ERROR(read.status());
  if (!read->has_value()) return NotFoundError("no bucket " + id.ToString());
  by_number_[(*read)->number] = id;
  by_id_[id] = {**read, MonotonicNow() + kGood};
  return **read;
}

// One caller reads it anew; the others go on with what is known.
std::optional<CachedBucket> BucketCache::Known(BucketId id) {
  MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found == by_id_.end()) return {};
  const MonotonicTime now = MonotonicNow();
  if (now >= found->second.good_until) {
    found->second.good_until = now + kGood;
    return {};
  }
  return found->second.bucket;
}

void BucketCache::Refresh(BucketId id) {
  MutexLock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) found->second.good_until = {};
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
  return found->second.bucket.number;
}

BucketId BucketCache::IdOf(int32_t number) {
  MutexLock lock(mutex_);
  const auto found = by_number_.find(number);
  return found == by_number_.end() ? BucketId{} : found->second;
}

}  // namespace pbfs::postgres
