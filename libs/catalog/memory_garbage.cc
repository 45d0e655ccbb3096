#include <algorithm>
#include <set>

#include "libs/base/mutants.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/rules.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

// What a repeat of an op may still mean for a day (I15); records of names stay, registers point at them.
bool IsNameOp(OpKind kind) { return kind == OpKind::kBind || kind == OpKind::kUnbind || kind == OpKind::kDrop; }

}  // namespace

// ---- history -----------------------------------------------------------------------------------------------------------------

Status MemoryCatalog::HistoryAdvance(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  for (auto& [id, bucket] : tables_.buckets) {
    const int64_t history_ms = bucket.settings.history_ms;
    const int64_t kept_ms = IsMutant(Mutant::kHistoryFloorTooHigh) ? 0 : history_ms;
    if (history_ms > 0)
      bucket.history_floor = std::max(bucket.history_floor, HlcFromMillis(clock_.NowMillis() - kept_ms));
  }
  return OkStatus();
}

Result<int64_t> MemoryCatalog::HistoryExpire(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  int64_t removed = 0;
  for (const auto& [id, bucket] : tables_.buckets) removed += ForgetPast(id, limit);
  return removed;
}

int64_t MemoryCatalog::ForgetPast(BucketId bucket, int64_t limit) {
  const Hlc floor = tables_.buckets.at(bucket).history_floor;
  int64_t removed = 0;
  for (auto& [id, object] : tables_.objects) {
    if (object.state.bucket != bucket) continue;
    std::erase_if(object.past, [&](const MemoryTables::PastExtent& row) {
      const bool needed = row.gone > floor && !IsMutant(Mutant::kHistoryExpiresAboveFloor);
      if (needed || removed == limit) return false;
      if (row.extent.source.kind == SourceKind::kBody)
        tables_.garbage.push_back({row.extent.source.body, clock_.NowMillis()});
      ++removed;
      return true;
    });
  }
  return removed;
}

Result<int64_t> MemoryCatalog::NamesExpire(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  int64_t removed = 0;
  for (const auto& [id, bucket] : tables_.buckets) removed += ForgetPastNames(id, limit);
  return removed;
}

// Without history only what was dropped has a gone_hlc: a repeat of the DROP may come until the frontier has passed it.
int64_t MemoryCatalog::ForgetPastNames(BucketId bucket, int64_t limit) {
  const BucketInfo& info = tables_.buckets.at(bucket);
  const bool history = info.settings.history_ms > 0;
  int64_t removed = 0;
  for (auto name = tables_.past_names.lower_bound({bucket, ""});
       name != tables_.past_names.end() && name->first.bucket == bucket;) {
    std::erase_if(name->second, [&](const auto& row) {
      const PastBinding& past = row.second;
      if (!past.gone_hlc || removed == limit) return false;
      if (*past.gone_hlc > (history ? info.history_floor : tables_.floor)) return false;
      if (past.dropped && *past.gone_hlc > tables_.floor) return false;
      return ++removed, true;
    });
    name = name->second.empty() ? tables_.past_names.erase(name) : std::next(name);
  }
  return removed;
}

void MemoryCatalog::ExpireHistory(BucketId bucket, Hlc floor) {
  MutexLock lock(mutex_);
  BucketInfo& info = tables_.buckets.at(bucket);
  info.history_floor = std::max(info.history_floor, floor);
  ForgetPast(bucket, INT64_MAX);
}

// ---- objects -----------------------------------------------------------------------------------------------------------------

bool MemoryCatalog::MayReap(ObjectId id, const MemoryTables::Object& object, int64_t now_ms) const {
  const ObjectState& state = object.state;
  if (state.life == ObjectLife::kReaped) return false;
  if (state.bindings > 0 && !IsMutant(Mutant::kReapsNamed)) return false;
  const bool young = object.expires_ms >= now_ms && !IsMutant(Mutant::kOpenObjectReapedEarly);
  if (state.life == ObjectLife::kOpen && young) return false;
  if (state.life == ObjectLife::kBound) {
    if (object.unbound_hlc > tables_.floor) return false;
    const auto bucket = tables_.buckets.find(state.bucket);
    const bool history = bucket != tables_.buckets.end() && bucket->second.settings.history_ms > 0;
    if (history && bucket->second.history_floor < object.unbound_hlc) return false;
  }
  if (tables_.IsPart(id)) return false;
  return IsMutant(Mutant::kReapIgnoresReferences) || !tables_.IsReferenced(id);
}

