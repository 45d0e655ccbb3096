// What Bucket tells of an object: history, map of extents, soundness of every fragment.
#include <algorithm>

#include <fmt/format.h>

#include "libs/client/keyrings.h"
#include "libs/client/listing.h"
#include "libs/format/fragment.h"

namespace pbfs {
namespace {

constexpr int64_t kVerifyRange = 4 << 20;  // of one fragment, read at a time
constexpr int64_t kCostPage = 10'000;  // ops: a page costs the catalog a look at all of the object's, so few large ones

int64_t BytesOf(const OpRecord& record) {
  int64_t bytes = 0;
  for (const RecordBody& body : record.bodies) {
    const Result<BodyHeader> header = BodyHeader::Decode(body.header);
    if (header.ok()) bytes += header->length;
  }
  return bytes;
}

HistoryEntry ToHistory(const OpenedKeyring& keyring, const OpEntry& op) {
  HistoryEntry entry{op.op, static_cast<OpKind>(op.kind), op.order, op.at_ms, 0, 0, 0, "", false};
  const Result<OpRecord> record = DecodeRecord(op.record);
  if (!record.ok()) return entry;
  entry.authentic = record->op == op.op && VerifyRecord(keyring, op.record).ok();
  entry.name = record->name;
  if (!record->extents.empty()) entry.lo = record->extents.front().lo, entry.hi = record->extents.back().hi;
  if (entry.kind == OpKind::kWrite || entry.kind == OpKind::kRehome) entry.bytes = BytesOf(*record);
  return entry;
}

// Whether the keyring lacks the key of one of them.
bool LacksKeyOf(const OpenedKeyring& keyring, const std::vector<OpEntry>& ops) {
  return std::any_of(ops.begin(), ops.end(), [&](const OpEntry& op) {
    const Result<OpRecord> record = DecodeRecord(op.record);
    return record.ok() && !keyring.KeysOf(record->key_epoch).ok();
  });
}

/// Adds up an object's ops, newest first.
class CostCounter {
 public:
  void Add(const HistoryEntry& op) {
    ++cost_.ops;
    if (!op.authentic) return;
    if (op.kind == OpKind::kRehome) ++cost_.rehomes, cost_.rewritten_bytes += op.bytes;
    if (op.kind == OpKind::kWrite) ++older_.patches, older_.patched_bytes += op.bytes;
    if (op.kind == OpKind::kBind) TakeOlder();  // all of that was written to an object with a name
  }
  /// There are no older ones: what is older than its first name is what was put.
  void End() {
    cost_.complete = true;
    if (named_) cost_.put_bytes = older_.patched_bytes;
    if (!named_) TakeOlder();
  }
  bool complete() const { return cost_.complete; }
  int64_t ops() const { return cost_.ops; }
  RehomeCost cost() {
    if (!cost_.complete) TakeOlder();
    return cost_;
  }

 private:
  void TakeOlder() {
    cost_.patches += older_.patches, cost_.patched_bytes += older_.patched_bytes;
    older_ = {};
    named_ = true;
  }
  RehomeCost cost_;
  RehomeCost older_;  // than the oldest name so far
  bool named_ = false;
};

/// Reads every fragment of one body.
class BodyVerifier {
 public:
  BodyVerifier(const Context& context, ClientCore& core, const OpenedBucket& bucket, VerifyReport& report)
      : context_(context), core_(core), bucket_(bucket), report_(report) {}

  Status Run(const ListedBody& body) {
    ++report_.bodies;
    if (!body.row.encoding.has_value()) {
      ++report_.inline_bodies;
      if (!OpenInline(body.dek, body.header, body.row.inline_ct).ok()) ++report_.lost_bodies;
      return OkStatus();
    }
    const Encoding& encoding = *body.row.encoding;
    PBFS_ASSIGN_OR_RETURN(const EncodingStores stores, core_.cluster.StoresOf(context_, PlacementGroupOf(encoding.id),
                                                                              encoding.n, encoding.n - encoding.k));
    int sound = 0;
    for (uint8_t shard = 0; shard < encoding.n; ++shard) {
      FragmentReport fragment = Check(body, shard, stores);
      ++report_.fragments;
      sound += fragment.health == FragmentHealth::kSound ? 1 : 0;
      Count(std::move(fragment));
    }
    if (sound < encoding.k) ++report_.lost_bodies;
    return OkStatus();
  }

