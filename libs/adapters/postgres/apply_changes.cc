#include "libs/adapters/postgres/apply_changes.h"

#include <algorithm>
#include <set>

#include "libs/adapters/postgres/embedded_sql.h"

namespace pbfs::postgres {
namespace {

// span_class of the schema: the length class of an extent.
int LengthClass(int64_t size) {
  int cls = 0;
  for (int64_t greatest = 16384; cls < 5 && size > greatest; greatest *= 8) ++cls;
  return cls > 4 || size > kRegionSize ? 5 : cls;
}

void OrNull(Array& array, const std::optional<Order>& order, int64_t Order::*field) {
  if (order)
    array.Int8((*order).*field);
  else
    array.Null();
}

class Applier {
 public:
  Applier(Connection& connection, const RowChanges& changes, const LockedBatch& batch, BucketCache& buckets)
      : connection_(connection), changes_(changes), batch_(batch), buckets_(buckets) {}

  void Queue() {
    if (!changes_.objects.empty()) Objects();
    if (changes_.ops.empty())
      PBFS_CHECK(changes_.bodies.empty() && changes_.extents.empty() && changes_.heads.empty(), "they come with an op");
    else
      Writes();
    Prunes(false);
    Prunes(true);
    Names();
    PastNames();
    if (!changes_.uploads.empty()) Uploads();
    if (!changes_.garbage.empty()) Garbage();
    DeleteUnused();
  }

 private:
  void Objects() {
    Array id(Type::kUuid), bound(Type::kBool), seal(Type::kBool), renamed(Type::kBool), bindings(Type::kInt4),
        gone(Type::kInt8);
    Array depth(Type::kInt2), span(Type::kInt8), opset(Type::kVarbit);
    Array trunc_hlc(Type::kInt8), trunc_wid(Type::kInt8), trunc_len(Type::kInt8);
    Array meta_hlc(Type::kInt8), meta_wid(Type::kInt8), meta(Type::kBytea);
    for (const ObjectChange& change : changes_.objects) {
      if (OnlyCreated(change)) continue;  // its row is there already
      const TruncChange trunc = change.trunc.value_or(TruncChange{});
      const MetaChange said = change.meta.value_or(MetaChange{});
      id.Uuid(change.object), bound.Bool(change.bound), seal.Bool(change.seal), renamed.Bool(change.renamed);
      bindings.Int4(change.bindings_delta), gone.Int8(change.gone), depth.Int2(change.depth),
          span.Int8(change.span_hlc);
      opset.Bits(change.opset_xor);
      trunc_hlc.Int8(trunc.order.hlc), trunc_wid.Int8(trunc.order.wid), trunc_len.Int8(trunc.length);
      meta_hlc.Int8(said.order.hlc), meta_wid.Int8(said.order.wid), meta.Raw(said.record);
    }
    if (id.count() == 0) return;
    connection_.Queue(kApplyObjects, Params()
                                         .Add(id)
                                         .Add(bound)
                                         .Add(seal)
                                         .Add(renamed)
                                         .Add(bindings)
                                         .Add(gone)
                                         .Add(depth)
                                         .Add(span)
                                         .Add(opset)
                                         .Add(trunc_hlc)
                                         .Add(trunc_wid)
                                         .Add(trunc_len)
                                         .Add(meta_hlc)
                                         .Add(meta_wid)
                                         .Add(meta));
  }
  static bool OnlyCreated(ObjectChange change) {
    change.created = false;
    return change.IsNothing();
  }

