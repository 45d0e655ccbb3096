#include "libs/format/op_record.h"

#include <algorithm>

namespace pbfs {
namespace {

constexpr std::string_view kMagic = "PBO1";
constexpr uint8_t kVersion = 1;
constexpr uint16_t kFlagSigned = 1;
constexpr size_t kHeaderSize = 112;
constexpr size_t kFlagsAt = 6;
constexpr Salt kZeroSalt{};

void WriteOrder(ByteWriter& writer, const Order& order) {
  writer.U64(static_cast<uint64_t>(order.hlc));
  writer.U64(static_cast<uint64_t>(order.wid));
}

Order ReadOrder(ByteReader& reader) {
  Order order;
  order.hlc = static_cast<int64_t>(reader.U64());
  order.wid = static_cast<int64_t>(reader.U64());
  return order;
}

void WriteName(ByteWriter& writer, const std::string& name) {
  writer.U16(static_cast<uint16_t>(name.size()));
  writer.Text(name);
}

Bytes EncodeTail(const OpRecord& record) {
  Bytes out;
  ByteWriter writer(out);
  switch (record.kind) {
    case OpKind::kTrunc: writer.U64(static_cast<uint64_t>(record.trunc_length)); break;
    case OpKind::kBind:
      WriteName(writer, record.name);
      writer.U32(static_cast<uint32_t>(record.metadata.size()));
      writer.Raw(record.metadata);
      break;
    case OpKind::kUnbind: WriteName(writer, record.name); break;
    case OpKind::kRehome:
      writer.U64(static_cast<uint64_t>(record.list_frontier));
      writer.U32(static_cast<uint32_t>(record.listed.size()));
      for (const ListedSource& source : record.listed) {
        writer.U64(static_cast<uint64_t>(source.lo));
        writer.U64(static_cast<uint64_t>(source.hi));
        WriteOrder(writer, source.order);
        writer.Raw(source.body.span());
      }
      break;
    case OpKind::kMeta: writer.Raw(record.metadata); break;
    case OpKind::kDrop:
      WriteName(writer, record.name);
      WriteOrder(writer, record.dropped);
      break;
    default: break;
  }
  return out;
}

void WriteHead(ByteWriter& writer, const OpRecord& record, size_t tail_size) {
  writer.Text(kMagic);
  writer.U8(kVersion);
  writer.U8(static_cast<uint8_t>(record.kind));
  writer.U16(record.is_signed ? kFlagSigned : 0);
  writer.Raw(record.bucket.span());
  writer.Raw(record.op.span());
  writer.Raw(record.object.span());
  WriteOrder(writer, record.order);
  writer.U64(static_cast<uint64_t>(record.observed));
  writer.U32(record.key_epoch);
  writer.U16(record.site.value);
  writer.U16(0);  // n_ledger: not in version 1
  writer.U32(static_cast<uint32_t>(record.bodies.size()));
  writer.U32(static_cast<uint32_t>(record.sources.size()));
  writer.U32(static_cast<uint32_t>(record.extents.size()));
  writer.U32(static_cast<uint32_t>(tail_size));
  writer.U64(0);
}

void WriteExtent(ByteWriter& writer, const RecordExtent& extent) {
  writer.U64(static_cast<uint64_t>(extent.lo));
  writer.U64(static_cast<uint64_t>(extent.hi));
  WriteOrder(writer, extent.order);
  writer.U64(static_cast<uint64_t>(extent.inner));
  writer.U32(extent.index);
  writer.U8(static_cast<uint8_t>(extent.kind));
  writer.Zeros(3);
}

// ---- decoding -----------------------------------------------------------------------------------------------------------------

struct Counts {
  uint32_t bodies = 0, sources = 0, extents = 0, tail = 0;
};

Result<Counts> ReadHead(ByteReader& reader, OpRecord& record) {
  if (AsText(reader.Raw(4)) != kMagic) return InvalidArgumentError("op record: wrong magic");
  if (reader.U8() != kVersion) return InvalidArgumentError("op record: unknown version");
  const uint8_t kind = reader.U8();
  const uint16_t flags = reader.U16();
  record.bucket.bytes = reader.Array<16>();
  record.op.bytes = reader.Array<16>();
  record.object.bytes = reader.Array<16>();
  record.order = ReadOrder(reader);
  record.observed = static_cast<int64_t>(reader.U64());
  record.key_epoch = reader.U32();
  record.site.value = reader.U16();
  const uint16_t ledger = reader.U16();
  Counts counts{reader.U32(), reader.U32(), reader.U32(), reader.U32()};
  const uint64_t reserved = reader.U64();
  if (!reader.ok()) return InvalidArgumentError("op record: cut short");
  const bool known = (kind >= 1 && kind <= 9) || kind == 11;
  if (!known || (flags & ~kFlagSigned) != 0 || ledger != 0 || reserved != 0) {
    return InvalidArgumentError("op record: a kind, flag or field that version 1 does not have");
  }
  record.kind = static_cast<OpKind>(kind);
  record.is_signed = (flags & kFlagSigned) != 0;
  return counts;
}

std::string ReadName(ByteReader& reader) { return std::string(AsText(reader.Raw(reader.U16()))); }

void ReadTail(ByteReader& reader, OpRecord& record) {
  switch (record.kind) {
    case OpKind::kTrunc: record.trunc_length = static_cast<int64_t>(reader.U64()); break;
    case OpKind::kBind:
      record.name = ReadName(reader);
      record.metadata = ToBytes(reader.Raw(reader.U32()));
      break;
    case OpKind::kUnbind: record.name = ReadName(reader); break;
    case OpKind::kRehome: {
      record.list_frontier = static_cast<int64_t>(reader.U64());
      const uint32_t count = reader.U32();
      for (uint32_t i = 0; i < count && reader.ok(); ++i) {
        ListedSource source;
        source.lo = static_cast<int64_t>(reader.U64());
        source.hi = static_cast<int64_t>(reader.U64());
        source.order = ReadOrder(reader);
        source.body.bytes = reader.Array<16>();
        record.listed.push_back(source);
      }
      break;
    }
    case OpKind::kMeta: record.metadata = ToBytes(reader.Raw(reader.remaining())); break;
    case OpKind::kDrop:
      record.name = ReadName(reader);
      record.dropped = ReadOrder(reader);
      break;
    default: break;
  }
}

Status ReadExtents(ByteReader& reader, uint32_t count, OpRecord& record) {
  for (uint32_t i = 0; i < count; ++i) {
    RecordExtent extent;
    extent.lo = static_cast<int64_t>(reader.U64());
    extent.hi = static_cast<int64_t>(reader.U64());
    extent.order = ReadOrder(reader);
    extent.inner = static_cast<int64_t>(reader.U64());
    extent.index = reader.U32();
    const uint8_t kind = reader.U8();
    const bool zeros = reader.U8() == 0 && reader.U16() == 0;
    if (kind > 2 || !zeros) return InvalidArgumentError("op record: malformed extent");
    extent.kind = static_cast<SourceKind>(kind);
    record.extents.push_back(extent);
  }
  return OkStatus();
}

// Where the MAC starts in a record that decodes; npos if it is too short.
size_t MacAt(ByteSpan bytes) {
  if (bytes.size() < kHeaderSize + kRecordMacSize) return std::string::npos;
  const bool is_signed = (LoadLe<uint16_t>(bytes.data() + kFlagsAt) & kFlagSigned) != 0;
  const size_t behind = kRecordMacSize + (is_signed ? kRecordSignatureSize : 0);
  return bytes.size() < kHeaderSize + behind ? std::string::npos : bytes.size() - behind;
}

}  // namespace

Source OpRecord::SourceOf(const RecordExtent& extent) const {
  switch (extent.kind) {
    case SourceKind::kBody: return Source::Of(BodyId::FromBytes(ByteSpan(bodies[extent.index].header).subspan(16, 16)));
    case SourceKind::kObject: return Source::Of(sources[extent.index]);
    case SourceKind::kZeros: break;
  }
  return Source::Zeros();
}

void PlaceBody(OpRecord& record, int64_t lo, int64_t size, int64_t inner, uint32_t index) {
  while (size > 0) {
    const int64_t border = (RegionOf(lo) + 1) << kRegionLog2;
    const int64_t piece = std::min(size, border - lo);
    record.extents.push_back({lo, lo + piece, record.order, inner, index, SourceKind::kBody});
    lo += piece;
    inner += piece;
    size -= piece;
  }
}

Bytes EncodeRecord(OpRecord record, const BucketKeys& keys, const SigningKey* signing) {
  record.is_signed = signing != nullptr;
  record.bucket = keys.bucket;
  record.key_epoch = keys.epoch;
  const Status sound = CheckRecord(record);
  PBFS_CHECK(sound.ok(), sound.message());
  const Bytes tail = EncodeTail(record);
  Bytes out;
  out.reserve(kHeaderSize + 96 * record.bodies.size() + 48 * record.extents.size() + tail.size() + 96);
  ByteWriter writer(out);
  WriteHead(writer, record, tail.size());
  for (const RecordBody& body : record.bodies) {
    writer.Raw(body.header);
    writer.Raw(body.ct_root);
  }
  for (const ObjectId& source : record.sources) writer.Raw(source.span());
  for (const RecordExtent& extent : record.extents) WriteExtent(writer, extent);
  writer.Raw(tail);
  writer.Raw(B2(keys.kmac.span(), kZeroSalt, "PBFS1.op.mac", out));
  if (signing != nullptr) writer.Raw(Sign(*signing, out));
  return out;
}

Result<OpRecord> DecodeRecord(ByteSpan bytes) {
  if (static_cast<int64_t>(bytes.size()) > kMaxRecordSize) return InvalidArgumentError("op record: longer than 8 MiB");
  ByteReader reader(bytes);
  OpRecord record;
  PBFS_ASSIGN_OR_RETURN(const Counts counts, ReadHead(reader, record));
  const uint64_t after_head = uint64_t{96} * counts.bodies + uint64_t{16} * counts.sources +
                              uint64_t{48} * counts.extents + counts.tail + kRecordMacSize +
                              (record.is_signed ? kRecordSignatureSize : 0);
  if (after_head != reader.remaining()) return InvalidArgumentError("op record: its length does not fit its counts");
  for (uint32_t i = 0; i < counts.bodies; ++i) {
    RecordBody body;
    body.header = reader.Array<64>();
    body.ct_root = reader.Array<32>();
    record.bodies.push_back(body);
  }
  for (uint32_t i = 0; i < counts.sources; ++i) record.sources.push_back(ObjectId{reader.Array<16>()});
  PBFS_RETURN_IF_ERROR(ReadExtents(reader, counts.extents, record));
  ByteReader tail(reader.Raw(counts.tail));
  ReadTail(tail, record);
  if (!tail.Done()) return InvalidArgumentError("op record: malformed tail");
  PBFS_RETURN_IF_ERROR(CheckRecord(record));
  return record;
}

Digest32 RecordDigest(ByteSpan bytes) {
  const size_t at = MacAt(bytes);
  PBFS_CHECK(at != std::string::npos, "only of a record that decoded");
  Digest32 digest;
  std::copy_n(bytes.begin() + static_cast<ptrdiff_t>(at), digest.size(), digest.begin());
  return digest;
}

bool VerifyRecordMac(ByteSpan bytes, const BucketKeys& keys) {
  const size_t at = MacAt(bytes);
  if (at == std::string::npos) return false;
  const Digest32 mac = B2(keys.kmac.span(), kZeroSalt, "PBFS1.op.mac", bytes.first(at));
  return ConstantTimeEqual(mac, bytes.subspan(at, kRecordMacSize));
}

bool VerifyRecordSignature(ByteSpan bytes, const PublicKey& signer) {
  const size_t at = MacAt(bytes);
  if (at == std::string::npos || bytes.size() != at + kRecordMacSize + kRecordSignatureSize) return false;
  return VerifySignature(signer, bytes.first(at + kRecordMacSize), bytes.subspan(at + kRecordMacSize));
}

}  // namespace pbfs
