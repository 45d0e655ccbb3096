#include <algorithm>
#include <set>

#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/rules.h"
#include "libs/model/limits.h"

/// What is left of Garbage besides data: tombstones of zeros, the journal, and what a collector says of itself.
namespace pbfs {
namespace {

constexpr int64_t kDayMs = 86'400'000;
constexpr size_t kMaxExtents =
    20'000;  // an object of more keeps its zeros, as in PostgreSQL: reading them all takes long

bool IsZeros(const Extent& extent) { return extent.source.kind == SourceKind::kZeros; }

/// Bytes of the fragments of a body, or of its ciphertext where it is inline.
int64_t StoredBytes(const BodyRow& body) {
  const int64_t length = BodyLength(body.header);
  return body.encoding ? length * body.encoding->n / body.encoding->k : length;
}

}  // namespace

// ---- zeros -------------------------------------------------------------------------------------------------------------------

Result<ZerosPage> MemoryCatalog::DropZeros(const Context& context, ObjectId after, int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  std::set<ObjectId> with_zeros;
  for (const auto& [id, object] : tables_.objects) {
    const std::vector<Extent> all = object.extents.All();
    if (id > after && std::any_of(all.begin(), all.end(), IsZeros)) with_zeros.insert(id);
  }
  ZerosPage page;
  ++tables_.xid;
  for (const ObjectId& id : with_zeros) {
    if (limit-- == 0) break;
    page.dropped += DropZerosOf(tables_.objects.at(id));
    page.last = id;
  }
  return page;
}

// I14, and one thing more: zero_floor must not pass bytes that are left, or no rehome could copy those. In a bucket with history
// truncations stay, for they say how long the object was.
int64_t MemoryCatalog::DropZerosOf(MemoryTables::Object& object) {
  const std::vector<Extent> all = object.extents.All();
  if (object.state.life == ObjectLife::kReaped || all.size() > kMaxExtents) return 0;
  const auto bucket = tables_.buckets.find(object.state.bucket);
  const bool history = bucket != tables_.buckets.end() && bucket->second.settings.history_ms > 0;
  Hlc oldest = INT64_MAX;
  for (const Extent& extent : all) {
    if (!IsZeros(extent)) oldest = std::min(oldest, extent.order.hlc);
  }
  int64_t dropped = 0;
  for (const Extent& zeros : all) {
    if (!IsZeros(zeros) || zeros.order > object.trunc.order || zeros.order.hlc >= oldest) continue;
    if (history && zeros.hi == kTruncEnd) continue;
    if (object.extents.Overlapping(zeros.lo, zeros.hi).size() > 1) continue;
    object.extents.Erase(zeros);
    if (history) object.past.push_back({zeros, MemoryTables::NewestOf(object)});
    object.state.zero_floor = std::max(object.state.zero_floor, zeros.order.hlc);
    ++dropped;
  }
  return dropped;
}

// ---- the journal -------------------------------------------------------------------------------------------------------------

Result<int64_t> MemoryCatalog::DaysExpire(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  const int64_t today = clock_.NowMillis() / kDayMs, first_kept = (today - 1) * kDayMs;
  std::set<int64_t> days;
  size_t gone = 0;
  for (; gone < tables_.journal_ms.size() && tables_.journal_ms[gone] < first_kept; ++gone)
    days.insert(tables_.journal_ms[gone] / kDayMs);
  tables_.journal.erase(tables_.journal.begin(), tables_.journal.begin() + static_cast<ptrdiff_t>(gone));
  tables_.journal_ms.erase(tables_.journal_ms.begin(), tables_.journal_ms.begin() + static_cast<ptrdiff_t>(gone));
  return static_cast<int64_t>(days.size());
}

// ---- what a collector says, and is asked -------------------------------------------------------------------------------------

Status MemoryCatalog::ReportPass(const Context& context, const CollectorPass& pass) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  CollectorPass& kept = tables_.passes[pass.kind];
  kept = pass;
  kept.ended_ms = clock_.NowMillis();
  return OkStatus();
}

Status MemoryCatalog::AskForPass(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  tables_.pass_asked_ms = clock_.NowMillis();
  return OkStatus();
}

Result<bool> MemoryCatalog::TakeRequest(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  return std::exchange(tables_.pass_asked_ms, std::nullopt).has_value();
}

Result<GarbageState> MemoryCatalog::GetGarbage(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  GarbageState state;
  state.now_ms = clock_.NowMillis();
  state.timeline = state.thawed_timeline = 1;
  for (const auto& [id, object] : tables_.objects) {
    const ObjectLife life = object.state.life;
    if (life == ObjectLife::kOpen && object.expires_ms < state.now_ms) ++state.expired_objects;
    if (life == ObjectLife::kBound && object.state.bindings == 0) ++state.unbound_objects;
    if (life == ObjectLife::kReaped && object.expires_ms <= state.now_ms) ++state.reaped_objects;
  }
  std::set<BodyId> waiting;
  for (const MemoryTables::Suspect& suspect : tables_.garbage) {
    const auto body = tables_.bodies.find(suspect.body);
    if (body == tables_.bodies.end() || body->second.purging) continue;
    state.since_ms = std::min(state.since_ms.value_or(INT64_MAX), suspect.since_ms);
    if (waiting.insert(suspect.body).second) state.bytes += StoredBytes(body->second.row);
  }
  state.bodies = static_cast<int64_t>(waiting.size());
  for (const auto& [id, body] : tables_.bodies) state.purging_bodies += body.purging ? 1 : 0;
  for (const auto& [id, tombstone] : tables_.swept) state.marked_encodings += tombstone.confirmed ? 0 : 1;
  state.asked_ms = tables_.pass_asked_ms;
  for (const auto& [kind, pass] : tables_.passes) state.passes.push_back(pass);
  return state;
}

}  // namespace pbfs
