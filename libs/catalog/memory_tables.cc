#include "libs/catalog/memory_tables.h"

#include <algorithm>

#include "libs/base/mutants.h"
#include "libs/catalog/opset.h"
#include "libs/model/limits.h"

namespace pbfs {

LoadedState MemoryTables::Load(const BatchPlan& plan, int64_t now_ms) const {
  LoadedState state;
  state.site.site = site_;
  state.site.now_ms = now_ms;
  state.site.floor = floor;
  for (const BucketId& id : plan.buckets) {
    const auto bucket = buckets.find(id);
    if (bucket == buckets.end()) continue;
    state.buckets[id] = {bucket->second.settings.versioning, bucket->second.settings.history_ms > 0};
  }
  const auto load_object = [&](ObjectId id) {
    if (const auto row = objects.find(id); row != objects.end()) state.objects[id] = LoadObject(row->second);
  };
  for (const BatchPlan::ObjectLock& lock : plan.objects) load_object(lock.object);
  for (const ObjectId& id : plan.source_objects) load_object(id);
  for (const ObjectRegion& key : plan.heads) {
    const auto object = objects.find(key.object);
    if (object == objects.end()) continue;
    const auto head = object->second.heads.find(key.region);
    if (head != object->second.heads.end()) state.heads[key] = {head->second.max_hlc};
  }
  const auto load_body = [&](BodyId id) {
    if (const auto row = bodies.find(id); row != bodies.end())
      state.bodies[id] = {row->second.bucket, !row->second.purging};
  };
  for (const BodyId& id : plan.source_bodies) load_body(id);
  for (const BodyId& id : plan.new_bodies) load_body(id);
  for (const EncodingId& id : plan.encodings) {
    if (swept.contains(id)) {
      state.encodings[id] = {true};
    } else if (encodings.contains(id)) {
      state.encodings[id] = {false};
    }
  }
  for (const NameKey& key : plan.names) state.names[key] = LoadName(key);
  for (const UploadId& id : plan.uploads) {
    if (const auto row = uploads.find(id); row != uploads.end())
      state.uploads[id] = {row->second.info.bucket, row->second.info.name};
  }
  for (const ObjectOp& key : plan.ops) {
    if (const OpRow* row = FindOp(key)) state.ops[key] = row->digest;
  }
  for (const ObjectOrder& key : plan.orders) {
    if (orders.contains(key)) state.orders[key] = true;
  }
  for (const uint16_t group : plan.groups) {
    if (const auto row = groups.find(group); row != groups.end()) state.groups[group] = row->second;
  }
  if (!plan.groups.empty()) state.stores = stores;
  return state;
}

ObjectState MemoryTables::LoadObject(const Object& object) const {
  ObjectState state = object.state;
  state.has_extents = object.extents.size() > 0;
  for (const auto& [region, head] : object.heads) {
    state.heads_max = std::max(state.heads_max, head.max_hlc);
    XorInto(state.heads_opset, head.opset);
  }
  return state;
}

NameState MemoryTables::LoadName(const NameKey& key) const {
  NameState state;
  if (const auto name = names.find(key); name != names.end()) state.current = name->second;
  if (const auto past = past_names.find(key); past != past_names.end()) state.past = past->second;
  return state;
}

void MemoryTables::Apply(const RowChanges& changes, int64_t now_ms) {
  ++xid;
  for (const ObjectChange& change : changes.objects) ApplyObject(change, now_ms);
  for (const BodyInsert& body : changes.bodies) {
    PBFS_CHECK(bodies.emplace(body.row.id, Body{body.bucket, body.row}).second);
    if (body.row.encoding) PBFS_CHECK(encodings.emplace(body.row.encoding->id, body.row.id).second);
  }
  for (const OpInsert& op : changes.ops) {
    const bool fresh =
        ops.emplace(ObjectOp{op.object, op.op}, OpRow{op.kind, op.order, op.record, op.digest, now_ms}).second;
    PBFS_CHECK(fresh);
    if (op.order) PBFS_CHECK(orders.emplace(ObjectOrder{op.object, *op.order}, op.op).second);
    AppendJournal(static_cast<uint8_t>(op.kind), op.object, op.op, op.part, op.record, {}, now_ms);
  }
  for (const ExtentInsert& row : changes.extents) PBFS_CHECK(objects.at(row.object).extents.Insert(row.extent));
  std::vector<Prune> prunes = changes.prunes;  // smallest gone first
  std::stable_sort(prunes.begin(), prunes.end(), [](const Prune& a, const Prune& b) { return a.gone < b.gone; });
  for (const Prune& prune : prunes) ApplyPrune(prune, now_ms);
  for (const HeadChange& change : changes.heads) {
    Head& head = objects.at(change.head.object).heads[change.head.region];
    head.max_hlc = std::max(head.max_hlc, change.max_hlc);
    XorInto(head.opset, change.opset_xor);
  }
  for (const PastChange& change : changes.past_names) {
    if (change.row) {
      past_names[change.name].insert_or_assign(change.order, *change.row);
    } else {
      past_names[change.name].erase(change.order);
    }
  }
  for (const NameChange& change : changes.names) {
    if (change.current) {
      names.insert_or_assign(change.name, *change.current);
    } else {
      names.erase(change.name);
    }
  }
  for (const UploadId& id : changes.uploads) uploads.erase(id);
  for (const BodyId& body : changes.garbage) garbage.push_back({body, now_ms});
}

bool MemoryTables::IsPart(ObjectId object) const {
  return std::any_of(uploads.begin(), uploads.end(), [&](const auto& upload) {
    const auto& parts = upload.second.parts;
    return std::any_of(parts.begin(), parts.end(), [&](const auto& part) { return part.second.object == object; });
  });
}

void MemoryTables::ForgetUpload(UploadId id) {
  for (const auto& [number, part] : uploads.at(id).parts) ExpireOpen(part.object);
  uploads.erase(id);
}

void MemoryTables::ExpireOpen(ObjectId id) {
  const auto object = objects.find(id);
  if (object != objects.end() && object->second.state.life == ObjectLife::kOpen) object->second.expires_ms = 0;
}

void MemoryTables::ApplyObject(const ObjectChange& change, int64_t now_ms) {
  if (change.created) {
    Object& created = objects[change.object];
    created.state.bucket = change.bucket;
    created.expires_ms = now_ms + kOpenObjectMs;
  }
  Object& object = objects.at(change.object);
  ObjectState& state = object.state;
  if (change.bound) state.life = ObjectLife::kBound, object.expires_ms = INT64_MAX;
  state.sealed = state.sealed || change.seal;
  state.depth = std::max(state.depth, change.depth);
  state.span_hlc = std::max(state.span_hlc, change.span_hlc);
  XorInto(state.span_opset, change.opset_xor);
  if (change.renamed) {
    state.bindings += change.bindings_delta;
    PBFS_CHECK(state.bindings >= 0);
    object.unbound_hlc = state.bindings == 0 ? change.gone : 0;
  }
  if (change.trunc && change.trunc->order > object.trunc.order) object.trunc = *change.trunc;
  if (change.meta && change.meta->order > state.meta_order) {
    state.meta_order = change.meta->order;
    object.meta = change.meta->record;
  }
}

void MemoryTables::ApplyPrune(const Prune& prune, int64_t now_ms) {
  Object& object = objects.at(prune.object);
  for (const Extent& extent : object.extents.Dominated(prune.lo, prune.hi, prune.below)) {
    Remove(object, extent, prune.history && !IsMutant(Mutant::kPruneDropsHistory), prune.gone, now_ms);
  }
}

void MemoryTables::Remove(Object& object, const Extent& extent, bool history, Hlc gone, int64_t since_ms) {
  object.extents.Erase(extent);
  if (IsMutant(Mutant::kRemovedBodyForgotten) && !history) return;
  if (history) {
    object.past.push_back({extent, gone});
  } else if (extent.source.kind == SourceKind::kBody) {
    garbage.push_back({extent.source.body, since_ms});
  }
}

SourceVerdicts MemoryTables::RemoveSources(const ParsedCommit& rehome, const RehomeDecision& decision, int64_t now_ms) {
  const ParsedOp& op = rehome.ops[0];
  Object& object = objects.at(op.object);
  int64_t lo = INT64_MAX, hi = 0;
  for (const RehomeSource& source : op.sources) lo = std::min(lo, source.lo), hi = std::max(hi, source.hi);
  const SourceVerdicts verdicts = JudgeSources(object.extents.Overlapping(lo, hi), op.sources, op.op);
  const bool history = buckets.at(rehome.bucket).settings.history_ms > 0 && !IsMutant(Mutant::kRehomeDropsHistory);
  for (const Extent& extent : verdicts.removed) {
    Remove(object, extent, history, extent.size() > kRegionSize ? decision.gone_span : decision.gone,
           now_ms + kRehomeHoldMs);
  }
  return verdicts;
}

const MemoryTables::Object* MemoryTables::FindObject(BucketId bucket, ObjectId id) const {
  const auto row = objects.find(id);
  if (row == objects.end()) return nullptr;
  const ObjectState& state = row->second.state;
  return state.bucket == bucket && state.life != ObjectLife::kReaped ? &row->second : nullptr;
}

bool MemoryTables::IsReferenced(ObjectId referenced) const {
  return AnyExtent([&](const Extent& extent) { return extent.source == Source::Of(referenced); });
}

bool MemoryTables::IsNamed(BodyId body) const {
  if (IsMutant(Mutant::kPurgeIgnoresExtents)) return false;
  return AnyExtent([&](const Extent& extent) { return extent.source == Source::Of(body); });
}

bool MemoryTables::AnyExtent(const std::function<bool(const Extent&)>& wanted) const {
  for (const auto& [id, object] : objects) {
    const std::vector<Extent> present = object.extents.All();
    if (std::any_of(present.begin(), present.end(), wanted)) return true;
    if (IsMutant(Mutant::kPurgeIgnoresHistory)) continue;
    if (std::any_of(object.past.begin(), object.past.end(), [&](const PastExtent& row) { return wanted(row.extent); }))
      return true;
  }
  return false;
}

const MemoryTables::OpRow* MemoryTables::FindOp(const ObjectOp& key) const {
  const auto row = ops.find(key);
  return row == ops.end() ? nullptr : &row->second;
}

void MemoryTables::AppendJournal(uint8_t kind, ObjectId object, OpId op, int16_t part, Buffer record, Buffer payload,
                                 int64_t now_ms) {
  journal_ms.push_back(now_ms);
  journal.push_back({{xid, next_seq++}, part, kind, object, op, std::move(record), std::move(payload)});
}

Opset MemoryTables::OpsetOf(const Object& object) {
  Opset opset = object.state.span_opset;
  for (const auto& [region, head] : object.heads) XorInto(opset, head.opset);
  return opset;
}

Hlc MemoryTables::NewestOf(const Object& object) {
  Hlc newest = object.state.span_hlc;
  for (const auto& [region, head] : object.heads) newest = std::max(newest, head.max_hlc);
  return newest;
}

int64_t MemoryTables::SizeOfObject(const Object& object) {
  if (IsMutant(Mutant::kSizeIgnoresTrunc)) return object.extents.EndAbove({});
  return std::max(object.trunc.length, object.extents.EndAbove(object.trunc.order));
}

}  // namespace pbfs
