#include "libs/adapters/disk/checkpoint.h"

#include "libs/coding/crc32c.h"

namespace pbfs::disk {
namespace {

constexpr std::string_view kMagic = "PBFSIDX1";

void PutKey(ByteWriter& writer, const FragmentKey& key) {
  writer.Raw(key.encoding.span());
  writer.U8(key.shard);
}
FragmentKey TakeKey(ByteReader& reader) {
  FragmentKey key;
  key.encoding = {reader.Array<16>()};
  key.shard = reader.U8();
  return key;
}

void PutEntry(ByteWriter& writer, const FragmentKey& key, const Entry& entry) {
  PutKey(writer, key);
  writer.U8(entry.corrupt ? 1 : 0);
  writer.U32(entry.volume);
  writer.U64(static_cast<uint64_t>(entry.offset));
  writer.U64(static_cast<uint64_t>(entry.received_ms));
  writer.U32(entry.sum);
  writer.U32(entry.shape.block);
  writer.U32(entry.shape.last_block);
  writer.U32(entry.shape.stripes);
  writer.U32(entry.shape.length);
  writer.U32(entry.shape.trailer_crc);
}
constexpr size_t kEntrySize = 62;

std::pair<FragmentKey, Entry> TakeEntry(ByteReader& reader) {
  const FragmentKey key = TakeKey(reader);
  Entry entry;
  entry.corrupt = reader.U8() != 0;
  entry.volume = reader.U32();
  entry.offset = static_cast<int64_t>(reader.U64());
  entry.received_ms = static_cast<int64_t>(reader.U64());
  entry.sum = reader.U32();
  entry.shape.block = reader.U32();
  entry.shape.last_block = reader.U32();
  entry.shape.stripes = reader.U32();
  entry.shape.length = reader.U32();
  entry.shape.trailer_crc = reader.U32();
  return {key, entry};
}

}  // namespace

Bytes EncodeCheckpoint(const Checkpoint& checkpoint) {
  Bytes out;
  out.reserve(128 + checkpoint.index.size() * kEntrySize + checkpoint.tombstones.size() * 25);
  ByteWriter writer(out);
  writer.Text(kMagic);
  writer.Raw(checkpoint.owner.cluster);
  writer.U32(checkpoint.owner.store.value);
  writer.U32(checkpoint.next_number);
  writer.U32(static_cast<uint32_t>(checkpoint.volumes.size()));
  writer.U64(checkpoint.tombstones.size());
  writer.U64(checkpoint.index.size());
  for (const Checkpoint::Covered& volume : checkpoint.volumes) {
    writer.U32(volume.number);
    writer.Raw(volume.secret);
    writer.U64(static_cast<uint64_t>(volume.covered));
  }
  for (const auto& [key, tombstone] : checkpoint.tombstones) {
    PutKey(writer, key);
    writer.U32(tombstone.horizon);
    writer.U32(tombstone.volume);
  }
  for (const auto& [key, entry] : checkpoint.index) PutEntry(writer, key, entry);
  writer.U32(Crc32c(out));
  return out;
}

std::optional<Checkpoint> DecodeCheckpoint(ByteSpan bytes) {
  if (bytes.size() < kMagic.size() + 4 || AsText(bytes.first(kMagic.size())) != kMagic) return {};
  const ByteSpan body = bytes.first(bytes.size() - 4);
  if (Crc32c(body) != LoadLe<uint32_t>(bytes.data() + body.size())) return {};
  ByteReader reader(body.subspan(kMagic.size()));
  Checkpoint checkpoint;
  checkpoint.owner.cluster = reader.Array<16>();
  checkpoint.owner.store.value = reader.U32();
  checkpoint.next_number = reader.U32();
  const uint32_t volumes = reader.U32();
  const uint64_t tombstones = reader.U64();
  const uint64_t entries = reader.U64();
  for (uint32_t i = 0; i < volumes && reader.ok(); ++i) {
    Checkpoint::Covered volume;
    volume.number = reader.U32();
    volume.secret = reader.Array<16>();
    volume.covered = static_cast<int64_t>(reader.U64());
    checkpoint.volumes.push_back(volume);
  }
  for (uint64_t i = 0; i < tombstones && reader.ok(); ++i) {
    const FragmentKey key = TakeKey(reader);
    const uint32_t horizon = reader.U32();
    checkpoint.tombstones[key] = {horizon, reader.U32()};
  }
  for (uint64_t i = 0; i < entries && reader.ok(); ++i) checkpoint.index.insert(TakeEntry(reader));
  if (!reader.Done()) return {};
  return checkpoint;
}

}  // namespace pbfs::disk
