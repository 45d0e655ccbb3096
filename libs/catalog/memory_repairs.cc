#include <algorithm>

#include "libs/base/mutants.h"
#include "libs/catalog/memory_catalog.h"
#include "libs/catalog/rules.h"

namespace pbfs {
namespace {

uint64_t BitOf(const Shard& shard) { return uint64_t{1} << shard.number; }

EncodedBody SeenByRepair(const BodyRow& row) { return {row.id, *row.encoding, row.header, row.ct_root, row.missing}; }

}  // namespace

// Every transaction is over before the next begins, so whatever is shown is settled.
Result<std::vector<GroupCheck>> MemoryCatalog::ListGroupChecks(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  std::vector<GroupCheck> checks;
  for (const PlacementGroup& group : map_.groups) {
    const auto checked = tables_.checked_ms.find(group.group);
    checks.push_back({group.group, group.version, true, {}});
    if (checked != tables_.checked_ms.end()) checks.back().checked_ms = checked->second;
  }
  return checks;
}

Result<std::vector<EncodedBody>> MemoryCatalog::ListEncodings(const Context& context, const GroupRange& range,
                                                              int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  const auto position = [](EncodingId id) { return std::pair(PlacementGroupOf(id), id); };
  std::vector<EncodedBody> bodies;
  for (const auto& [id, body] : tables_.bodies) {
    if (!body.row.encoding.has_value() || body.purging) continue;
    const auto at = position(body.row.encoding->id);
    if (std::pair(range.first, range.after) < at && at.first <= range.last) bodies.push_back(SeenByRepair(body.row));
  }
  std::sort(bodies.begin(), bodies.end(),
            [&](const auto& a, const auto& b) { return position(a.encoding.id) < position(b.encoding.id); });
  bodies.resize(std::min<size_t>(bodies.size(), limit));
  return bodies;
}

MemoryTables::Body* MemoryCatalog::LiveBody(EncodingId encoding) {
  const auto id = tables_.encodings.find(encoding);
  if (id == tables_.encodings.end()) return nullptr;
  MemoryTables::Body& body = tables_.bodies.at(id->second);
  return body.purging ? nullptr : &body;
}

Result<std::vector<EncodedBody>> MemoryCatalog::FindEncodings(const Context& context,
                                                              std::span<const EncodingId> encodings) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  std::vector<EncodedBody> bodies;
  for (const EncodingId encoding : encodings) {
    if (const MemoryTables::Body* body = LiveBody(encoding)) bodies.push_back(SeenByRepair(body->row));
  }
  return bodies;
}

Status MemoryCatalog::MarkMissing(const Context& context, std::span<const Shard> shards) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  for (const Shard& shard : shards) {
    MemoryTables::Body* body = LiveBody(shard.encoding);
    if (body != nullptr && shard.number < body->row.encoding->n) body->row.missing |= BitOf(shard);
  }
  return OkStatus();
}

Result<std::vector<EncodedBody>> MemoryCatalog::ListDegraded(const Context& context, DegradedPosition after,
                                                             int32_t limit) {
  PBFS_RETURN_IF_ERROR(context.Check());
  PBFS_RETURN_IF_ERROR(CheckLimit(limit));
  MutexLock lock(mutex_);
  const auto position = [](const EncodedBody& body) { return DegradedPosition{body.Margin(), body.body}; };
  std::vector<EncodedBody> bodies;
  for (const auto& [id, body] : tables_.bodies) {
    if (body.row.missing == 0 || body.purging) continue;
    const EncodedBody seen = SeenByRepair(body.row);
    if (after < position(seen)) bodies.push_back(seen);
  }
  std::sort(bodies.begin(), bodies.end(), [&](const auto& a, const auto& b) { return position(a) < position(b); });
  bodies.resize(std::min<size_t>(bodies.size(), limit));
  return bodies;
}

Status MemoryCatalog::ClearMissing(const Context& context, std::span<const PlacedShard> shards) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  for (const auto& [shard, version] : shards) {
    const uint16_t group = PlacementGroupOf(shard.encoding);
    if (group >= map_.groups.size()) continue;
    if (map_.groups[group].version != version) continue;
    MemoryTables::Body* body = LiveBody(shard.encoding);
    if (body != nullptr && shard.number < body->row.encoding->n) body->row.missing &= ~BitOf(shard);
  }
  return OkStatus();
}

bool MemoryCatalog::HasAllShards(uint16_t group) const {
  return std::none_of(tables_.bodies.begin(), tables_.bodies.end(), [&](const auto& row) {
    const MemoryTables::Body& body = row.second;
    return body.row.missing != 0 && !body.purging && PlacementGroupOf(body.row.encoding->id) == group;
  });
}

Status MemoryCatalog::GroupsChecked(const Context& context, std::span<const GroupVersion> groups) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  bool changed = false;
  for (const GroupVersion& checked : groups) {
    if (checked.group >= map_.groups.size()) continue;
    PlacementGroup& group = map_.groups[checked.group];
    if (group.version != checked.version && !IsMutant(Mutant::kCheckOfOldVersionCounts)) continue;
    tables_.checked_ms[checked.group] = clock_.NowMillis();
    const bool complete = IsMutant(Mutant::kActiveWhileMissing) || HasAllShards(checked.group);
    if (group.IsWhole() || !complete) continue;
    group.members.assign(group.stores.size(), MemberState::kActive);
    group.previous.clear();
    tables_.groups[checked.group] = group;
    changed = true;
  }
  if (changed) {
    ++map_.version;
    map_changed_.NotifyAll();
  }
  return OkStatus();
}

Status MemoryCatalog::Recheck(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  tables_.checked_ms.clear();
  return OkStatus();
}

Status MemoryCatalog::ReportSuspect(const Context& context, EncodingId encoding) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  if (LiveBody(encoding) != nullptr) tables_.suspects.insert(encoding);
  return OkStatus();
}

Result<Redundancy> MemoryCatalog::GetRedundancy(const Context& context) {
  PBFS_RETURN_IF_ERROR(context.Check());
  MutexLock lock(mutex_);
  Redundancy redundancy;
  for (const auto& [id, body] : tables_.bodies) {
    const int margin = body.row.encoding ? SeenByRepair(body.row).Margin() : 0;
    if (IsMutant(Mutant::kHealthyWithMargin) && margin > 0) continue;
    if (body.row.missing != 0 && !body.purging) ++redundancy.degraded[margin];
  }
  redundancy.suspects = std::count_if(tables_.suspects.begin(), tables_.suspects.end(),
                                      [&](EncodingId id) { return LiveBody(id) != nullptr; });
  redundancy.groups = static_cast<int32_t>(map_.groups.size());
  for (const PlacementGroup& group : map_.groups) {
    redundancy.backfilling += group.IsWhole() ? 0 : 1;
    const auto checked = tables_.checked_ms.find(group.group);
    if (checked == tables_.checked_ms.end()) {
      ++redundancy.unchecked;
    } else {
      redundancy.oldest_check_ms = std::min(redundancy.oldest_check_ms.value_or(INT64_MAX), checked->second);
    }
  }
  redundancy.now_ms = clock_.NowMillis();
  return redundancy;
}

}  // namespace pbfs
