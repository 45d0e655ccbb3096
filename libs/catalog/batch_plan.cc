#include <algorithm>
#include <map>
#include <unordered_set>

#include "libs/catalog/decide.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

template <typename T>
void SortUnique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

class Planner {
 public:
  void Add(const ParsedCommit& commit) {
    plan_.buckets.push_back(commit.bucket);
    uploads_.clear();
    for (const ParsedBody& body : commit.bodies) uploads_.insert(body.row.id);
    for (const ParsedOp& op : commit.ops) AddOp(commit, op);
    for (const ParsedBody& body : commit.bodies) AddBody(body);
    if (commit.complete_upload) plan_.uploads.push_back(*commit.complete_upload);
  }

  BatchPlan Take() {
    for (auto& [id, lock] : objects_) plan_.objects.push_back(lock);
    for (auto& [name, orders] : drops_) {
      SortUnique(orders);
      plan_.drops.push_back({name, orders});
    }
    SortUnique(plan_.heads), SortUnique(plan_.source_bodies), SortUnique(plan_.source_objects), SortUnique(plan_.names);
    SortUnique(plan_.buckets), SortUnique(plan_.ops), SortUnique(plan_.orders), SortUnique(plan_.new_bodies);
    SortUnique(plan_.encodings), SortUnique(plan_.groups), SortUnique(plan_.uploads), SortUnique(plan_.nulls);
    return std::move(plan_);
  }

 private:
  void AddOp(const ParsedCommit& commit, const ParsedOp& op) {
    plan_.ops.push_back({op.object, op.op});
    if (op.kind != OpKind::kRehome) plan_.orders.push_back({op.object, op.order});
    if (op.IsName()) plan_.names.push_back({commit.bucket, op.name});
    if (op.kind == OpKind::kDrop) drops_[{commit.bucket, op.name}].push_back(op.dropped);
    const bool sets_name = op.kind == OpKind::kBind || op.kind == OpKind::kUnbind;
    if (sets_name && commit.versioning == Versioning::kSuspended) plan_.nulls.push_back({commit.bucket, op.name});
    if (op.kind != OpKind::kUnbind && op.kind != OpKind::kDrop) AddObject(commit, op);
    if (op.kind == OpKind::kRehome) plan_.heads.push_back({op.object, RegionOf(op.sources[0].lo)});
    if (IsContentOp(op.kind)) AddExtents(op);
  }
  void AddObject(const ParsedCommit& commit, const ParsedOp& op) {
    BatchPlan::ObjectLock& lock = objects_[op.object];
    lock.object = op.object;
    lock.bucket = commit.bucket;
    const bool first_of_condition = commit.if_opset.has_value() && &op == &commit.ops[0];
    const bool seals = op.kind == OpKind::kSeal || (op.kind == OpKind::kBind && commit.versioning != Versioning::kOff);
    lock.alone =
        lock.alone || seals || op.kind == OpKind::kMeta || first_of_condition || (IsContentOp(op.kind) && op.IsSpan());
    lock.create =
        lock.create || std::find(commit.creates.begin(), commit.creates.end(), op.object) != commit.creates.end();
  }
  void AddExtents(const ParsedOp& op) {
    for (const Extent& extent : op.extents) {
      if (extent.size() <= kRegionSize) plan_.heads.push_back({op.object, RegionOf(extent.lo)});
      if (extent.source.kind == SourceKind::kObject) plan_.source_objects.push_back(extent.source.object);
      if (extent.source.kind != SourceKind::kBody) continue;
      if (!uploads_.contains(extent.source.body)) plan_.source_bodies.push_back(extent.source.body);
    }
  }
  void AddBody(const ParsedBody& body) {
    plan_.new_bodies.push_back(body.row.id);
    if (!body.row.encoding) return;
    plan_.encodings.push_back(body.row.encoding->id);
    plan_.groups.push_back(PlacementGroupOf(body.row.encoding->id));
  }

  BatchPlan plan_;
  std::unordered_set<BodyId> uploads_;  // of the Commit at hand
  std::map<ObjectId, BatchPlan::ObjectLock> objects_;
  std::map<NameKey, std::vector<Order>> drops_;
};

}  // namespace

BatchPlan PlanBatch(std::span<const ParsedCommit* const> commits) {
  Planner planner;
  for (const ParsedCommit* commit : commits) planner.Add(*commit);
  return planner.Take();
}

bool ParsedOp::IsSpan() const {
  return kind == OpKind::kTrunc ||
         std::any_of(extents.begin(), extents.end(), [](const Extent& extent) { return extent.size() > kRegionSize; });
}

size_t KeyHash::operator()(const ObjectRegion& key) const {
  return std::hash<ObjectId>()(key.object) * 31 + static_cast<size_t>(key.region);
}
size_t KeyHash::operator()(const ObjectOp& key) const {
  return std::hash<ObjectId>()(key.object) * 31 + std::hash<OpId>()(key.op);
}
size_t KeyHash::operator()(const ObjectOrder& key) const {
  return std::hash<ObjectId>()(key.object) + static_cast<size_t>(key.order.hlc) * 0x9e3779b97f4a7c15ull +
         static_cast<size_t>(key.order.wid);
}
size_t KeyHash::operator()(const NameKey& key) const {
  return std::hash<BucketId>()(key.bucket) * 31 + std::hash<std::string>()(key.name);
}

}  // namespace pbfs