 private:
  void Count(FragmentReport fragment) {
    switch (fragment.health) {
      case FragmentHealth::kSound: ++report_.sound; return;
      case FragmentHealth::kMissing: ++report_.missing; break;
      case FragmentHealth::kCorrupt: ++report_.corrupt; break;
      case FragmentHealth::kUnreachable: ++report_.unreachable; break;
    }
    report_.bad.push_back(std::move(fragment));
  }
  // Where it belongs, then anywhere else in its group.
  FragmentReport Check(const ListedBody& body, uint8_t shard, const EncodingStores& stores) {
    std::vector<StoreId> candidates;
    if (shard < stores.stores.size()) candidates.push_back(stores.stores[shard]);
    for (const auto& list : {stores.stores, stores.others}) {
      for (const StoreId id : list) {
        if (candidates.empty() || id != candidates.front()) candidates.push_back(id);
      }
    }
    std::optional<FragmentReport> first;
    for (const StoreId store : candidates) {
      FragmentReport found = CheckAt(body, shard, store);
      if (found.health == FragmentHealth::kSound) return found;
      if (!first.has_value()) first = found;
      if (found.health == FragmentHealth::kCorrupt) return found;
    }
    return first.value_or(
        FragmentReport{body.header.id, body.row.encoding->id, shard, {}, FragmentHealth::kMissing, "no store"});
  }
  FragmentReport CheckAt(const ListedBody& body, uint8_t shard, StoreId store) {
    FragmentReport report{body.header.id, body.row.encoding->id, shard, store, FragmentHealth::kSound, ""};
    const Status status = ReadAll(body, shard, store);
    if (status.ok()) return report;
    report.what = status.ToString();
    report.health = status.code() == StatusCode::kNotFound ? FragmentHealth::kMissing
                    : status.code() == StatusCode::kDataLoss || status.code() == StatusCode::kOutOfRange
                        ? FragmentHealth::kCorrupt
                        : FragmentHealth::kUnreachable;
    return report;
  }
  Status ReadAll(const ListedBody& body, uint8_t shard, StoreId id) {
    PBFS_ASSIGN_OR_RETURN(const auto store, core_.to.stores.Find(id));
    PBFS_ASSIGN_OR_RETURN(const Buffer token, core_.cluster.Token(context_, bucket_.id()));
    const EncodingId encoding = body.row.encoding->id;
    const Geometry geometry = body.header.GeometryFor(body.row.encoding->k, body.row.encoding->n);
    const auto read = [&](int64_t begin, int64_t end) -> Result<Buffer> {
      const Context call = context_.Within(core_.options.store_timeout);
      PBFS_ASSIGN_OR_RETURN(ReadReply reply,
                            store->StartRead(call, {{{{encoding, shard}, begin, end}}, token}, {})->Wait(call));
      if (reply.parts.size() != 1) return DataLossError("the store answered another question");
      PBFS_RETURN_IF_ERROR(reply.parts[0].status);
      return reply.parts[0].bytes;
    };
    PBFS_ASSIGN_OR_RETURN(const Buffer head, read(0, Geometry::kFragmentHeader));
    const Result<FragmentHeader> header = FragmentHeader::Decode(head);
    const bool ours =
        header.ok() && header->encoding == encoding && header->shard == shard && header->body == body.header.id;
    if (!ours) return DataLossError("another fragment's header");
    const int64_t per_read = std::max<int64_t>(1, kVerifyRange / (geometry.FullBlock() + Geometry::kCrc));
    for (int64_t i = 0; i < geometry.Segments(); i += per_read) {
      const int64_t last = std::min(geometry.Segments(), i + per_read) - 1;
      PBFS_ASSIGN_OR_RETURN(const Buffer stripes, read(geometry.StripeBegin(i), geometry.StripeEnd(last)));
      for (int64_t s = i; s <= last; ++s) {
        const auto block =
            stripes.span().subspan(static_cast<size_t>(geometry.StripeBegin(s) - geometry.StripeBegin(i)),
                                   static_cast<size_t>(geometry.Block(s) + Geometry::kCrc));
        if (!CheckBlock(encoding, shard, static_cast<uint32_t>(s), block))
          return DataLossError(fmt::format("block {}: wrong CRC", s));
      }
    }
    PBFS_ASSIGN_OR_RETURN(const Buffer tail, read(geometry.TrailerBegin(), geometry.FragmentSize()));
    const Result<FragmentTrailer> trailer = ParseFragmentTrailer(geometry, tail);
    return trailer.ok() && trailer->header == body.row.header ? OkStatus() : DataLossError("another body's trailer");
  }

