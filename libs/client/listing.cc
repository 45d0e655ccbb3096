#include "libs/client/listing.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "libs/base/mutants.h"
#include "libs/client/keyrings.h"
#include "libs/format/name.h"

namespace pbfs {
namespace {

constexpr int kStaleRetries = 5;
constexpr Duration kListPatience = std::chrono::seconds(10);

struct VerifiedRecord {
  OpRecord record;
  std::vector<int64_t> placed;  // of each body: bytes that the record places in the listed range
};
using Records = std::map<OpId, VerifiedRecord>;

std::vector<int64_t> PlacedIn(const OpRecord& record, int64_t lo, int64_t hi) {
  std::vector<int64_t> placed(record.bodies.size());
  for (const RecordExtent& extent : record.extents) {
    if (extent.kind == SourceKind::kBody)
      placed[extent.index] += std::max<int64_t>(0, std::min(hi, extent.hi) - std::max(lo, extent.lo));
  }
  return placed;
}

Result<Records> VerifyRecords(const OpenedKeyring& keyring, const ObjectId& object, int64_t lo,
                              const ListReply& reply) {
  Records records;
  for (const Buffer& bytes : reply.records) {
    PBFS_ASSIGN_OR_RETURN(OpRecord record, VerifyRecord(keyring, bytes));
    if (record.object != object) return BadRecord("a record of another object");
    const OpId op = record.op;
    std::vector<int64_t> placed = PlacedIn(record, lo, reply.covered_hi);
    records.emplace(op, VerifiedRecord{std::move(record), std::move(placed)});
  }
  return records;
}

// The record's extent that `extent` is a part of, with equal order, source and offset; null if there is none (I28).
const RecordExtent* FindStated(const OpRecord& record, const Extent& extent) {
  const auto after = std::upper_bound(record.extents.begin(), record.extents.end(), extent.lo,
                                      [](int64_t lo, const RecordExtent& stated) { return lo < stated.lo; });
  if (after == record.extents.begin()) return nullptr;
  const RecordExtent& stated = *std::prev(after);
  const bool inside = stated.lo <= extent.lo && extent.hi <= stated.hi;
  const bool same_place = stated.kind == SourceKind::kZeros || stated.inner - stated.lo == extent.inner - extent.lo;
  if (IsMutant(Mutant::kExtentUnstated)) return &stated;
  const bool same = stated.order == extent.order && record.SourceOf(stated) == extent.source;
  return inside && same_place && same ? &stated : nullptr;
}

Result<ListedBody> VerifyBody(const OpenedKeyring& keyring, const BodyRow& row, const RecordBody& stated) {
  const bool as_stated = row.header == stated.header && row.ct_root == stated.ct_root;
  if (!as_stated && !IsMutant(Mutant::kBodyRowUnchecked)) return BadRecord("a body row that differs from its record");
  Result<BodyHeader> header = BodyHeader::Decode(row.header);
  if (!header.ok()) return BadRecord(header.status().message());
  PBFS_ASSIGN_OR_RETURN(const BucketKeys* keys, keyring.KeysOf(row.key_epoch));
  Result<Key32> dek = UnwrapDek(*keys, header->id, row.wrapped_dek);
  if (!dek.ok()) return BadRecord("a wrapped key that does not open");
  if (!DekFitsHeader(*dek, *header)) return BadRecord("a key that the body does not commit to");
  if (row.encoding.has_value()) {
    const Status shape = header->GeometryFor(row.encoding->k, row.encoding->n).Check();
    if (!shape.ok()) return BadRecord(shape.message());
  }
  return ListedBody{row, *header, *dek, false, 0};
}

Status VerifyVisible(const OpenedKeyring& keyring, const Records& records,
                     const std::unordered_map<BodyId, const BodyRow*>& rows, const Extent& extent, Listing& listing) {
  const auto found = records.find(extent.op);
  if (found == records.end()) return BadRecord("an extent without its record");
  const OpRecord& record = found->second.record;
  const RecordExtent* const stated = FindStated(record, extent);
  if (stated == nullptr) return BadRecord("an extent that its record does not state");
  if (extent.source.kind != SourceKind::kBody) return OkStatus();
  if (const auto known = listing.bodies.find(extent.source.body); known != listing.bodies.end()) {
    const RecordBody& also = record.bodies[stated->index];  // of a clone, say: each record has to name the same body
    const bool same = known->second.row.header == also.header && known->second.row.ct_root == also.ct_root;
    return same ? OkStatus() : BadRecord("records that disagree about a body");
  }
  const auto row = rows.find(extent.source.body);
  if (row == rows.end()) return BadRecord("an extent without its body");
  PBFS_ASSIGN_OR_RETURN(ListedBody body, VerifyBody(keyring, *row->second, record.bodies[stated->index]));
  body.rehomed = record.kind == OpKind::kRehome;
  body.placed = found->second.placed[stated->index];
  listing.bodies.emplace(extent.source.body, std::move(body));
  return OkStatus();
}

// Moves the reply into the listing, if everything in it is right.
Result<Listing> Verify(const OpenedKeyring& keyring, const ObjectId& object, int64_t lo, ListReply& reply) {
  Listing listing;
  PBFS_ASSIGN_OR_RETURN(const Records records, VerifyRecords(keyring, object, lo, reply));
  std::unordered_map<BodyId, const BodyRow*> rows;
  for (const BodyRow& row : reply.bodies) rows.emplace(row.id, &row);
  listing.pieces = Skyline(reply.extents, lo, reply.covered_hi);
  for (const SkylinePiece& piece : listing.pieces) {
    PBFS_RETURN_IF_ERROR(VerifyVisible(keyring, records, rows, reply.extents[piece.extent], listing));
  }
  listing.lease_until = MonotonicNow() + std::chrono::milliseconds(reply.lease_ms);
  listing.reply = std::move(reply);
  return listing;
}

Hlc NewestShown(const ListReply& reply) {
  Hlc newest = reply.span_hlc;
  for (const RegionHead& head : reply.regions) newest = std::max(newest, head.max_hlc);
  return newest;
}

ListRequest RequestOf(const OpenedBucket& bucket, int64_t lo, int64_t hi) {
  ListRequest request;
  request.bucket = bucket.id();
  request.lo = lo;
  request.hi = hi;
  return request;
}

Result<ListReply> Ask(const Context& context, ClientCore& core, const ListRequest& request) {
  ++core.counters.lists;
  PBFS_ASSIGN_OR_RETURN(ListReply reply, RetryRead(context, [&] {
                          return core.to.catalog.lists.List(context.Within(kListPatience), request);
                        }));
  core.Observe(NewestShown(reply), reply.now_ms);
  const bool of_range = reply.covered_hi > request.lo && reply.covered_hi <= request.hi;
  if (!of_range || request.with_opset != reply.opset.has_value()) return BadRecord("a list of another range");
  return reply;
}

Result<Listing> VerifyReply(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                            const ObjectId& object, int64_t lo, ListReply& reply) {
  return WithNewestKeys(context, core, bucket,
                        [&](const OpenedKeyring& keyring) { return Verify(keyring, object, lo, reply); });
}

}  // namespace

Result<Listing> ListVerified(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                             const ObjectId& object, int64_t lo, int64_t hi, std::optional<Hlc> as_of,
                             bool with_opset) {
  ListRequest request = RequestOf(bucket, lo, hi);
  request.object = object;
  request.as_of = as_of;
  request.with_opset = with_opset;
  for (int attempt = 0; attempt < kStaleRetries; ++attempt) {
    const Expected expected = core.acknowledged.Expect(object, lo, hi);  // what is written from now on may be missing
    request.min_hlc = expected.Newest();
    PBFS_ASSIGN_OR_RETURN(ListReply reply, Ask(context, core, request));
    PBFS_ASSIGN_OR_RETURN(Listing listing, VerifyReply(context, core, bucket, object, lo, reply));
    if (as_of.has_value() || IsMutant(Mutant::kStaleListAccepted)) return listing;
    if (expected.IsShownBy(listing.reply, listing.pieces, lo, listing.reply.covered_hi)) {
      core.acknowledged.NoteShown(object, listing.reply);
      return listing;
    }
    SleepFor(std::chrono::milliseconds(20));
  }
  return StaleOrRollback("the catalog does not show a write that it had acknowledged to this client");
}

Result<NamedListing> ListNamedVerified(const Context& context, ClientCore& core, const OpenedBucket& bucket,
                                       const std::string& name, int64_t lo, int64_t hi, bool newest,
                                       std::optional<Order> version) {
  PBFS_RETURN_IF_ERROR(CheckName(name));
  ListRequest request = RequestOf(bucket, lo, hi);
  request.name = name;
  request.with_opset = true;
  request.newest = newest;
  request.version = version;
  ObjectId object;    // that it was bound to at the last attempt,
  Expected expected;  // and what had to be shown of it from then on
  for (int attempt = 0; attempt < kStaleRetries; ++attempt) {
    const Hlc seen = version ? 0 : core.acknowledged.NewestOfName(bucket.id(), name);
    PBFS_ASSIGN_OR_RETURN(ListReply reply, Ask(context, core, request));
    if (!reply.name || reply.name->name != name || !reply.name->object) return BadRecord("a list of another name");
    NamedListing named{{}, *reply.name, {}};
    if (version && !IsVersion(named.entry, name, *version)) return BadRecord("a list of another version");
    PBFS_ASSIGN_OR_RETURN(named.verified, VerifyEntry(context, core, bucket, named.entry));
    PBFS_ASSIGN_OR_RETURN(named.listing, VerifyReply(context, core, bucket, *named.entry.object, lo, reply));
    // Which object it would be was not known beforehand. What was written to it since may be missing, and is not the next time.
    if (object != *named.entry.object) expected = core.acknowledged.Expect(*named.entry.object, lo, hi);
    object = *named.entry.object;
    const Listing& listing = named.listing;
    if (named.entry.order.hlc >= seen &&
        expected.IsShownBy(listing.reply, listing.pieces, lo, listing.reply.covered_hi)) {
      core.acknowledged.NoteShown(object, listing.reply);
      return named;
    }
    // A name shows an older version again when others drop its newest: then what this client did to it is no measure.
    if (request.newest && bucket.versioning() != Versioning::kOff) core.acknowledged.ForgetName(bucket.id(), name);
    request.newest = true;
  }
  return StaleOrRollback("the catalog does not show what it had acknowledged to this client");
}

}  // namespace pbfs
