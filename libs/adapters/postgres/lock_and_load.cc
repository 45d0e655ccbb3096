#include "libs/adapters/postgres/lock_and_load.h"

#include <algorithm>
#include <functional>

#include "libs/adapters/postgres/bucket_rows.h"
#include "libs/adapters/postgres/embedded_sql.h"
#include "libs/adapters/postgres/placement_rows.h"
#include "libs/catalog/place_groups.h"

namespace pbfs::postgres {
namespace {

/// The form of a locking statement that waits: the same without SKIP LOCKED at its end.
struct WaitingStatement {
  explicit WaitingStatement(const Statement& skipping)
      : name(std::string(skipping.name) + "_wait"), text(skipping.text.substr(0, skipping.text.rfind("SKIP LOCKED"))) {}
  std::string name, text;
  Statement Get() const { return {name, text}; }
};

class Loader {
 public:
  Loader(Connection& connection, const BatchPlan& plan, BatchCaches& caches, LockMode mode)
      : connection_(connection), plan_(plan), caches_(caches), buckets_(caches.buckets), mode_(mode) {}

  Result<LockedBatch> Run(const Context& context) {
    QueueLocks();
    QueueLoads();
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context));
    const size_t before = results.size() - readers_.size();  // what the caller had queued
    for (size_t i = 0; i < readers_.size(); ++i) readers_[i](results[before + i]);
    if (!plan_.groups.empty()) PBFS_RETURN_IF_ERROR(LoadPlacement(context));
    NoteMisses();
    if (mode_ == LockMode::kWait && !batch_.missed.None())
      return AbortedError("a row was deleted while it was waited for").WithDetail("sqlstate", "40P01");
    return std::move(batch_);
  }

 private:
  using Reader = std::function<void(const Rows&)>;
  void Ask(const Statement& statement, const Params& params, Reader reader) {
    connection_.Queue(statement, params);
    readers_.push_back(std::move(reader));
  }
  void AskLocking(const Statement& skipping, const WaitingStatement& waiting, const Params& params, Reader reader) {
    Ask(mode_ == LockMode::kTry ? skipping : waiting.Get(), params, std::move(reader));
  }
  static void Ignore(const Rows&) {}