  const Context context_;
  ClientCore& core_;
  const OpenedBucket& bucket_;
  VerifyReport& report_;
};

}  // namespace

Result<std::vector<HistoryEntry>> Bucket::History(const Context& context, ObjectId object, Hlc before, int32_t limit) {
  const Context step = context.Within(core_->options.timeout);
  const HistoryRequest request{state_->id(), object, before, limit, core_->acknowledged.NewestOfObject(object)};
  PBFS_ASSIGN_OR_RETURN(const auto ops,
                        RetryRead(step, [&] { return core_->to.catalog.lists.History(step, request); }));
  auto keyring = state_->keyring();
  if (LacksKeyOf(*keyring, ops)) {
    PBFS_RETURN_IF_ERROR(RenewKeyring(step, *core_, *state_));
    keyring = state_->keyring();
  }
  std::vector<HistoryEntry> history;
  for (const OpEntry& op : ops) history.push_back(ToHistory(*keyring, op));
  return history;
}

Result<RehomeCost> Bucket::CostOfRehomes(const Context& context, ObjectId object, int64_t max_ops) {
  CostCounter counter;
  // REHOMEs have no order: their place in history is the end of the millisecond in which they were committed.
  for (Hlc before = INT64_MAX; !counter.complete() && counter.ops() < max_ops;) {
    const auto limit = static_cast<int32_t>(std::clamp<int64_t>(max_ops - counter.ops(), 1, kCostPage));
    PBFS_ASSIGN_OR_RETURN(const auto page, History(context, object, before, limit));
    for (const HistoryEntry& op : page) {
      counter.Add(op);
      before = op.kind == OpKind::kRehome ? AsOfMillis(op.at_ms) : op.order.hlc;
    }
    if (static_cast<int32_t>(page.size()) < limit) counter.End();
  }
  return counter.cost();
}

Result<std::vector<VisibleExtent>> Bucket::Extents(const Context& context, ObjectId object, int64_t lo, int64_t hi,
                                                   const ReadOptions& options) {
  std::vector<VisibleExtent> visible;
  while (lo < hi) {
    PBFS_ASSIGN_OR_RETURN(const Listing listing, ListVerified(context, *core_, *state_, object, lo, hi, options.as_of));
    for (const SkylinePiece& piece : listing.pieces) {
      const Extent& extent = listing.ExtentOf(piece);
      VisibleExtent shown{piece.lo, piece.hi, extent.order, extent.source, piece.inner, 0, {}};
      if (extent.source.kind == SourceKind::kBody) {
        const ListedBody& body = listing.bodies.at(extent.source.body);
        shown.body_length = body.header.length;
        shown.encoding = body.row.encoding;
      }
      visible.push_back(shown);
    }
    if (listing.reply.covered_hi <= lo) break;
    lo = listing.reply.covered_hi;
  }
  return visible;
}

Result<VerifyReport> Bucket::Verify(const Context& context, ObjectId object) {
  PBFS_ASSIGN_OR_RETURN(const ObjectStat stat, Stat(context, object));
  VerifyReport report;
  BodyVerifier verifier(context, *core_, *state_, report);
  std::map<BodyId, bool> done;  // a body may be visible in many places
  for (int64_t lo = 0; lo < stat.size;) {
    PBFS_ASSIGN_OR_RETURN(const Listing listing,
                          ListVerified(context, *core_, *state_, object, lo, stat.size, std::nullopt));
    for (const auto& [id, body] : listing.bodies) {
      PBFS_RETURN_IF_ERROR(context.Check());
      if (done.emplace(id, true).second) PBFS_RETURN_IF_ERROR(verifier.Run(body));
    }
    if (listing.reply.covered_hi <= lo) break;
    lo = listing.reply.covered_hi;
  }
  return report;
}

}  // namespace pbfs
