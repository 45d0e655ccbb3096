#include "libs/catalog/decider.h"

#include <algorithm>
#include <iterator>

#include "libs/base/mutants.h"
#include "libs/catalog/encoding_rules.h"
#include "libs/model/limits.h"

namespace pbfs {

Decider::Decider(const LoadedState& state)
    : loaded_(state),
      objects_(state.objects),
      heads_(state.heads),
      names_(state.names),
      bodies_(state.bodies),
      encodings_(state.encodings),
      ops_(state.ops),
      orders_(state.orders),
      open_uploads_(state.uploads) {}

CommitReply Decider::Commit(const ParsedCommit& commit) {
  commit_ = &commit;
  newest_ = 0;
  CommitReply reply;
  reply.now_ms = loaded_.site.now_ms;
  reply.code = Try(commit);
  reply.max_hlc = newest_;
  if (reply.code == CommitCode::kVersioning) reply.versioning = bucket_.versioning;
  if (reply.code == CommitCode::kOk) {
    for (const ParsedOp& op : commit.ops) reply.max_hlc = std::max(reply.max_hlc, op.order.hlc);
    Keep();
  } else if (IsMutant(Mutant::kRefusedPartStays)) {
    Keep();
  } else {
    Discard();
  }
  return reply;
}

CommitCode Decider::Try(const ParsedCommit& commit) {
  if (const CommitCode code = Replay(commit); code != CommitCode::kOk) return code;
  const auto bucket = loaded_.buckets.find(commit.bucket);
  if (bucket == loaded_.buckets.end()) return CommitCode::kObjectGone;
  bucket_ = bucket->second;
  if (commit.versioning != bucket_.versioning && commit.HasNames()) return CommitCode::kVersioning;
  uploads_.clear();
  for (const ParsedBody& body : commit.bodies) uploads_.insert(body.row.id);
  name_condition_due_ = commit.if_name.has_value();
  if (commit.if_opset) {
    if (const CommitCode code = ContentCondition(); code != CommitCode::kOk) return code;
  }
  if (commit.if_meta) {
    if (const CommitCode code = MetaCondition(); code != CommitCode::kOk) return code;
  }
  if (commit.complete_upload) {
    if (const CommitCode code = CompleteUpload(); code != CommitCode::kOk) return code;
  }
  for (const ParsedOp& op : commit.ops) {
    if (const CommitCode code = One(op); code != CommitCode::kOk) return code;
  }
  return AddBodies(commit);
}

/// The upload is there, and the first BIND gives its name; of two Commits that complete it one happens.
CommitCode Decider::CompleteUpload() {
  const auto bind = std::find_if(commit_->ops.begin(), commit_->ops.end(),
                                 [](const ParsedOp& op) { return op.kind == OpKind::kBind; });
  NameKey* upload = open_uploads_.Find(*commit_->complete_upload);
  if (upload == nullptr || *upload != NameKey{commit_->bucket, bind->name}) return CommitCode::kObjectGone;
  *upload = {};
  draft_.uploads.push_back(*commit_->complete_upload);
  return CommitCode::kOk;
}

CommitCode Decider::Replay(const ParsedCommit& commit) {
  size_t same = 0, present = 0;
  for (const ParsedOp& op : commit.ops) {
    const auto* digest = ops_.Find({op.object, op.op});
    present += digest != nullptr;
    same += digest != nullptr && *digest == op.digest;
  }
  if (present == 0 || IsMutant(Mutant::kReplayNotRecognised)) return CommitCode::kOk;
  return same == commit.ops.size() ? CommitCode::kReplay : CommitCode::kOpIdReused;
}

CommitCode Decider::One(const ParsedOp& op) {
  // I15: digests of ops are kept for as long as their ids are young enough to come back.
  if (op.op.Millis() < loaded_.site.now_ms - kMaxOpAgeMs) return CommitCode::kOpTooOld;
  switch (op.kind) {
    case OpKind::kWrite:
    case OpKind::kZero:
    case OpKind::kTrunc:
    case OpKind::kClone: return Content(op);
    case OpKind::kBind: return Bind(op);
    case OpKind::kUnbind: return Unbind(op);
    case OpKind::kDrop: return Drop(op);
    case OpKind::kSeal: return Seal(op);
    case OpKind::kMeta: return Meta(op);
    case OpKind::kRehome:
    case OpKind::kCheckpoint: break;
  }
  return CommitCode::kBadOp;
}

// ---- content -------------------------------------------------------------------------------------------------------------------

CommitCode Decider::Content(const ParsedOp& op) {
  ObjectEntry* object = LiveObject(op.object);
  if (object == nullptr) return CommitCode::kObjectGone;
  // I24: an object that lost its last name takes no more writes.
  const bool unnamed = object->state.life == ObjectLife::kBound && object->state.bindings == 0;
  if (unnamed && !IsMutant(Mutant::kUnnamedTakesWrites)) return CommitCode::kObjectGone;
  if (TakesNoWrites(object->state) && !IsMutant(Mutant::kSealedTakesWrites)) return CommitCode::kSealed;
  if (const CommitCode code = CheckOrder(op, NewestOf(op, *object)); code != CommitCode::kOk) return code;
  if (const CommitCode code = Sources(op, *object); code != CommitCode::kOk) return code;
  Place(op, *object);
  return CommitCode::kOk;
}

/// What a name shows where versions are kept is a version: also one that was bound before, and so was not sealed.
bool Decider::TakesNoWrites(const ObjectState& object) const {
  return object.sealed || (bucket_.versioning == Versioning::kEnabled && object.life == ObjectLife::kBound);
}

/// The object of this Commit's bucket, created if the Commit may; null if it is not there.
ObjectEntry* Decider::LiveObject(ObjectId id) {
  ObjectEntry* object = objects_.Find(id);
  if (object != nullptr && object->known) {
    const bool live = object->state.life != ObjectLife::kReaped && object->state.bucket == commit_->bucket;
    return live ? object : nullptr;
  }
  const auto& creates = commit_->creates;
  if (std::find(creates.begin(), creates.end(), id) == creates.end()) return nullptr;
  ObjectEntry fresh;
  fresh.known = true;
  fresh.state.bucket = commit_->bucket;
  fresh.state.has_extents = false;
  fresh.change.created = true;
  fresh.change.bucket = commit_->bucket;
  return &objects_.Put(id, std::move(fresh));
}

CommitCode Decider::ContentCondition() {
  const ObjectEntry* object = LiveObject(commit_->ops[0].object);
  if (object == nullptr) return CommitCode::kObjectGone;
  Opset opset = object->state.span_opset;
  XorInto(opset, object->state.heads_opset);
  newest_ = std::max(object->state.span_hlc, object->state.heads_max);
  if (IsMutant(Mutant::kConditionNotChecked)) return CommitCode::kOk;
  return opset == *commit_->if_opset ? CommitCode::kOk : CommitCode::kPrecondition;
}

CommitCode Decider::MetaCondition() {
  const ObjectEntry* object = LiveObject(commit_->ops[0].object);
  if (object == nullptr) return CommitCode::kObjectGone;
  newest_ = object->state.meta_order.hlc;
  return object->state.meta_order == *commit_->if_meta ? CommitCode::kOk : CommitCode::kPrecondition;
}

/// I2: the newest order of every region that the op touches; a span touches all of the object.
Hlc Decider::NewestOf(const ParsedOp& op, const ObjectEntry& object) {
  Hlc newest = std::max(loaded_.site.floor, object.state.span_hlc);
  if (op.IsSpan()) newest = std::max(newest, object.state.heads_max);
  for (const Extent& extent : op.extents) {
    if (extent.size() > kRegionSize) continue;
    const HeadEntry* head = heads_.Find({op.object, RegionOf(extent.lo)});
    if (head != nullptr) newest = std::max(newest, head->max_hlc);
  }
  return newest;
}

/// I1, I2, I4. `newest` is the greatest order already there.
CommitCode Decider::CheckOrder(const ParsedOp& op, Hlc newest) {
  const SiteState& site = loaded_.site;
  newest_ = std::max(newest_, newest);
  if (IsMutant(Mutant::kStaleOrderAccepted)) newest = 0;
  if (op.order.hlc <= newest || op.order.hlc < HlcFromMillis(site.now_ms - kMaxHlcAgeMs))
    return CommitCode::kOrderStale;
  // The second arm keeps a region writable whose newest order somebody pushed far ahead.
  const Hlc latest = std::max(HlcFromMillis(site.now_ms + site.drift_ms), newest + (1 << 16));
  if (op.order.hlc > latest) return CommitCode::kDrift;
  if (orders_.Find({op.object, op.order}) != nullptr) {
    newest_ = std::max(newest_, op.order.hlc);
    return CommitCode::kOrderStale;
  }
  return CommitCode::kOk;
}

bool Decider::BodyIsLive(BodyId id) {
  if (uploads_.contains(id)) return true;
  const BodyState* body = bodies_.Find(id);
  if (body != nullptr && IsMutant(Mutant::kPurgedBodyNamed)) return true;
  return body != nullptr && body->live && body->bucket == commit_->bucket;
}

/// I18: what is named by reference is there and locked; I27: references nest at most 8 deep.
CommitCode Decider::Sources(const ParsedOp& op, ObjectEntry& object) {
  int depth = 0;
  for (const Extent& extent : op.extents) {
    if (extent.source.kind == SourceKind::kBody && !BodyIsLive(extent.source.body)) return CommitCode::kSourceGone;
    if (extent.source.kind != SourceKind::kObject) continue;
    const ObjectEntry* source = objects_.Find(extent.source.object);
    if (source == nullptr || !source->known || !source->state.sealed || source->state.life == ObjectLife::kReaped ||
        source->state.bucket != commit_->bucket || extent.source.object == op.object) {
      return CommitCode::kSourceGone;
    }
    depth = std::max(depth, source->state.depth + 1);
  }
  if (depth > kMaxReferenceDepth) return CommitCode::kTooDeep;
  object.state.depth = std::max(object.state.depth, depth);
  object.change.depth = std::max(object.change.depth, depth);
  return CommitCode::kOk;
}

void Decider::Place(const ParsedOp& op, ObjectEntry& object) {
  AddOp(op, op.order);
  for (const Extent& extent : op.extents) {
    if (IsMutant(Mutant::kTruncKeepsNoExtent) && op.kind == OpKind::kTrunc) continue;
    draft_.extents.push_back({op.object, extent});
    if (!object.state.has_extents) continue;
    draft_.prunes.push_back(
        {op.object, commit_->bucket, extent.lo, extent.hi, op.order, op.order.hlc, bucket_.history});
  }
  object.state.has_extents = true;
  RaiseHeads(op, object);
  if (op.kind == OpKind::kTrunc) object.change.trunc = TruncChange{op.order, op.extents[0].lo};
}

/// Each op counts once in the opset of its object: with the object's row if it has a span, else with its first region. (In
/// every region it touches, a write across a border would cancel itself out.)
void Decider::RaiseHeads(const ParsedOp& op, ObjectEntry& object) {
  const Opset bits = OpBits(op.op);
  bool counted = op.IsSpan();
  if (counted) {
    object.state.span_hlc = object.change.span_hlc = std::max(object.state.span_hlc, op.order.hlc);
    XorInto(object.state.span_opset, bits);
    XorInto(object.change.opset_xor, bits);
  }
  for (const Extent& extent : op.extents) {
    if (extent.size() > kRegionSize) continue;
    HeadEntry& head = heads_.FindOrPut({op.object, RegionOf(extent.lo)}, HeadEntry());
    head.max_hlc = std::max(head.max_hlc, op.order.hlc);
    head.changed = true;
    object.state.heads_max = std::max(object.state.heads_max, op.order.hlc);
    if (counted) continue;
    XorInto(head.opset_xor, bits);
    XorInto(object.state.heads_opset, bits);
    counted = true;
  }
}

// ---- objects -----------------------------------------------------------------------------------------------------------------

CommitCode Decider::Seal(const ParsedOp& op) {
  ObjectEntry* object = LiveObject(op.object);
  if (object == nullptr) return CommitCode::kObjectGone;
  const ObjectState& state = object->state;
  // An object that a name shows as writable stays writable: sealing it would take it away from its users.
  if (state.life == ObjectLife::kBound && state.bindings > 0 && !TakesNoWrites(state)) return CommitCode::kObjectGone;
  const Hlc newest = std::max({loaded_.site.floor, state.span_hlc, state.heads_max});
  if (const CommitCode code = CheckOrder(op, newest); code != CommitCode::kOk) return code;
  object->state.sealed = object->change.seal = true;
  AddOp(op, op.order);
  return CommitCode::kOk;
}

CommitCode Decider::Meta(const ParsedOp& op) {
  ObjectEntry* object = LiveObject(op.object);
  if (object == nullptr) return CommitCode::kObjectGone;
  const Hlc newest = std::max(loaded_.site.floor, object->state.meta_order.hlc);
  if (const CommitCode code = CheckOrder(op, newest); code != CommitCode::kOk) return code;
  object->state.meta_order = op.order;
  object->change.meta = MetaChange{op.order, op.record};
  AddOp(op, op.order);
  return CommitCode::kOk;
}

// ---- rows --------------------------------------------------------------------------------------------------------------------

void Decider::AddOp(const ParsedOp& op, std::optional<Order> order) {
  ops_.Put({op.object, op.op}, op.digest);
  if (order) orders_.Put({op.object, *order}, true);
  draft_.ops.push_back({op.object, op.op, op.kind, order, op.record, op.digest, part_});
}

/// I17, I20: the encodings of new bodies are young and not swept, on enough stores that are not gone; ids are new; shards that are not
/// where the placement group wants them are missing.
CommitCode Decider::AddBodies(const ParsedCommit& commit) {
  const SiteState& site = loaded_.site;
  for (const ParsedBody& body : commit.bodies) {
    if (bodies_.Find(body.row.id) != nullptr) return CommitCode::kBadOp;
    if (body.row.encoding && !IsMutant(Mutant::kNoTimeFence)) {
      const EncodingId id = body.row.encoding->id;
      if (!IsBornInTime(site, id)) return CommitCode::kEncodingExpired;
      if (const EncodingState* taken = encodings_.Find(id)) {
        return taken->swept ? CommitCode::kEncodingExpired : CommitCode::kBadOp;
      }
      if (LastingReceipts(body.held, loaded_.stores) < body.required) return CommitCode::kEncodingExpired;
      encodings_.Put(id, {});
    }
    bodies_.Put(body.row.id, {commit.bucket, true});
    BodyInsert insert{commit.bucket, body.row, !commit.creates.empty()};
    insert.row.missing = IsMutant(Mutant::kMissingNotMarked) ? 0 : Missing(body);
    draft_.bodies.push_back(std::move(insert));
  }
  return CommitCode::kOk;
}

uint64_t Decider::Missing(const ParsedBody& body) const {
  if (!body.row.encoding) return 0;
  const Encoding& encoding = *body.row.encoding;
  const auto group = loaded_.groups.find(PlacementGroupOf(encoding.id));
  const PlacementGroup* placed = group == loaded_.groups.end() ? nullptr : &group->second;
  return MissingShards(encoding, body.held, PlacesOf(encoding, placed, loaded_.stores));
}

template <typename T>
void Decider::Append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
  from.clear();
}

