#include <algorithm>

#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/place_groups.h"
#include "libs/catalog/rules.h"

namespace pbfs {
namespace {

bool IsSame(const BucketInfo& a, const BucketInfo& b) {
  return a.id == b.id && a.settings == b.settings && Equal(a.keyring, b.keyring) &&
         a.keyring_version == b.keyring_version;
}

}  // namespace

Status MemoryCatalog::CreateBucket(const Context& context, const BucketInfo& bucket) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckBucket(bucket));
  MutexLock lock(mutex_);
  for (const auto& [id, other] : tables_.buckets) {
    if (IsSame(bucket, other)) return OkStatus();
    if (id == bucket.id || other.settings.name == bucket.settings.name) {
      return AlreadyExistsError("there is a bucket of this name or id with other settings");
    }
  }
  BucketInfo row = bucket;
  row.history_floor = 0;
  tables_.buckets.emplace(bucket.id, std::move(row));
  return OkStatus();
}

Result<BucketInfo> MemoryCatalog::FindBucket(const Context& context, const std::string& name) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  for (const auto& [id, bucket] : tables_.buckets) {
    if (bucket.settings.name == name) return bucket;
  }
  return NotFoundError("no such bucket");
}

Result<std::vector<BucketInfo>> MemoryCatalog::ListBuckets(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  std::vector<BucketInfo> all;
  for (const auto& [id, bucket] : tables_.buckets) all.push_back(bucket);
  std::sort(all.begin(), all.end(),
            [](const BucketInfo& a, const BucketInfo& b) { return a.settings.name < b.settings.name; });
  return all;
}

Status MemoryCatalog::SetKeyring(const Context& context, BucketId bucket, int64_t expected_version,
                                 const Buffer& keyring) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  const auto found = tables_.buckets.find(bucket);
  if (found == tables_.buckets.end()) return NotFoundError("no such bucket");
  if (found->second.keyring_version != expected_version) return AbortedError("the keyring has changed meanwhile");
  found->second.keyring = keyring;
  ++found->second.keyring_version;
  return OkStatus();
}

Status MemoryCatalog::SetScheme(const Context& context, BucketId bucket, const BucketScheme& expected,
                                const BucketScheme& scheme) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckScheme(scheme));
  MutexLock lock(mutex_);
  const auto found = tables_.buckets.find(bucket);
  if (found == tables_.buckets.end()) return NotFoundError("no such bucket");
  BucketSettings& settings = found->second.settings;
  const BucketScheme before = SchemeOf(settings);
  if (before == scheme) return OkStatus();
  if (before != expected) return AbortedError("the bucket's scheme has changed meanwhile");
  PBFS_RETURN_IF_ERROR(CheckRoom(map_.stores, WidthOf(before), WidthOf(scheme)));
  MemoryTables::Recode& recode =
      tables_.recodes.try_emplace(bucket, MemoryTables::Recode{0, WidthOf(before), {}}).first->second;
  for (const PlacementWidth width : {WidthOf(before), WidthOf(scheme)})
    recode.widest = {std::max(recode.widest.n, width.n), std::min(recode.widest.m, width.m)};
  recode.left.reset();
  recode.changed_ms = std::max(clock_.NowMillis(), recode.changed_ms + 1);
  settings.k = scheme.k, settings.m = scheme.m, settings.w = scheme.w;
  return OkStatus();
}

bool MemoryCatalog::HoldsNames(BucketId bucket) const {
  const NameKey first{bucket, ""};
  for (auto name = tables_.names.lower_bound(first); name != tables_.names.end(); ++name) {
    if (name->first.bucket != bucket) break;
    if (name->second.object) return true;
  }
  if (!tables_.buckets.at(bucket).settings.versioning) return false;
  for (auto name = tables_.past_names.lower_bound(first); name != tables_.past_names.end(); ++name) {
    if (name->first.bucket != bucket) break;
    for (const auto& [order, row] : name->second) {
      if (row.binding.object) return true;
    }
  }
  return false;
}

Status MemoryCatalog::DeleteBucket(const Context& context, BucketId bucket) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  if (!tables_.buckets.contains(bucket)) return NotFoundError("no such bucket");
  if (HoldsNames(bucket)) return FailedPreconditionError("the bucket still has objects: delete them first");
  tables_.buckets.erase(bucket);
  tables_.recodes.erase(bucket);
  std::erase_if(tables_.names, [&](const auto& row) { return row.first.bucket == bucket; });
  std::erase_if(tables_.past_names, [&](const auto& row) { return row.first.bucket == bucket; });
  for (auto& [id, object] : tables_.objects) {
    if (object.state.bucket == bucket) object.state.life = ObjectLife::kReaped, object.expires_ms = clock_.NowMillis();
  }
  return OkStatus();
}

}  // namespace pbfs
