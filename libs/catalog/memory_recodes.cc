#include <algorithm>

#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/rules.h"
#include "libs/model/scheme.h"

namespace pbfs {

Result<std::vector<Recoding>> MemoryCatalog::ListRecodings(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  std::vector<Recoding> all;
  for (const auto& [id, recode] : tables_.recodes) {
    const BucketSettings& settings = tables_.buckets.at(id).settings;
    all.push_back({id, settings.name, settings.k.value_or(options_.default_k), settings.m.value_or(options_.default_m),
                   recode.changed_ms, recode.left});
  }
  std::sort(all.begin(), all.end(), [](const Recoding& a, const Recoding& b) { return a.name < b.name; });
  return all;
}

Result<OtherwisePage> MemoryCatalog::ListOtherwise(const Context& context, BucketId bucket, BucketPosition after,
                                                   int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  OtherwisePage page;
  const auto found = tables_.buckets.find(bucket);
  if (found == tables_.buckets.end()) return page;
  std::map<BucketPosition, const MemoryTables::Body*> behind;
  for (const auto& [id, body] : tables_.bodies) {
    const BucketPosition at{body.row.key_epoch, id};
    if (body.bucket == bucket && at > after) behind.emplace(at, &body);
  }
  const BucketSettings& settings = found->second.settings;
  const uint8_t k = settings.k.value_or(options_.default_k), m = settings.m.value_or(options_.default_m);
  int32_t looked = 0;
  for (const auto& [at, body] : behind) {
    if (looked++ == limit) break;
    page.last = at;
    const BodyRow& row = body->row;
    if (!row.encoding || body->purging) continue;
    if (SchemeFor(k, m, BodyLength(row.header)) != Scheme{row.encoding->k, row.encoding->n})
      page.bodies.push_back({row.id, *row.encoding, row.header, row.ct_root, row.missing});
  }
  page.more = looked > limit;
  return page;
}

RecodeFacts MemoryCatalog::FactsOf(const BucketInfo& bucket, EncodingId encoding) const {
  RecodeFacts facts;
  facts.rules = RulesFor(bucket.settings);
  facts.site.now_ms = clock_.NowMillis();
  facts.taken =
      tables_.swept.contains(encoding) || tables_.encodings.contains(encoding) || tables_.retired.contains(encoding);
  const auto group = tables_.groups.find(PlacementGroupOf(encoding));
  facts.group = group == tables_.groups.end() ? nullptr : &group->second;
  facts.stores = tables_.stores;
  return facts;
}

Status MemoryCatalog::SetEncoding(const Context& context, const EncodingChange& change) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  const auto found = tables_.bodies.find(change.body);
  if (found == tables_.bodies.end() || found->second.purging || !found->second.row.encoding)
    return NotFoundError("no such live body with an encoding");
  BodyRow& row = found->second.row;
  const auto bucket = tables_.buckets.find(found->second.bucket);
  if (bucket == tables_.buckets.end()) return NotFoundError("the body's bucket was deleted");
  const Encoding before = *row.encoding;
  if (before == change.encoding) return OkStatus();
  if (before.id != change.old) return AbortedError("the body has another encoding by now");
  PBFS_ASSIGN_OR_RETURN(const uint64_t missing, DecideEncoding(change, FactsOf(bucket->second, change.encoding.id)));
  row.encoding = change.encoding;
  row.missing = missing;
  tables_.encodings.erase(before.id);
  tables_.encodings.emplace(change.encoding.id, row.id);
  tables_.retired[before.id] = {before.n, clock_.NowMillis()};
  return OkStatus();
}

Status MemoryCatalog::NoteLeft(const Context& context, BucketId bucket, int64_t changed_ms, BodyCount left) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  const auto recode = tables_.recodes.find(bucket);
  if (recode == tables_.recodes.end() || recode->second.changed_ms != changed_ms) return OkStatus();
  recode->second.left = left;
  if (left.bodies == 0) recode->second.widest = WidthOf(SchemeOf(tables_.buckets.at(bucket).settings));
  return OkStatus();
}

Result<std::vector<RetiredEncoding>> MemoryCatalog::ListRetired(const Context& context, Duration grace, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  const int64_t before = clock_.NowMillis() - std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  std::vector<RetiredEncoding> due;
  for (const auto& [id, retired] : tables_.retired) {
    if (retired.since_ms <= before && due.size() < static_cast<size_t>(limit)) due.push_back({id, retired.n});
  }
  return due;
}

Status MemoryCatalog::RetiredDone(const Context& context, std::span<const EncodingId> encodings) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  for (const EncodingId& id : encodings) tables_.retired.erase(id);
  return OkStatus();
}

}  // namespace pbfs
