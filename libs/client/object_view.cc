#include "libs/client/object_view.h"

#include <fmt/format.h>

#include <algorithm>

namespace pbfs {
namespace {

using Records = std::unordered_map<OpId, OpRecord>;

/// One reply, verified.
class ReplyVerifier {
 public:
  ReplyVerifier(const BucketState& bucket, ObjectId object, const ListReply& reply)
      : bucket_(bucket), object_(object), reply_(reply) {
    for (const BodyRow& row : reply.bodies) rows_[row.id] = &row;
  }

  Status ReadRecords() {
    for (const Buffer& bytes : reply_.records) {
      PBFS_ASSIGN_OR_RETURN(OpRecord record, VerifyRecord(bucket_, bytes));
      if (record.object != object_) return BadRecord("a record of another object");
      const OpId op = record.op;
      records_.emplace(op, std::move(record));
    }
    return OkStatus();
  }

  /// I28: a piece counts only if a record of this object says so.
  Result<ViewPiece> Verify(const SkylinePiece& piece) {
    const Extent& extent = reply_.extents[piece.extent];
    const auto record = records_.find(extent.op);
    if (record == records_.end()) return BadRecord("an extent without its record");
    const RecordExtent* stated = Covering(record->second, extent);
    if (stated == nullptr) return BadRecord("an extent that its record does not state");
    ViewPiece view{piece.lo, piece.hi, extent, piece.inner, nullptr};
    if (extent.source.kind == SourceKind::kBody) {
      PBFS_ASSIGN_OR_RETURN(view.body, Body(extent.source.body, record->second.bodies[stated->index]));
    }
    return view;
  }
  const Records& records() const { return records_; }

 private:
  static const RecordExtent* Covering(const OpRecord& record, const Extent& extent) {
    auto next = std::upper_bound(record.extents.begin(), record.extents.end(), extent.lo,
                                 [](int64_t lo, const RecordExtent& e) { return lo < e.lo; });
    if (next == record.extents.begin()) return nullptr;
    const RecordExtent& stated = *std::prev(next);
    const bool inside = extent.lo >= stated.lo && extent.hi <= stated.hi && extent.lo < extent.hi;
    const bool same_place = extent.source.kind == SourceKind::kZeros || extent.inner - extent.lo == stated.inner - stated.lo;
    return inside && same_place && extent.order == stated.order && extent.source == record.SourceOf(stated) ? &stated
                                                                                                           : nullptr;
  }

  Result<std::shared_ptr<const ListedBody>> Body(BodyId id, const RecordBody& stated) {
    if (const auto known = bodies_.find(id); known != bodies_.end()) {
      // Two records may name one body (clones): each has to state the same.
      const bool same = known->second->row.header == stated.header && known->second->row.ct_root == stated.ct_root;
      return same ? Result<std::shared_ptr<const ListedBody>>(known->second) : BadRecord("records disagree about a body");
    }
    const auto row = rows_.find(id);
    if (row == rows_.end()) return BadRecord("a visible body is not listed");
    PBFS_ASSIGN_OR_RETURN(auto body, Open(*row->second, stated));
    bodies_[id] = body;
    return body;
  }

  Result<std::shared_ptr<const ListedBody>> Open(const BodyRow& row, const RecordBody& stated) {
    if (row.header != stated.header || row.ct_root != stated.ct_root) return BadRecord("a body that its record does not state");
    auto body = std::make_shared<ListedBody>();
    body->row = row;
    Result<BodyHeader> header = BodyHeader::Decode(row.header);
    if (!header.ok()) return BadRecord(header.status().message());
    body->header = *header;
    if (!body->geometry().Check().ok()) return BadRecord("an encoding that cannot be");
    const BucketKeys* keys = bucket_.KeysOf(row.key_epoch);
    if (keys == nullptr) return PermissionDeniedError("a body under a key that this client does not have: open the bucket again");
    Result<Key32> dek = UnwrapDek(*keys, row.id, row.wrapped_dek);
    if (!dek.ok()) return BadRecord("the key of a body does not open");
    if (!DekFitsHeader(*dek, body->header)) return BadRecord("the key of a body is not its own");
    body->dek = *dek;
    return std::shared_ptr<const ListedBody>(std::move(body));
  }