  // ---- (a) ----------------------------------------------------------------------------------------------------------------
  void QueueLocks() {
    if (!plan_.names.empty()) LockBuckets();
    if (!plan_.objects.empty()) LockObjects();
    InsertObjects();
    InsertHeads();
    if (!plan_.names.empty()) InsertNames();
    if (!plan_.heads.empty()) LockHeads();
    if (!plan_.source_bodies.empty()) LockSourceBodies();
    if (!plan_.source_objects.empty()) LockSourceObjects();
    if (!plan_.names.empty()) LockNames();
    if (!plan_.uploads.empty()) LockUploads();
  }
  void LockBuckets() {
    Array numbers(Type::kInt4);
    for (const BucketId& bucket : plan_.buckets) numbers.Int4(buckets_.NumberOf(bucket));
    Ask(kLockBuckets, Params().Add(numbers), Ignore);
  }
  void LockObjects() {
    Array objects(Type::kUuid), alone(Type::kBool);
    for (const auto& lock : plan_.objects) objects.Uuid(lock.object), alone.Bool(lock.alone);
    const Params params = Params().Add(objects).Add(alone);
    if (mode_ == LockMode::kWait) return Ask(kWaitLockObjects, params, Ignore);
    Ask(kTryLockObjects, params, [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) batch_.missed.objects.insert(rows.Uuid<ObjectId>(row, 0));
    });
  }
  void InsertObjects() {
    Array objects(Type::kUuid), numbers(Type::kInt4);
    for (const auto& lock : plan_.objects) {
      if (lock.create) objects.Uuid(lock.object), numbers.Int4(buckets_.NumberOf(lock.bucket));
    }
    if (objects.count() == 0) return;
    Ask(kInsertObjects, Params().Add(objects).Add(numbers), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) batch_.inserted_objects.push_back(rows.Uuid<ObjectId>(row, 0));
    });
  }
  void InsertHeads() {
    Array objects(Type::kUuid), regions(Type::kInt4);
    for (const ObjectRegion& head : plan_.heads) {
      const bool known = mode_ == LockMode::kTry && caches_.heads.Contains(head);
      if (!known) objects.Uuid(head.object), regions.Int4(head.region);
    }
    if (objects.count() == 0) return;
    Ask(kInsertHeads, Params().Add(objects).Add(regions), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row)
        batch_.inserted_heads.push_back({rows.Uuid<ObjectId>(row, 0), rows.Int4(row, 1)});
    });
  }
  void LockHeads() {
    static const WaitingStatement waiting(kLockHeads);
    Array objects(Type::kUuid), regions(Type::kInt4);
    for (const ObjectRegion& head : plan_.heads) objects.Uuid(head.object), regions.Int4(head.region);
    AskLocking(kLockHeads, waiting, Params().Add(objects).Add(regions), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) {
        const ObjectRegion head{rows.Uuid<ObjectId>(row, 0), rows.Int4(row, 1)};
        batch_.state.heads[head] = {rows.Int8(row, 2)};
        batch_.head_places[head] = rows.Fixed<6>(row, 3);
        if (rows.Int8(row, 2) > 0) caches_.heads.Add(head);  // zero: inserted just now, perhaps for nothing
      }
    });
  }
  void LockSourceBodies() {
    static const WaitingStatement waiting(kLockSourceBodies);
    Array bodies(Type::kUuid);
    for (const BodyId& body : plan_.source_bodies) bodies.Uuid(body);
    AskLocking(kLockSourceBodies, waiting, Params().Add(bodies), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) locked_bodies_.insert(rows.Uuid<BodyId>(row, 0));
    });
  }
  void LockSourceObjects() {
    static const WaitingStatement waiting(kLockSourceObjects);
    Array objects(Type::kUuid);
    for (const ObjectId& object : plan_.source_objects) objects.Uuid(object);
    AskLocking(kLockSourceObjects, waiting, Params().Add(objects), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) locked_objects_.insert(rows.Uuid<ObjectId>(row, 0));
    });
  }
  Params NameParams() const {
    Array numbers(Type::kInt4), names(Type::kText);
    for (const NameKey& key : plan_.names) numbers.Int4(buckets_.NumberOf(key.bucket)), names.Text(key.name);
    return Params().Add(numbers).Add(names);
  }
  NameKey KeyOf(const Rows& rows, int row) const {
    return {buckets_.IdOf(static_cast<int32_t>(rows.Int4(row, 0))), rows.Text(row, 1)};
  }
  void InsertNames() {
    Ask(kInsertNames, NameParams(), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) batch_.inserted_names.push_back(KeyOf(rows, row));
    });
  }
  // Columns 2 to 7: hlc, wid, object_id, op_object, op_id, versioning.
  static Binding BindingOf(const Rows& rows, int row) {
    Binding binding;
    binding.order = {rows.Int8(row, 2), rows.Int8(row, 3)};
    if (!rows.IsNull(row, 4)) binding.object = rows.Uuid<ObjectId>(row, 4);
    binding.record = {rows.Uuid<ObjectId>(row, 5), rows.Uuid<OpId>(row, 6)};
    binding.versioning = VersioningOf(rows, row, 7);
    return binding;
  }
  void LockNames() {
    static const WaitingStatement waiting(kLockNames);
    AskLocking(kLockNames, waiting, NameParams(), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) {
        const NameKey key = KeyOf(rows, row);
        batch_.state.names[key].current = BindingOf(rows, row);
        locked_names_.insert(key);
      }
    });
  }

  void LockUploads() {
    static const WaitingStatement waiting(kLockUploads);
    Array uploads(Type::kUuid);
    for (const UploadId& id : plan_.uploads) uploads.Uuid(id);
    AskLocking(kLockUploads, waiting, Params().Add(uploads), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row)
        batch_.state.uploads[rows.Uuid<UploadId>(row, 0)] = {buckets_.IdOf(static_cast<int32_t>(rows.Int4(row, 1))),
                                                             rows.Text(row, 2)};
    });
  }

  // ---- (b) ----------------------------------------------------------------------------------------------------------------
  void QueueLoads() {
    LoadSite();
    if (!plan_.objects.empty() || !plan_.source_objects.empty()) LoadObjects();
    LoadAllHeads();
    if (!plan_.source_bodies.empty()) LoadSourceBodies();
    if (!plan_.drops.empty() || !plan_.nulls.empty()) LoadPastNames();
  }
  void LoadSite() {
    Array ids(Type::kUuid);
    for (const BucketId& bucket : plan_.buckets) ids.Uuid(bucket);
    Ask(kLoadSite, Params().Add(ids), [this](const Rows& rows) {
      SiteState& site = batch_.state.site;
      site.site = SiteId{static_cast<uint16_t>(rows.Int2(0, 0))};
      site.now_ms = rows.Int8(0, 1);
      site.floor = rows.Int8(0, 2);
      site.max_age_ms = rows.Int8(0, 3);
      site.skew_ms = rows.Int8(0, 4);
      site.drift_ms = rows.Int8(0, 5);
      map_version_ = rows.Int8(0, 6);
      for (int row = 0; row < rows.size(); ++row) {
        if (rows.IsNull(row, 7)) continue;  // none of the buckets is there
        batch_.state.buckets[rows.Uuid<BucketId>(row, 7)] = {VersioningOf(rows, row, 8), rows.Bool(row, 9)};
      }
    });
  }
  void LoadObjects() {
    std::set<ObjectId> ids(plan_.source_objects.begin(), plan_.source_objects.end());
    for (const auto& lock : plan_.objects) ids.insert(lock.object);
    Array objects(Type::kUuid);
    for (const ObjectId& id : ids) objects.Uuid(id);
    Array encodings(Type::kUuid);
    for (const EncodingId& id : plan_.encodings) encodings.Uuid(id);
    Ask(kLoadObjects, Params().Add(objects).Add(encodings), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) ReadObject(rows, row);
      if (rows.size() > 0) ReadSwept(rows.Span(0, 11));
      for (const ObjectId& object : batch_.inserted_objects) batch_.state.objects[object].inserted = true;
    });
  }
  void ReadObject(const Rows& rows, int row) {
    ObjectState& object = batch_.state.objects[rows.Uuid<ObjectId>(row, 0)];
    object.bucket = buckets_.IdOf(static_cast<int32_t>(rows.Int4(row, 1)));
    object.life = static_cast<ObjectLife>(rows.Int2(row, 2));
    object.sealed = rows.Bool(row, 3);
    object.depth = static_cast<int>(rows.Int2(row, 4));
    object.bindings = static_cast<int>(rows.Int4(row, 5));
    object.span_hlc = rows.Int8(row, 6);
    object.span_opset = rows.Bits(row, 7);
    object.meta_order = {rows.Int8(row, 8), rows.Int8(row, 9)};
    object.zero_floor = rows.Int8(row, 10);
  }
  void ReadSwept(ByteSpan ids) {
    for (; !ids.empty(); ids = ids.subspan(16))
      batch_.state.encodings[EncodingId::FromBytes(ids.first(16))].swept = true;
  }
  void LoadAllHeads() {
    Array objects(Type::kUuid);
    for (const auto& lock : plan_.objects) {
      if (lock.alone) objects.Uuid(lock.object);
    }
    if (objects.count() == 0) return;
    Ask(kLoadAllHeads, Params().Add(objects), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) {
        const auto found = batch_.state.objects.find(rows.Uuid<ObjectId>(row, 0));
        if (found == batch_.state.objects.end()) continue;
        found->second.heads_max = rows.Int8(row, 1);
        found->second.heads_opset = rows.Bits(row, 2);
      }
    });
  }
  void LoadSourceBodies() {
    Array bodies(Type::kUuid);
    for (const BodyId& id : plan_.source_bodies) bodies.Uuid(id);
    Ask(kLoadBodies, Params().Add(bodies), [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row)
        batch_.state.bodies[rows.Uuid<BodyId>(row, 0)] = {buckets_.IdOf(static_cast<int32_t>(rows.Int4(row, 1))),
                                                          rows.Bool(row, 2)};
    });
  }
  void LoadPastNames() {
    Array numbers(Type::kInt4), names(Type::kText), newest(Type::kInt8);
    Array of_numbers(Type::kInt4), of_names(Type::kText), hlcs(Type::kInt8), wids(Type::kInt8);
    for (const BatchPlan::DropTarget& drop : plan_.drops) {
      const int32_t number = buckets_.NumberOf(drop.name.bucket);
      numbers.Int4(number), names.Text(drop.name.name), newest.Int8(static_cast<int64_t>(drop.orders.size()) + 1);
      for (const Order& order : drop.orders)
        of_numbers.Int4(number), of_names.Text(drop.name.name), hlcs.Int8(order.hlc), wids.Int8(order.wid);
    }
    Array null_numbers(Type::kInt4), null_names(Type::kText);
    for (const NameKey& key : plan_.nulls) null_numbers.Int4(buckets_.NumberOf(key.bucket)), null_names.Text(key.name);
    Params params;
    params.Add(numbers).Add(names).Add(newest).Add(of_numbers).Add(of_names).Add(hlcs).Add(wids);
    params.Add(null_numbers).Add(null_names);
    Ask(kLoadPastNames, params, [this](const Rows& rows) {
      for (int row = 0; row < rows.size(); ++row) {
        PastBinding past{BindingOf(rows, row), rows.Bool(row, 8), {}};
        if (!rows.IsNull(row, 9)) past.gone_hlc = rows.Int8(row, 9);
        batch_.state.names[KeyOf(rows, row)].past[past.binding.order] = past;
      }
    });
  }

  // ---- placement -----------------------------------------------------------------------------------------------------------
  // Whoever changes stores or groups raises the version in the same transaction: equal versions, equal rows.
  Status LoadPlacement(const Context& context) {
    std::shared_ptr<const Placement> placement = caches_.placement.At(map_version_);
    while (placement == nullptr) {
      PBFS_ASSIGN_OR_RETURN(placement, ReadPlacement(context));
      if (placement != nullptr) caches_.placement.Keep(placement);
    }
    batch_.state.stores = placement->stores;
    for (const uint16_t group : plan_.groups) {
      if (group < placement->groups.size()) batch_.state.groups[group] = placement->groups[group];
    }
    return OkStatus();
  }
  // Null if the map changed meanwhile: each statement has a snapshot of its own.
  Result<std::shared_ptr<const Placement>> ReadPlacement(const Context& context) {
    for (const Statement* statement : {&kMapVersion, &kLoadStores, &kLoadAllGroups, &kMapVersion})
      connection_.Queue(*statement);
    PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection_.Run(context));
    if (results[0].Int8(0, 0) != results[3].Int8(0, 0)) return std::shared_ptr<const Placement>();
    auto placement = std::make_shared<Placement>();
    placement->version = results[0].Int8(0, 0);
    placement->stores = PlacementStoresOf(StoresOfRows(results[1]));
    placement->groups = GroupsOfRows(results[2]);
    return std::shared_ptr<const Placement>(std::move(placement));
  }

  // ---- missed locks --------------------------------------------------------------------------------------------------------
  // What exists, was asked for and is not locked: somebody else holds it.
  void NoteMisses() {
    const LoadedState& state = batch_.state;
    for (const ObjectRegion& head : plan_.heads) {
      const auto object = state.objects.find(head.object);
      const bool exists = object != state.objects.end() && object->second.life != ObjectLife::kReaped;
      if (exists && state.heads.count(head) == 0) batch_.missed.heads.insert(head);
    }
    for (const BodyId& body : plan_.source_bodies) {
      const auto found = state.bodies.find(body);
      if (found != state.bodies.end() && found->second.live && locked_bodies_.count(body) == 0)
        batch_.missed.source_bodies.insert(body);
    }
    for (const ObjectId& object : plan_.source_objects) {
      const auto found = state.objects.find(object);
      const bool lives = found != state.objects.end() && found->second.life != ObjectLife::kReaped;
      if (lives && locked_objects_.count(object) == 0) batch_.missed.source_objects.insert(object);
    }
    for (const NameKey& name : plan_.names) {
      if (locked_names_.count(name) == 0) batch_.missed.names.insert(name);
    }
    // One that is not there may be locked by who completes it: whoever waits finds out.
    for (const UploadId& upload : plan_.uploads) {
      if (mode_ == LockMode::kTry && state.uploads.count(upload) == 0) batch_.missed.uploads.insert(upload);
    }
  }
  Connection& connection_;
  const BatchPlan& plan_;
  BatchCaches& caches_;
  BucketCache& buckets_;
  const LockMode mode_;
  std::vector<Reader> readers_;
  std::set<BodyId> locked_bodies_;
  std::set<ObjectId> locked_objects_;
  std::set<NameKey> locked_names_;
  int64_t map_version_ = 0;
  LockedBatch batch_;
};