  void Writes() {
    Params params;
    AddBodies(params);
    AddOps(params);
    AddExtents(params);
    AddHeads(params);
    AddPassing(params);
    connection_.Queue(kApplyWrites, params);
  }
  void AddBodies(Params& params) {
    Array id(Type::kUuid), bucket(Type::kInt4), epoch(Type::kInt4), header(Type::kBytea), root(Type::kBytea),
        dek(Type::kBytea);
    Array scheme(Type::kInt2), k(Type::kInt2), n(Type::kInt2), encoding(Type::kUuid), missing(Type::kInt8),
        inline_ct(Type::kBytea), passes(Type::kBool);
    for (const BodyInsert& insert : changes_.bodies) {
      const BodyRow& body = insert.row;
      const Encoding coded = body.encoding.value_or(Encoding{});
      id.Uuid(body.id), bucket.Int4(buckets_.NumberOf(insert.bucket)), epoch.Int4(body.key_epoch);
      header.Raw(body.header), dek.Raw(body.wrapped_dek);
      if (body.ct_root == std::array<uint8_t, 32>{})
        root.Null();
      else
        root.Raw(body.ct_root);
      scheme.Int2(coded.scheme), k.Int2(coded.k), n.Int2(coded.n), missing.Int8(static_cast<int64_t>(body.missing));
      if (body.encoding)
        encoding.Uuid(coded.id);
      else
        encoding.Null();
      if (IsInRow(insert))
        inline_ct.Raw(body.inline_ct);
      else
        inline_ct.Null();
      passes.Bool(IsPassing(insert));
    }
    params.Add(id).Add(bucket).Add(epoch).Add(header).Add(root).Add(dek);
    params.Add(scheme).Add(k).Add(n).Add(encoding).Add(missing).Add(inline_ct).Add(passes);
  }
  // Ciphertext that is expected to be of use for a short time only stands apart from its body's row.
  static bool IsPassing(const BodyInsert& insert) { return !insert.row.encoding && !insert.whole; }
  static bool IsInRow(const BodyInsert& insert) { return !insert.row.encoding && insert.whole; }
  void AddPassing(Params& params) {
    Array id(Type::kUuid), ct(Type::kBytea);
    for (const BodyInsert& insert : changes_.bodies) {
      if (IsPassing(insert)) id.Uuid(insert.row.id), ct.Raw(insert.row.inline_ct);
    }
    params.Add(id).Add(ct);
  }
  void AddOps(Params& params) {
    Array object(Type::kUuid), op(Type::kUuid), kind(Type::kInt2), hlc(Type::kInt8), wid(Type::kInt8),
        record(Type::kBytea), digest(Type::kBytea), part(Type::kInt2);
    for (const OpInsert& insert : changes_.ops) {
      object.Uuid(insert.object), op.Uuid(insert.op), kind.Int2(static_cast<int>(insert.kind));
      OrNull(hlc, insert.order, &Order::hlc), OrNull(wid, insert.order, &Order::wid);
      record.Raw(insert.record), digest.Raw(insert.digest), part.Int2(insert.part);
    }
    params.Add(object).Add(op).Add(kind).Add(hlc).Add(wid).Add(record).Add(digest).Add(part);
    params.Int2(batch_.state.site.site.value);
  }
  void AddExtents(Params& params) {
    Array object(Type::kUuid), lo(Type::kInt8), hi(Type::kInt8), hlc(Type::kInt8), wid(Type::kInt8), body(Type::kUuid),
        from(Type::kUuid);
    Array inner(Type::kInt8), op(Type::kUuid);
    for (const ExtentInsert& insert : changes_.extents) {
      const Extent& extent = insert.extent;
      object.Uuid(insert.object), lo.Int8(extent.lo), hi.Int8(extent.hi), hlc.Int8(extent.order.hlc),
          wid.Int8(extent.order.wid);
      body.UuidOrNull(extent.source.body), from.UuidOrNull(extent.source.object), inner.Int8(extent.inner),
          op.Uuid(extent.op);
    }
    params.Add(object).Add(lo).Add(hi).Add(hlc).Add(wid).Add(body).Add(from).Add(inner).Add(op);
  }
  void AddHeads(Params& params) {
    Array place(Type::kTid), object(Type::kUuid), region(Type::kInt4), hlc(Type::kInt8), opset(Type::kVarbit);
    for (const HeadChange& change : changes_.heads) {
      place.Raw(batch_.head_places.at(change.head));
      object.Uuid(change.head.object), region.Int4(change.head.region), hlc.Int8(change.max_hlc);
      opset.Bits(change.opset_xor);
    }
    params.Add(place).Add(object).Add(region).Add(hlc).Add(opset);
  }

  void Prunes(bool history) {
    Array object(Type::kUuid), cls(Type::kInt2), lo(Type::kInt8), hi(Type::kInt8), hlc(Type::kInt8), wid(Type::kInt8);
    Array gone(Type::kInt8), bucket(Type::kInt4);
    for (const Prune& prune : changes_.prunes) {
      if (prune.history != history) continue;
      for (int of = 0; of <= LengthClass(prune.hi - prune.lo); ++of) {
        object.Uuid(prune.object), cls.Int2(of), lo.Int8(prune.lo), hi.Int8(prune.hi), hlc.Int8(prune.below.hlc),
            wid.Int8(prune.below.wid);
        gone.Int8(prune.gone), bucket.Int4(buckets_.NumberOf(prune.bucket));
      }
    }
    if (object.count() == 0) return;
    Params params;
    params.Add(object).Add(cls).Add(lo).Add(hi).Add(hlc).Add(wid);
    if (history) params.Add(gone).Add(bucket);
    connection_.Queue(history ? kPruneIntoPast : kPrune, params);
  }

  void Names() {
    Bindings bindings;
    for (const NameChange& change : changes_.names) {
      if (!change.current) {
        Drop(change.name);
        continue;
      }
      bindings.Add(buckets_.NumberOf(change.name.bucket), change.name.name, *change.current);
    }
    if (bindings.bucket.count() > 0) connection_.Queue(kApplyNames, bindings.ToParams());
  }
  /// Columns of binding, and the first of binding_past.
  struct Bindings {
    Array bucket{Type::kInt4}, name{Type::kText}, hlc{Type::kInt8}, wid{Type::kInt8}, object{Type::kUuid},
        op_object{Type::kUuid}, op{Type::kUuid}, versioning{Type::kInt2};
    void Add(int32_t number, const std::string& of, const Binding& binding) {
      bucket.Int4(number), name.Text(of), hlc.Int8(binding.order.hlc), wid.Int8(binding.order.wid);
      object.UuidOrNull(binding.object.value_or(ObjectId{}));
      op_object.Uuid(binding.record.object), op.Uuid(binding.record.op);
      versioning.Int2(static_cast<int>(binding.versioning));
    }
    Params ToParams() {
      return Params().Add(bucket).Add(name).Add(hlc).Add(wid).Add(object).Add(op_object).Add(op).Add(versioning);
    }
  };
  void Drop(const NameKey& name) {
    dropped_buckets_.Int4(buckets_.NumberOf(name.bucket));
    dropped_names_.Text(name.name);
  }

