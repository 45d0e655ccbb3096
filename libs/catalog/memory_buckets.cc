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

Result<BucketInfo> MemoryCatalog::FindBucket(const Context& context, const std::string& name, int64_t) {
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

Result<std::vector<WrappedBody>> MemoryCatalog::ListWrapped(const Context& context, const WrappedQuery& query) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckWrappedQuery(query));
  MutexLock lock(mutex_);
  if (!tables_.buckets.contains(query.bucket)) return std::vector<WrappedBody>{};
  std::map<BucketPosition, const MemoryTables::Body*> behind;
  for (const auto& [id, body] : tables_.bodies) {
    const BucketPosition at{body.row.key_epoch, id};
    const bool wanted = body.bucket == query.bucket && !body.purging && at.key_epoch < query.below_epoch;
    if (wanted && at > query.after) behind.emplace(at, &body);
  }
  std::vector<WrappedBody> page;
  for (const auto& [at, body] : behind) {
    if (page.size() == static_cast<size_t>(query.limit)) break;
    page.push_back({at.body, at.key_epoch, body->row.wrapped_dek});
  }
  return page;
}

Result<int64_t> MemoryCatalog::Rewrap(const Context& context, const RewrapRequest& request) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckRewrap(request));
  MutexLock lock(mutex_);
  int64_t changed = 0;
  for (const RewrapRequest::Change& change : request.changes) {
    const auto found = tables_.bodies.find(change.body);
    if (found == tables_.bodies.end() || found->second.bucket != request.bucket || found->second.purging) continue;
    BodyRow& row = found->second.row;
    if (row.wrapped_dek != change.old_dek || row.key_epoch >= request.key_epoch) continue;
    row.wrapped_dek = change.wrapped_dek;
    row.key_epoch = request.key_epoch;
    ++changed;
  }
  return changed;
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

Status MemoryCatalog::SetVersioning(const Context& context, BucketId bucket, Versioning versioning) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckVersioning(versioning));
  MutexLock lock(mutex_);
  const auto found = tables_.buckets.find(bucket);
  if (found == tables_.buckets.end()) return NotFoundError("no such bucket");
  BucketInfo& info = found->second;
  const bool remembers = versioning == Versioning::kEnabled && info.settings.versioning != versioning;
  if (remembers && info.settings.history_ms == 0) info.history_floor = HlcFromMillis(clock_.NowMillis());
  info.settings.versioning = versioning;
  return OkStatus();
}

bool MemoryCatalog::HoldsNames(BucketId bucket) const {
  const NameKey first{bucket, ""};
  for (auto name = tables_.names.lower_bound(first); name != tables_.names.end(); ++name) {
    if (name->first.bucket != bucket) break;
    if (name->second.object || name->second.versioning != Versioning::kOff) return true;
  }
  for (auto name = tables_.past_names.lower_bound(first); name != tables_.past_names.end(); ++name) {
    if (name->first.bucket != bucket) break;
    for (const auto& [order, row] : name->second) {
      if (row.IsVersion()) return true;
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
  std::erase_if(tables_.uploads, [&](const auto& row) { return row.second.info.bucket == bucket; });
  std::erase_if(tables_.names, [&](const auto& row) { return row.first.bucket == bucket; });
  std::erase_if(tables_.past_names, [&](const auto& row) { return row.first.bucket == bucket; });
  for (auto& [id, object] : tables_.objects) {
    if (object.state.bucket == bucket) object.state.life = ObjectLife::kReaped, object.expires_ms = clock_.NowMillis();
  }
  return OkStatus();
}

}  // namespace pbfs