void MemoryCatalog::ForgetOldUploads(int64_t limit, int64_t now_ms) {
  std::vector<UploadId> old;
  for (const auto& [id, upload] : tables_.uploads) {
    if (upload.expires_ms < now_ms && static_cast<int64_t>(old.size()) < limit) old.push_back(id);
  }
  for (const UploadId& id : old) tables_.ForgetUpload(id);
}

Result<int64_t> MemoryCatalog::Reap(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  const int64_t now_ms = clock_.NowMillis();
  int64_t reaped = 0;
  ++tables_.xid;
  ForgetOldUploads(limit, now_ms);
  for (auto& [id, object] : tables_.objects) {
    if (reaped == limit || !MayReap(id, object, now_ms)) continue;
    object.state.life = ObjectLife::kReaped;
    object.expires_ms = now_ms;
    tables_.AppendJournal(kJournalReap, id, {}, 0, {}, {}, now_ms);
    ++reaped;
  }
  return reaped;
}

Result<std::optional<int64_t>> MemoryCatalog::DropRows(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  const int64_t now_ms = clock_.NowMillis();
  for (auto& [id, object] : tables_.objects) {
    if (object.state.life != ObjectLife::kReaped || object.expires_ms > now_ms) continue;
    std::vector<Extent> rows = object.extents.All();
    rows.resize(std::min<size_t>(rows.size(), limit));
    for (const Extent& row : rows) object.extents.Erase(row);
    const size_t past = std::min<size_t>(object.past.size(), limit);
    for (size_t i = 0; i < past; ++i) rows.push_back(object.past[i].extent);
    object.past.erase(object.past.begin(), object.past.begin() + static_cast<ptrdiff_t>(past));
    for (const Extent& row : rows) {
      if (IsMutant(Mutant::kDroppedRowsForgotten)) break;
      if (row.source.kind == SourceKind::kBody) tables_.garbage.push_back({row.source.body, now_ms});
    }
    if (rows.empty()) DropOtherRows(id, object, now_ms);
    return std::optional<int64_t>(rows.size());
  }
  return std::optional<int64_t>();
}

void MemoryCatalog::DropOtherRows(ObjectId id, MemoryTables::Object& object, int64_t now_ms) {
  object.heads.clear();
  object.expires_ms = INT64_MAX;
  for (auto op = tables_.ops.lower_bound(ObjectOp{id, {}}); op != tables_.ops.end() && op->first.object == id;) {
    const MemoryTables::OpRow& row = op->second;
    const bool old = row.at_ms < now_ms - kMaxOpAgeMs;
    if (!old && !IsNameOp(row.kind)) object.expires_ms = now_ms + kMaxOpAgeMs;
    if (old && !IsNameOp(row.kind)) {
      if (row.order) tables_.orders.erase({id, *row.order});
      op = tables_.ops.erase(op);
    } else {
      ++op;
    }
  }
}

// ---- bodies ------------------------------------------------------------------------------------------------------------------

Result<int64_t> MemoryCatalog::PurgeMark(const Context& context, Duration grace, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  if (IsMutant(Mutant::kNoGrace)) grace = {};
  const int64_t before = clock_.NowMillis() - std::chrono::duration_cast<std::chrono::milliseconds>(grace).count();
  std::set<BodyId> lately;  // lost another row
  for (const MemoryTables::Suspect& suspect : tables_.garbage) {
    if (suspect.since_ms > before && !IsMutant(Mutant::kGraceOfTheFirstRow)) lately.insert(suspect.body);
  }
  int64_t looked = 0;
  std::erase_if(tables_.garbage, [&](const MemoryTables::Suspect& suspect) {
    if (looked == limit || suspect.since_ms > before) return false;
    ++looked;
    const auto body = tables_.bodies.find(suspect.body);
    if (body == tables_.bodies.end() || tables_.IsNamed(suspect.body) || lately.contains(suspect.body)) return true;
    if (body->second.row.encoding) {
      body->second.purging = true;
    } else {
      tables_.bodies.erase(body);
    }
    return true;
  });
  return looked;
}