void Decider::Keep() {
  objects_.Keep(), heads_.Keep(), names_.Keep(), bodies_.Keep(), encodings_.Keep(), ops_.Keep(), orders_.Keep(),
      open_uploads_.Keep();
  Append(changes_.ops, draft_.ops);
  Append(changes_.bodies, draft_.bodies);
  Append(changes_.extents, draft_.extents);
  Append(changes_.prunes, draft_.prunes);
  Append(changes_.garbage, draft_.garbage);
  Append(changes_.uploads, draft_.uploads);
  ++part_;
}

void Decider::Discard() {
  objects_.Discard(), heads_.Discard(), names_.Discard(), bodies_.Discard(), encodings_.Discard(), ops_.Discard(),
      orders_.Discard(), open_uploads_.Discard();
  draft_ = {};
}

bool ObjectChange::IsNothing() const {
  return !created && !bound && !seal && !renamed && depth == 0 && span_hlc == 0 && !trunc && !meta;
}

RowChanges Decider::TakeChanges() {
  for (auto* row : objects_.Kept()) {
    ObjectChange& change = row->second.change;
    change.object = row->first;
    if (!change.IsNothing()) changes_.objects.push_back(std::move(change));
  }
  for (const auto* row : heads_.Kept()) {
    const HeadEntry& head = row->second;
    if (head.changed) changes_.heads.push_back({row->first, head.max_hlc, head.opset_xor});
  }
  for (const auto* register_row : names_.Kept()) {
    const auto& [key, name] = *register_row;
    for (const Order& order : name.past_changed) {
      const auto row = name.state.past.find(order);
      changes_.past_names.push_back(
          {key, order, row == name.state.past.end() ? std::nullopt : std::optional(row->second)});
    }
    if (!name.changed) continue;
    const bool bound_once = name.state.current.order != Order{};
    changes_.names.push_back({key, bound_once ? std::optional(name.state.current) : std::nullopt});
  }
  return std::move(changes_);
}

Decision Decide(const LoadedState& state, std::span<const ParsedCommit* const> commits) {
  std::vector<size_t> turn(commits.size());
  for (size_t i = 0; i < turn.size(); ++i) turn[i] = i;
  std::stable_sort(turn.begin(), turn.end(),
                   [&](size_t a, size_t b) { return commits[a]->ops[0].order < commits[b]->ops[0].order; });
  Decider decider(state);
  Decision decision;
  decision.replies.resize(commits.size());
  for (const size_t i : turn) decision.replies[i] = decider.Commit(*commits[i]);
  decision.changes = decider.TakeChanges();
  return decision;
}

}  // namespace pbfs