  void PastNames() {
    Array old_bucket(Type::kInt4), old_name(Type::kText), old_hlc(Type::kInt8), old_wid(Type::kInt8);
    Bindings bindings;
    Array dropped(Type::kBool), gone(Type::kInt8);
    for (const PastChange& change : changes_.past_names) {
      const int32_t number = buckets_.NumberOf(change.name.bucket);
      if (!change.row) {
        old_bucket.Int4(number), old_name.Text(change.name.name), old_hlc.Int8(change.order.hlc),
            old_wid.Int8(change.order.wid);
        continue;
      }
      bindings.Add(number, change.name.name, change.row->binding);
      dropped.Bool(change.row->dropped);
      if (change.row->gone_hlc)
        gone.Int8(*change.row->gone_hlc);
      else
        gone.Null();
    }
    if (old_bucket.count() > 0)
      connection_.Queue(kDeletePastNames, Params().Add(old_bucket).Add(old_name).Add(old_hlc).Add(old_wid));
    if (bindings.bucket.count() > 0) connection_.Queue(kApplyPastNames, bindings.ToParams().Add(dropped).Add(gone));
  }

  void Uploads() {
    Array upload(Type::kUuid);
    for (const UploadId& id : changes_.uploads) upload.Uuid(id);
    connection_.Queue(kCompleteUploads, Params().Add(upload));
  }

  void Garbage() {
    Array body(Type::kUuid);
    for (const BodyId& id : changes_.garbage) body.Uuid(id);
    connection_.Queue(kInsertGarbage, Params().Add(body));
  }

  void DeleteUnused() {
    std::set<ObjectId> kept_objects;
    for (const ObjectChange& change : changes_.objects) {
      if (change.created) kept_objects.insert(change.object);
    }
    std::set<ObjectRegion> kept_heads;
    for (const HeadChange& change : changes_.heads) kept_heads.insert(change.head);
    std::set<NameKey> kept_names;  // dropped ones are deleted already
    for (const NameChange& change : changes_.names) kept_names.insert(change.name);

    Array object(Type::kUuid), of(Type::kUuid), region(Type::kInt4);
    for (const ObjectId& id : batch_.inserted_objects) {
      if (kept_objects.count(id) == 0) object.Uuid(id);
    }
    for (const ObjectRegion& head : batch_.inserted_heads) {
      if (kept_heads.count(head) == 0) of.Uuid(head.object), region.Int4(head.region);
    }
    for (const NameKey& name : batch_.inserted_names) {
      if (kept_names.count(name) == 0) Drop(name);
    }
    if (object.count() > 0) connection_.Queue(kDeleteObjects, Params().Add(object));
    if (of.count() > 0) connection_.Queue(kDeleteHeads, Params().Add(of).Add(region));
    if (dropped_buckets_.count() > 0)
      connection_.Queue(kDeleteNames, Params().Add(dropped_buckets_).Add(dropped_names_));
  }

  Connection& connection_;
  const RowChanges& changes_;
  const LockedBatch& batch_;
  BucketCache& buckets_;
  Array dropped_buckets_{Type::kInt4};
  Array dropped_names_{Type::kText};
};

}  // namespace

bool IsEmpty(const RowChanges& changes) {
  return changes.ops.empty() && changes.bodies.empty() && changes.extents.empty() && changes.prunes.empty() &&
         changes.heads.empty() && changes.objects.empty() && changes.names.empty() && changes.past_names.empty() &&
         changes.uploads.empty() && changes.garbage.empty();
}

void QueueChanges(Connection& connection, const RowChanges& changes, const LockedBatch& batch, BucketCache& buckets) {
  Applier(connection, changes, batch, buckets).Queue();
}

void QueueRemoval(Connection& connection, ObjectId object, const std::vector<Extent>& removed, bool history, Hlc gone,
                  Hlc gone_span) {
  Array lo(Type::kInt8), hi(Type::kInt8), hlc(Type::kInt8), wid(Type::kInt8), body(Type::kUuid), from(Type::kUuid);
  for (const Extent& extent : removed) {
    lo.Int8(extent.lo), hi.Int8(extent.hi), hlc.Int8(extent.order.hlc), wid.Int8(extent.order.wid);
    body.UuidOrNull(extent.source.body), from.UuidOrNull(extent.source.object);
  }
  if (lo.count() == 0) return;
  Params params;
  params.Uuid(object).Add(lo).Add(hi).Add(hlc).Add(wid).Add(body).Add(from);
  if (history) params.Int8(gone).Int8(gone_span);
  connection.Queue(history ? kRemoveSourcesIntoPast : kRemoveSources, params);
}

}  // namespace pbfs::postgres