void ReadTaken(const Rows& rows, int row, LoadedState& state) {
  switch (rows.Int2(row, 0)) {
    case 1: state.ops[{rows.Uuid<ObjectId>(row, 1), rows.Uuid<OpId>(row, 2)}] = rows.Fixed<32>(row, 5); break;
    case 2: state.orders[{rows.Uuid<ObjectId>(row, 1), {rows.Int8(row, 3), rows.Int8(row, 4)}}] = true; break;
    case 3: state.bodies.try_emplace(rows.Uuid<BodyId>(row, 2)); break;  // a source has its row already
    case 4: state.encodings.try_emplace(rows.Uuid<EncodingId>(row, 2)); break;
    default: PBFS_CHECK(false, "load_taken.sql returns what nobody reads");
  }
}

template <typename Set, typename Keys>
bool Meet(const Set& set, const Keys& keys) {
  return !set.empty() && std::any_of(keys.begin(), keys.end(), [&](const auto& key) { return set.count(key) != 0; });
}

}  // namespace

bool MissedLocks::None() const {
  return objects.empty() && heads.empty() && source_bodies.empty() && source_objects.empty() && names.empty() &&
         uploads.empty();
}

bool MissedLocks::Touch(const BatchPlan& plan) const {
  const bool object = std::any_of(plan.objects.begin(), plan.objects.end(),
                                  [&](const auto& lock) { return objects.count(lock.object) != 0; });
  return object || Meet(heads, plan.heads) || Meet(source_bodies, plan.source_bodies) ||
         Meet(source_objects, plan.source_objects) || Meet(names, plan.names) || Meet(uploads, plan.uploads);
}

