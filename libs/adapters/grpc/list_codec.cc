// The parts of catalog_codec.h that are streams: long answers cut into messages, and put together again.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "libs/adapters/grpc/catalog_codec.h"
#include "libs/model/limits.h"

namespace pbfs::wire {
namespace {

/// A message is closed when it holds this much; with one more record of 8 MiB it still fits the limit of a message.
constexpr size_t kMessageBytes = 2 << 20;

/// Hands out the message to add to, and begins a new one when the last is full.
template <typename Message>
class Messages {
 public:
  Message& For(size_t bytes) {
    if (all_.empty() || (bytes_ > 0 && bytes_ + bytes > kMessageBytes)) {
      all_.emplace_back();
      bytes_ = 0;
    }
    bytes_ += bytes;
    return all_.back();
  }
  std::vector<Message> Take() && { return std::move(all_); }

 private:
  std::vector<Message> all_;
  size_t bytes_ = 0;
};

void Encode(const Extent& extent, v1::Extent* out) {
  out->set_lo(extent.lo);
  out->set_hi(extent.hi);
  out->set_hlc(extent.order.hlc);
  out->set_wid(extent.order.wid);
  out->set_source_kind(static_cast<uint32_t>(extent.source.kind));
  if (extent.source.kind == SourceKind::kBody) out->set_source_id(Text(extent.source.body.span()));
  if (extent.source.kind == SourceKind::kObject) out->set_source_id(Text(extent.source.object.span()));
  out->set_inner(extent.inner);
  out->set_op_id(Text(extent.op.span()));
}

Result<Source> DecodeSource(const v1::Extent& in) {
  if (in.source_kind() == 0) return Source::Zeros();
  if (in.source_kind() == 1) {
    PBFS_ASSIGN_OR_RETURN(const BodyId body, DecodeId<BodyId>(in.source_id(), "body id"));
    return Source::Of(body);
  }
  if (in.source_kind() != 2) return InvalidArgumentError("unknown kind of an extent's source");
  PBFS_ASSIGN_OR_RETURN(const ObjectId object, DecodeId<ObjectId>(in.source_id(), "object id"));
  return Source::Of(object);
}

Result<Extent> Decode(const v1::Extent& in) {
  if (in.lo() < 0 || in.hi() <= in.lo()) return InvalidArgumentError("an extent is empty or backwards");
  PBFS_ASSIGN_OR_RETURN(const Source source, DecodeSource(in));
  PBFS_ASSIGN_OR_RETURN(const OpId op, DecodeId<OpId>(in.op_id(), "op id"));
  return Extent{in.lo(), in.hi(), {in.hlc(), in.wid()}, source, in.inner(), op};
}

void Encode(const BodyRow& body, v1::Body* out) {
  out->set_id(Text(body.id.span()));
  out->set_key_epoch(body.key_epoch);
  out->set_header(Text(body.header));
  if (body.ct_root != std::array<uint8_t, 32>{}) out->set_ct_root(Text(body.ct_root));
  out->set_wrapped_dek(Text(body.wrapped_dek));
  if (body.encoding.has_value()) {
    auto* encoding = out->mutable_encoding();
    encoding->set_id(Text(body.encoding->id.span()));
    encoding->set_scheme(body.encoding->scheme);
    encoding->set_k(body.encoding->k);
    encoding->set_n(body.encoding->n);
  }
  out->set_missing(body.missing);
  out->set_inline_ct(Text(body.inline_ct));
}

Result<BodyRow> Decode(v1::Body* in) {
  BodyRow body;
  PBFS_ASSIGN_OR_RETURN(body.id, DecodeId<BodyId>(in->id(), "body id"));
  body.key_epoch = in->key_epoch();
  if (in->header().size() != 64 || in->wrapped_dek().size() != 72 ||
      (!in->ct_root().empty() && in->ct_root().size() != 32)) {
    return InvalidArgumentError("a body's header, root or wrapped DEK has a wrong size");
  }
  std::memcpy(body.header.data(), in->header().data(), 64);
  std::memcpy(body.wrapped_dek.data(), in->wrapped_dek().data(), 72);
  if (!in->ct_root().empty()) std::memcpy(body.ct_root.data(), in->ct_root().data(), 32);
  if (in->has_encoding()) {
    const auto& encoding = in->encoding();
    PBFS_ASSIGN_OR_RETURN(const EncodingId id, DecodeId<EncodingId>(encoding.id(), "encoding id"));
    if (std::max({encoding.scheme(), encoding.k(), encoding.n()}) > 255)
      return InvalidArgumentError("a body's scheme is out of range");
    body.encoding = Encoding{id, static_cast<uint8_t>(encoding.scheme()), static_cast<uint8_t>(encoding.k()),
                             static_cast<uint8_t>(encoding.n())};
  }
  body.missing = in->missing();
  body.inline_ct = TakeBuffer(in->mutable_inline_ct());
  return body;
}

void EncodeHead(const ListReply& reply, v1::ListReply::Head* out) {
  out->set_covered_hi(reply.covered_hi);
  for (const RegionHead& head : reply.regions) {
    auto* region = out->add_regions();
    region->set_region(head.region);
    region->set_max_hlc(head.max_hlc);
  }
  out->set_span_hlc(reply.span_hlc);
  out->set_frontier(reply.frontier);
  out->set_zero_floor(reply.zero_floor);
  out->set_size(reply.size);
  out->set_sealed(reply.sealed);
  out->set_now_ms(reply.now_ms);
  out->set_lease_ms(reply.lease_ms);
  if (reply.name.has_value()) wire::Encode(*reply.name, out->mutable_name());
  if (reply.opset.has_value()) out->set_opset(Text(*reply.opset));
  out->set_newest(reply.newest);
}

Result<Opset> DecodeOpset(const std::string& in) {
  PBFS_ASSIGN_OR_RETURN(const auto id, DecodeId<ObjectId>(in, "opset"));
  return id.bytes;
}

Status DecodeHead(v1::ListReply::Head& in, ListReply& reply) {
  reply.covered_hi = in.covered_hi();
  for (const auto& region : in.regions()) reply.regions.push_back({region.region(), region.max_hlc()});
  reply.span_hlc = in.span_hlc();
  reply.frontier = in.frontier();
  reply.zero_floor = in.zero_floor();
  reply.size = in.size();
  reply.sealed = in.sealed();
  reply.now_ms = in.now_ms();
  reply.lease_ms = in.lease_ms();
  if (in.has_name()) {
    PBFS_ASSIGN_OR_RETURN(reply.name, wire::Decode(in.mutable_name()));
  }
  if (!in.opset().empty()) {
    PBFS_ASSIGN_OR_RETURN(reply.opset, DecodeOpset(in.opset()));
  }
  reply.newest = in.newest();
  return OkStatus();
}

}  // namespace

v1::ListRequest Encode(const ListRequest& request) {
  v1::ListRequest out;
  out.set_bucket_id(Text(request.bucket.span()));
  out.set_object_id(Text(request.object.span()));
  out.set_lo(request.lo);
  out.set_hi(request.hi);
  out.set_min_hlc(request.min_hlc);
  if (request.as_of.has_value()) out.set_as_of(*request.as_of);
  for (const OpId& op : request.known_ops) out.add_known_ops(Text(op.span()));
  out.set_max_extents(request.max_extents);
  out.set_name(request.name);
  out.set_with_opset(request.with_opset);
  out.set_newest(request.newest);
  if (request.version.has_value()) {
    out.mutable_version()->set_hlc(request.version->hlc);
    out.mutable_version()->set_wid(request.version->wid);
  }
  return out;
}

Result<ListRequest> Decode(const v1::ListRequest& in) {
  ListRequest request;
  PBFS_ASSIGN_OR_RETURN(request.bucket, DecodeId<BucketId>(in.bucket_id(), "bucket id"));
  PBFS_ASSIGN_OR_RETURN(request.object, DecodeId<ObjectId>(in.object_id(), "object id"));
  request.lo = in.lo();
  request.hi = in.hi();
  request.min_hlc = in.min_hlc();
  if (in.has_as_of()) request.as_of = in.as_of();
  for (const std::string& bytes : in.known_ops()) {
    PBFS_ASSIGN_OR_RETURN(const OpId op, DecodeId<OpId>(bytes, "op id"));
    request.known_ops.push_back(op);
  }
  request.max_extents = in.max_extents();
  request.name = in.name();
  request.with_opset = in.with_opset();
  request.newest = in.newest();
  if (in.has_version()) request.version = Order{in.version().hlc(), in.version().wid()};
  return request;
}

std::vector<v1::ListReply> Split(const ListReply& reply) {
  constexpr size_t kExtentBytes = kMessageBytes / kMaxExtentsPerListMessage;  // so that 4096 of them fill a message
  constexpr size_t kBodyBytes = 320;
  Messages<v1::ListReply> messages;
  EncodeHead(reply, messages.For(reply.regions.size() * 24).mutable_head());
  for (const Extent& extent : reply.extents) Encode(extent, messages.For(kExtentBytes).add_extents());
  for (const BodyRow& body : reply.bodies) Encode(body, messages.For(kBodyBytes + body.inline_ct.size()).add_bodies());
  for (const Buffer& record : reply.records) messages.For(record.size() + 8).add_records(Text(record));
  return std::move(messages).Take();
}

Status Join(v1::ListReply* in, ListReply& reply) {
  if (in->has_head()) PBFS_RETURN_IF_ERROR(DecodeHead(*in->mutable_head(), reply));
  reply.extents.reserve(reply.extents.size() + static_cast<size_t>(in->extents_size()));
  for (const auto& wire_extent : in->extents()) {
    PBFS_ASSIGN_OR_RETURN(const Extent extent, Decode(wire_extent));
    reply.extents.push_back(extent);
  }
  for (auto& wire_body : *in->mutable_bodies()) {
    PBFS_ASSIGN_OR_RETURN(BodyRow body, Decode(&wire_body));
    reply.bodies.push_back(std::move(body));
  }
  for (std::string& record : *in->mutable_records()) reply.records.push_back(TakeBuffer(&record));
  return OkStatus();
}

void Encode(const ObjectInfo& info, v1::ObjectInfo* out) {
  out->set_object_id(Text(info.object.span()));
  out->set_size(info.size);
  out->set_opset(Text(info.opset));
  out->set_sealed(info.sealed);
  out->set_bindings(info.bindings);
  out->set_max_hlc(info.max_hlc);
  out->set_extents(info.extents);
  out->set_meta(Text(info.meta));
  out->mutable_meta_order()->set_hlc(info.meta_order.hlc);
  out->mutable_meta_order()->set_wid(info.meta_order.wid);
}

Result<ObjectInfo> Decode(v1::ObjectInfo* in) {
  ObjectInfo info;
  PBFS_ASSIGN_OR_RETURN(info.object, DecodeId<ObjectId>(in->object_id(), "object id"));
  info.size = in->size();
  PBFS_ASSIGN_OR_RETURN(info.opset, DecodeOpset(in->opset()));
  info.sealed = in->sealed();
  info.bindings = in->bindings();
  info.max_hlc = in->max_hlc();
  info.extents = in->extents();
  info.meta = TakeBuffer(in->mutable_meta());
  info.meta_order = {in->meta_order().hlc(), in->meta_order().wid()};
  return info;
}

std::vector<v1::HistoryReply> Split(const std::vector<OpEntry>& ops) {
  Messages<v1::HistoryReply> messages;
  for (const OpEntry& op : ops) {
    auto* out = messages.For(op.record.size() + 64).add_ops();
    out->set_op_id(Text(op.op.span()));
    out->set_kind(op.kind);
    out->mutable_order()->set_hlc(op.order.hlc);
    out->mutable_order()->set_wid(op.order.wid);
    out->set_origin(op.origin.value);
    out->set_at_ms(op.at_ms);
    out->set_record(Text(op.record));
  }
  return std::move(messages).Take();
}

Status Join(v1::HistoryReply* in, std::vector<OpEntry>& ops) {
  for (auto& wire_op : *in->mutable_ops()) {
    OpEntry op;
    PBFS_ASSIGN_OR_RETURN(op.op, DecodeId<OpId>(wire_op.op_id(), "op id"));
    op.kind = static_cast<uint8_t>(wire_op.kind());
    op.order = {wire_op.order().hlc(), wire_op.order().wid()};
    op.origin = SiteId{static_cast<uint16_t>(wire_op.origin())};
    op.at_ms = wire_op.at_ms();
    op.record = TakeBuffer(wire_op.mutable_record());
    ops.push_back(std::move(op));
  }
  return OkStatus();
}

namespace {

// Entries and common prefixes, merged by name, as far as they fit a message; says if some did not.
template <typename Message>
bool EncodePage(const std::vector<NameEntry>& entries, const std::vector<std::string>& prefixes, Message* out,
                v1::NameEntry* (Message::*add)()) {
  size_t bytes = 0;
  auto entry = entries.begin();
  auto prefix = prefixes.begin();
  while (entry != entries.end() || prefix != prefixes.end()) {
    const bool is_entry = prefix == prefixes.end() || (entry != entries.end() && entry->name < *prefix);
    const bool first = bytes == 0;
    bytes += 64 + (is_entry ? entry->name.size() + entry->record.size() + entry->meta.size() : prefix->size());
    if (bytes > 2 * kMessageBytes && !first) return true;
    if (is_entry) {
      wire::Encode(*entry++, (out->*add)());
    } else {
      out->add_prefixes(*prefix++);
    }
  }
  return false;
}

template <typename Entries>
Result<std::vector<NameEntry>> DecodeEntries(Entries* in) {
  std::vector<NameEntry> entries;
  for (auto& wire_entry : *in) {
    PBFS_ASSIGN_OR_RETURN(NameEntry entry, wire::Decode(&wire_entry));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

void Encode(const ListNamesReply& reply, v1::ListNamesReply* out) {
  const bool cut = EncodePage(reply.names, reply.prefixes, out, &v1::ListNamesReply::add_names);
  out->set_more(reply.more || cut);
}

Result<ListNamesReply> Decode(v1::ListNamesReply* in) {
  ListNamesReply reply;
  PBFS_ASSIGN_OR_RETURN(reply.names, DecodeEntries(in->mutable_names()));
  reply.more = in->more();
  reply.prefixes.assign(in->prefixes().begin(), in->prefixes().end());
  return reply;
}

void Encode(const ListVersionsReply& reply, v1::ListVersionsReply* out) {
  const bool cut = EncodePage(reply.versions, reply.prefixes, out, &v1::ListVersionsReply::add_versions);
  out->set_more(reply.more || cut);
}

Result<ListVersionsReply> Decode(v1::ListVersionsReply* in) {
  ListVersionsReply reply;
  PBFS_ASSIGN_OR_RETURN(reply.versions, DecodeEntries(in->mutable_versions()));
  reply.more = in->more();
  reply.prefixes.assign(in->prefixes().begin(), in->prefixes().end());
  return reply;
}

std::vector<v1::NameHistoryReply> Split(const std::vector<NameEntry>& values) {
  Messages<v1::NameHistoryReply> messages;
  for (const NameEntry& entry : values) {
    Encode(entry, messages.For(entry.name.size() + entry.record.size() + 64).add_values());
  }
  return std::move(messages).Take();
}

Status Join(v1::NameHistoryReply* in, std::vector<NameEntry>& values) {
  PBFS_ASSIGN_OR_RETURN(std::vector<NameEntry> more, DecodeEntries(in->mutable_values()));
  std::move(more.begin(), more.end(), std::back_inserter(values));
  return OkStatus();
}

std::vector<v1::ReadJournalReply> Split(const std::vector<JournalEntry>& entries) {
  Messages<v1::ReadJournalReply> messages;
  for (const JournalEntry& entry : entries) {
    auto* out = messages.For(entry.record.size() + entry.payload.size() + 64).add_entries();
    out->mutable_position()->set_xid(entry.position.xid);
    out->mutable_position()->set_seq(entry.position.seq);
    out->set_part(entry.part);
    out->set_kind(entry.kind);
    out->set_object_id(Text(entry.object.span()));
    out->set_op_id(Text(entry.op.span()));
    out->set_record(Text(entry.record));
    out->set_payload(Text(entry.payload));
  }
  return std::move(messages).Take();
}

Status Join(v1::ReadJournalReply* in, std::vector<JournalEntry>& entries) {
  for (auto& wire_entry : *in->mutable_entries()) {
    JournalEntry entry;
    entry.position = {wire_entry.position().xid(), wire_entry.position().seq()};
    entry.part = static_cast<int16_t>(wire_entry.part());
    entry.kind = static_cast<uint8_t>(wire_entry.kind());
    PBFS_ASSIGN_OR_RETURN(entry.object, DecodeId<ObjectId>(wire_entry.object_id(), "object id"));
    PBFS_ASSIGN_OR_RETURN(entry.op, DecodeId<OpId>(wire_entry.op_id(), "op id"));
    entry.record = TakeBuffer(wire_entry.mutable_record());
    entry.payload = TakeBuffer(wire_entry.mutable_payload());
    entries.push_back(std::move(entry));
  }
  return OkStatus();
}

}  // namespace pbfs::wire
