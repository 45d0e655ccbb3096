#include "tests/simulation/liar.h"

#include <algorithm>

#include "libs/base/bytes.h"
#include "libs/base/scheduler.h"
#include "libs/format/fragment.h"
#include "libs/format/op_record.h"
#include "libs/model/skyline.h"

namespace pbfs::simulation {
namespace {

/// What a client was told it remembers a moment later.
constexpr Duration kMoment = std::chrono::milliseconds(20);

Hlc NewestIn(const ListReply& list) {
  Hlc newest = list.span_hlc;
  for (const RegionHead& head : list.regions) newest = std::max(newest, head.max_hlc);
  return newest;
}

bool IsBody(const Extent& extent) { return extent.source.kind == SourceKind::kBody; }

void Shift(Extent& extent, int64_t by) { extent.lo += by, extent.hi += by; }

}  // namespace

Liar::Liar(Random& random) : random_(random) {
  Key32 key;
  random.Fill(key.mutable_span());
  strange_ = BucketKeys::Derive(BucketId(), 1, key);
}

void Liar::Raise(Known& known, Hlc hlc) {
  if (hlc > known.hlc) known = {hlc, MonotonicNow()};
}

bool Liar::IsKnown(const Known& known, Hlc hlc, MonotonicTime asked) const {
  return hlc < known.hlc && known.since + kMoment < asked;
}

void Liar::NoteAcknowledged(const CommitRequest& request) {
  for (const Buffer& bytes : request.records) {
    const Result<OpRecord> record = DecodeRecord(bytes);
    if (!record.ok()) continue;
    if (IsContentOp(record->kind)) Raise(objects_[record->object], record->order.hlc);
    if (!record->name.empty()) Raise(names_[record->name], record->order.hlc);
  }
}

void Liar::NoteShown(ObjectId object, const ListReply& list) { Raise(objects_[object], NewestIn(list)); }
void Liar::NoteShown(const NameEntry& entry) {
  std::vector<NameEntry>& shown = old_entries_[entry.name];
  if (shown.empty() || shown.back().order != entry.order) shown.push_back(entry);
}

void Liar::ForgetClient() { objects_.clear(), names_.clear(); }

bool Liar::Forge(const ListRequest& request, MonotonicTime asked, ListReply& list) {
  const uint64_t first = random_.Below(4);
  for (uint64_t kind = first; kind < first + 4; ++kind) {
    if (Tell(kind % 4, request, asked, list)) return true;
  }
  return false;
}

bool Liar::Tell(uint64_t kind, const ListRequest& request, MonotonicTime asked, ListReply& list) {
  switch (kind) {
    case 0: return MoveAnExtent(request.lo, list);
    case 1: return ForgeRecord(list);
    case 2: return ExchangeBodies(list);
    default: return ShowThePast(objects_[request.object], asked, list);
  }
}

bool Liar::Forge(MonotonicTime asked, NameEntry& entry) {
  const auto old = old_entries_.find(entry.name);
  const auto known = names_.find(entry.name);
  if (old == old_entries_.end() || known == names_.end()) return false;
  const NameEntry& shown = old->second[random_.Below(old->second.size())];
  if (!IsKnown(known->second, shown.order.hlc, asked)) return false;
  entry = shown;
  return true;
}

bool Liar::MoveAnExtent(int64_t lo, ListReply& list) {
  const size_t count = list.extents.size();
  const size_t first = count == 0 ? 0 : random_.Below(count);
  for (size_t i = 0; i < count; ++i) {
    if (Move((first + i) % count, lo, list)) return true;
  }
  return false;
}

// To where some of it shows: moved beneath a newer one it would be left out, and who has not seen it before cannot know.
bool Liar::Move(size_t which, int64_t lo, ListReply& list) {
  const Extent true_one = list.extents[which];
  if (!IsBody(true_one)) return false;
  Shift(list.extents[which], 1 + static_cast<int64_t>(random_.Below(100)));
  for (const SkylinePiece& piece : Skyline(list.extents, lo, list.covered_hi)) {
    if (piece.extent == which) return true;
  }
  list.extents[which] = true_one;
  return false;
}

// The record says what the rows say, but nobody who has the keys has made it.
bool Liar::ForgeRecord(ListReply& list) {
  if (list.records.empty()) return false;
  Buffer& bytes = list.records[random_.Below(list.records.size())];
  Result<OpRecord> record = DecodeRecord(bytes);
  if (!record.ok() || record->kind != OpKind::kWrite || record->extents.size() != 1) return false;
  const int64_t by = 1 + static_cast<int64_t>(random_.Below(100));
  record->extents[0].lo += by, record->extents[0].hi += by;
  for (Extent& extent : list.extents) {
    if (extent.op == record->op) Shift(extent, by);
  }
  BucketKeys keys = strange_;
  keys.bucket = record->bucket, keys.epoch = record->key_epoch;
  bytes = Buffer::FromBytes(EncodeRecord(*std::move(record), keys));
  return true;
}

// Another body's ciphertext, key and all: it opens, but it is not what was written there.
bool Liar::ExchangeBodies(ListReply& list) {
  if (list.bodies.size() < 2) return false;
  BodyRow& row = list.bodies[random_.Below(list.bodies.size())];
  const BodyRow& other = list.bodies[random_.Below(list.bodies.size())];
  const Result<BodyHeader> own = BodyHeader::Decode(row.header), others = BodyHeader::Decode(other.header);
  if (row.id == other.id || !own.ok() || !others.ok() || others->length < own->length) return false;
  const BodyId id = row.id;
  row = other;
  row.id = id;
  return true;
}

bool Liar::ShowThePast(const Known& known, MonotonicTime asked, ListReply& list) {
  if (list.extents.empty()) return false;
  const Hlc as_of = list.extents[random_.Below(list.extents.size())].order.hlc;
  if (!IsKnown(known, as_of, asked)) return false;
  std::erase_if(list.extents, [&](const Extent& extent) { return extent.order.hlc > as_of; });
  for (RegionHead& head : list.regions) head.max_hlc = std::min(head.max_hlc, as_of);
  list.span_hlc = std::min(list.span_hlc, as_of);
  return true;
}

int64_t Forge(FragmentStore& store, const ReadRequest& request, ReadReply& reply) {
  int64_t lies = 0;
  for (size_t i = 0; i < reply.parts.size(); ++i) {
    const FragmentRange& range = request.ranges[i];
    if (!reply.parts[i].status.ok() || range.begin == 0) continue;
    const FragmentRange head{range.key, 0, Geometry::kFragmentHeader};
    const auto read = store.StartRead(Context(), {{head}, request.token}, {})->Wait(Context());
    const auto header = read.ok() ? FragmentHeader::Decode(read->parts[0].bytes) : read.status();
    if (!header.ok()) continue;
    Bytes bytes = ToBytes(reply.parts[i].bytes);
    const Geometry& geometry = header->geometry;
    for (int64_t s = 0; s < geometry.Segments() && geometry.StripeEnd(s) <= range.end; ++s) {
      if (geometry.StripeBegin(s) < range.begin) continue;
      uint8_t* const block = bytes.data() + (geometry.StripeBegin(s) - range.begin);
      const auto size = static_cast<size_t>(geometry.Block(s));
      block[size / 2] ^= 0x5a;
      StoreLe(block + size, BlockCrc(range.key.encoding, range.key.shard, static_cast<uint32_t>(s), {block, size}));
      ++lies;
    }
    reply.parts[i].bytes = Buffer::FromBytes(std::move(bytes));
  }
  return lies;
}

}  // namespace pbfs::simulation