Result<LockedBatch> LockAndLoad(Connection& connection, const Context& context, const BatchPlan& plan,
                                BatchCaches& caches, LockMode mode) {
  return Loader(connection, plan, caches, mode).Run(context);
}

Status LoadTaken(Connection& connection, const Context& context, const BatchPlan& plan, LoadedState& state) {
  Array objects(Type::kUuid), ops(Type::kUuid);
  for (const ObjectOp& key : plan.ops) objects.Uuid(key.object), ops.Uuid(key.op);
  Array ordered(Type::kUuid), hlcs(Type::kInt8), wids(Type::kInt8);
  for (const ObjectOrder& key : plan.orders)
    ordered.Uuid(key.object), hlcs.Int8(key.order.hlc), wids.Int8(key.order.wid);
  Array bodies(Type::kUuid), encodings(Type::kUuid), groups(Type::kInt2);
  for (const BodyId& id : plan.new_bodies) bodies.Uuid(id);
  for (const EncodingId& id : plan.encodings) encodings.Uuid(id), groups.Int2(PlacementGroupOf(id));
  connection.Queue(
      kLoadTaken,
      Params().Add(objects).Add(ops).Add(ordered).Add(hlcs).Add(wids).Add(bodies).Add(encodings).Add(groups));
  PBFS_ASSIGN_OR_RETURN(const std::vector<Rows> results, connection.Run(context));
  for (int row = 0; row < results[0].size(); ++row) ReadTaken(results[0], row, state);
  return OkStatus();
}

}  // namespace pbfs::postgres