Result<std::vector<PurgingBody>> MemoryCatalog::ListPurging(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  std::vector<PurgingBody> purging;
  for (const auto& [id, body] : tables_.bodies) {
    if (!body.purging || purging.size() == static_cast<size_t>(limit)) continue;
    PurgingBody row{id, {}, 1};
    if (body.row.encoding) row.encoding = body.row.encoding->id, row.n = body.row.encoding->n;
    purging.push_back(row);
  }
  return purging;
}

Status MemoryCatalog::PurgeDone(const Context& context, std::span<const BodyId> bodies) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  for (const BodyId& id : bodies) {
    const auto body = tables_.bodies.find(id);
    if (body == tables_.bodies.end() || !body->second.purging) continue;
    if (body->second.row.encoding) tables_.encodings.erase(body->second.row.encoding->id);
    tables_.bodies.erase(body);
  }
  return OkStatus();
}

// ---- orphans -----------------------------------------------------------------------------------------------------------------

Result<std::vector<EncodingId>> MemoryCatalog::SweepMark(const Context& context, std::span<const EncodingId> reported) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  const int64_t born_before = clock_.NowMillis() - kMaxEncodingAgeMs - kSweepMarginMs;
  std::vector<EncodingId> confirmed;
  for (const EncodingId& id : reported) {
    const bool named =
        !IsMutant(Mutant::kSweepIgnoresBodies) && (tables_.encodings.contains(id) || tables_.retired.contains(id));
    if (id.Millis() < born_before && !named && !IsMutant(Mutant::kOrphansStay))
      tables_.swept.try_emplace(id, MemoryTables::Tombstone{clock_.NowMillis()});
    const auto tombstone = tables_.swept.find(id);
    if (tombstone != tables_.swept.end() && tombstone->second.confirmed) confirmed.push_back(id);
  }
  return confirmed;
}

Status MemoryCatalog::SweepArm(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  for (auto& [id, tombstone] : tables_.swept) tombstone.armed = true;
  return OkStatus();
}

// Every transaction is over before the next begins, so whatever is armed may be confirmed.
Result<std::vector<EncodingId>> MemoryCatalog::SweepConfirm(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  std::erase_if(tables_.swept, [&](const auto& row) {
    const bool named = !IsMutant(Mutant::kSweepIgnoresBodies) &&
                       (tables_.encodings.contains(row.first) || tables_.retired.contains(row.first));
    return !row.second.confirmed && named;
  });
  std::vector<EncodingId> confirmed;
  for (auto& [id, tombstone] : tables_.swept) {
    if (!tombstone.armed || tombstone.confirmed || confirmed.size() == static_cast<size_t>(limit)) continue;
    tombstone.confirmed = true;
    confirmed.push_back(id);
  }
  return confirmed;
}

Result<int64_t> MemoryCatalog::SweepForget(const Context& context, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  const int64_t before = clock_.NowMillis() - MemoryTables::kTombstoneMs;
  int64_t forgotten = 0;
  std::erase_if(tables_.swept, [&](const auto& row) {
    if (!row.second.confirmed || row.second.at_ms >= before || forgotten == limit) return false;
    return ++forgotten, true;
  });
  return forgotten;
}

// ---- for tests ---------------------------------------------------------------------------------------------------------------

void MemoryCatalog::RaiseFloor(Hlc floor) {
  MutexLock lock(mutex_);
  tables_.floor = std::max(tables_.floor, floor);
}

void MemoryCatalog::ExpireOpen(ObjectId object) {
  MutexLock lock(mutex_);
  tables_.objects.at(object).expires_ms = clock_.NowMillis() - 1;
}

void MemoryCatalog::ExpireUpload(UploadId upload) {
  MutexLock lock(mutex_);
  tables_.uploads.at(upload).expires_ms = clock_.NowMillis() - 1;
}

void MemoryCatalog::AgeTombstone(EncodingId encoding) {
  MutexLock lock(mutex_);
  tables_.swept.at(encoding).at_ms -= MemoryTables::kTombstoneMs + 1000;
}

void MemoryCatalog::MarkSwept(EncodingId encoding) {
  MutexLock lock(mutex_);
  tables_.swept.try_emplace(encoding);
}

}  // namespace pbfs