  const BucketState& bucket_;
  const ObjectId object_;
  const ListReply& reply_;
  Records records_;
  std::unordered_map<BodyId, const BodyRow*> rows_;
  std::unordered_map<BodyId, std::shared_ptr<const ListedBody>> bodies_;
};

Status StaleOrRollback(ObjectId object) {
  return DataLossError(fmt::format("STALE_OR_ROLLBACK: the catalog does not show what it acknowledged to this client of "
                                   "object {}; it is behind, or was rolled back", object.ToString()))
      .WithDetail("pbfs-code", "STALE_OR_ROLLBACK");
}

/// Lists one page, again while it lacks what was acknowledged (I29).
Result<ListReply> ListPage(const Context& context, ClientCore& core, const ListRequest& request) {
  Backoff backoff(core.world.random);
  for (int attempt = 0;; ++attempt) {
    ++core.counters.lists;
    PBFS_ASSIGN_OR_RETURN(ListReply reply, core.Ask(context, [&](const Context& step) {
      return core.world.catalog.lists.List(step, request);
    }));
    if (reply.covered_hi <= request.lo || reply.covered_hi > request.hi) return BadRecord("a list of another range");
    Hlc newest = reply.span_hlc;
    for (const RegionHead& head : reply.regions) newest = std::max(newest, head.max_hlc);
    core.Observe(newest, reply.now_ms);
    if (request.as_of) return reply;
    const auto pieces = Skyline(reply.extents, request.lo, reply.covered_hi);
    if (core.own.Agrees(request.object, reply, pieces, request.lo, reply.covered_hi)) return reply;
    if (attempt >= 3 || !backoff.Pause(context).ok()) return StaleOrRollback(request.object);
  }
}

void Join(ObjectView& view, ListReply& reply, MonotonicTime asked) {
  view.size = reply.size;
  view.opset = reply.opset;
  view.sealed = reply.sealed;
  view.frontier = view.regions.empty() && view.extents.empty() ? reply.frontier : std::min(view.frontier, reply.frontier);
  view.span_hlc = reply.span_hlc;
  view.regions.insert(view.regions.end(), reply.regions.begin(), reply.regions.end());
  view.extents.insert(view.extents.end(), reply.extents.begin(), reply.extents.end());
  view.lease_end = std::min(view.lease_end, asked + std::chrono::milliseconds(reply.lease_ms));
}

}  // namespace

Status BadRecord(const std::string& what) {
  return DataLossError("BAD_RECORD: the catalog's answer is not what the writer stated: " + what)
      .WithDetail("pbfs-code", "BAD_RECORD");
}

Result<OpRecord> VerifyRecord(const BucketState& bucket, ByteSpan bytes) {
  Result<OpRecord> record = DecodeRecord(bytes);
  if (!record.ok()) return BadRecord(record.status().message());
  if (record->bucket != bucket.info.id) return BadRecord("a record of another bucket");
  const BucketKeys* keys = bucket.KeysOf(record->key_epoch);
  if (keys == nullptr) return PermissionDeniedError("a record under a key that this client does not have: open the bucket again");
  if (!VerifyRecordMac(bytes, *keys)) return BadRecord("its MAC is wrong");
  if (!bucket.must_sign()) return record;
  const bool known = std::any_of(bucket.signers.begin(), bucket.signers.end(),
                                 [&](const PublicKey& signer) { return VerifyRecordSignature(bytes, signer); });
  return known ? record : BadRecord("no writer of this bucket signed it");
}

Result<ObjectView> ViewObject(const Context& context, ClientCore& core, const BucketState& bucket, ObjectId object,
                              int64_t lo, int64_t hi, std::optional<Hlc> as_of) {
  ObjectView view;
  view.lo = lo;
  view.hi = hi;
  view.lease_end = MonotonicTime::max();
  const Context step = core.Step(context);
  for (int64_t at = lo; at < hi;) {
    ListRequest request;
    request.bucket = bucket.info.id;
    request.object = object;
    request.lo = at;
    request.hi = hi;
    request.as_of = as_of;
    if (!as_of) request.min_hlc = core.own.MinHlc(object, at, hi);
    const MonotonicTime asked = MonotonicNow();
    PBFS_ASSIGN_OR_RETURN(ListReply reply, ListPage(step, core, request));
    ReplyVerifier verifier(bucket, object, reply);
    PBFS_RETURN_IF_ERROR(verifier.ReadRecords());
    for (const SkylinePiece& piece : Skyline(reply.extents, at, reply.covered_hi)) {
      PBFS_ASSIGN_OR_RETURN(ViewPiece verified, verifier.Verify(piece));
      view.pieces.push_back(std::move(verified));
    }
    for (const auto& [op, record] : verifier.records()) view.ops[op] = record.kind;
    at = reply.covered_hi;
    Join(view, reply, asked);
  }
  return view;
}

}  // namespace pbfs
