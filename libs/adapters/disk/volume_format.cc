#include "libs/adapters/disk/volume_format.h"

#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "libs/coding/crc32c.h"

namespace pbfs::disk {
namespace {

constexpr size_t kHeaderCopy = 64;
constexpr size_t kSecondCopy = 2048;
constexpr std::string_view kVolumeMagic = "PBFSVOL1";
constexpr std::string_view kRecordMagic = "PBVR";
constexpr std::string_view kFooterMagic = "PBVE";

std::optional<VolumeHeader> DecodeCopy(ByteSpan copy) {
  if (Crc32c(copy.first(60)) != LoadLe<uint32_t>(copy.data() + 60)) return {};
  ByteReader reader(copy);
  if (AsText(reader.Raw(8)) != kVolumeMagic) return {};
  VolumeHeader header;
  header.owner.cluster = reader.Array<16>();
  header.owner.store.value = reader.U32();
  header.number = reader.U32();
  header.secret = reader.Array<16>();
  return header;
}

}  // namespace

Bytes EncodeVolumeHeader(const VolumeHeader& header) {
  Bytes copy;
  ByteWriter writer(copy);
  writer.Text(kVolumeMagic);
  writer.Raw(header.owner.cluster);
  writer.U32(header.owner.store.value);
  writer.U32(header.number);
  writer.Raw(header.secret);
  writer.Zeros(12);
  writer.U32(Crc32c(copy));
  PBFS_CHECK(copy.size() == kHeaderCopy);
  Bytes block(kVolumeHeader);
  std::memcpy(block.data(), copy.data(), kHeaderCopy);
  std::memcpy(block.data() + kSecondCopy, copy.data(), kHeaderCopy);
  return block;
}

std::optional<VolumeHeader> DecodeVolumeHeader(ByteSpan block) {
  if (block.size() < kVolumeHeader) return {};
  if (auto first = DecodeCopy(block.first(kHeaderCopy))) return first;
  return DecodeCopy(block.subspan(kSecondCopy, kHeaderCopy));
}

int64_t RecordHeader::Space() const {
  return AlignUp(kRecordHeader + length + (kind == RecordKind::kFragment ? kRecordFooter : 0));
}

std::array<uint8_t, kRecordHeader> EncodeRecordHeader(const RecordHeader& header, const Secret& secret,
                                                      int64_t offset) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text(kRecordMagic);
  writer.U8(static_cast<uint8_t>(header.kind));
  writer.U8(header.key.shard);
  writer.U16(0);
  writer.U64(static_cast<uint64_t>(header.length));
  writer.Raw(header.key.encoding.span());
  writer.U64(static_cast<uint64_t>(offset));
  writer.U32(header.payload_crc);
  writer.Raw(secret);
  writer.U32(Crc32c(out));
  std::array<uint8_t, kRecordHeader> fixed;
  PBFS_CHECK(out.size() == fixed.size());
  std::memcpy(fixed.data(), out.data(), fixed.size());
  return fixed;
}

std::optional<RecordHeader> DecodeRecordHeader(ByteSpan bytes, const Secret& secret, int64_t offset) {
  if (bytes.size() < kRecordHeader || AsText(bytes.first(4)) != kRecordMagic) return {};
  if (Crc32c(bytes.first(60)) != LoadLe<uint32_t>(bytes.data() + 60)) return {};
  ByteReader reader(bytes.subspan(4));
  RecordHeader header;
  header.kind = static_cast<RecordKind>(reader.U8());
  header.key.shard = reader.U8();
  reader.U16();
  header.length = static_cast<int64_t>(reader.U64());
  header.key.encoding = {reader.Array<16>()};
  const auto own_offset = static_cast<int64_t>(reader.U64());
  header.payload_crc = reader.U32();
  const Secret own_secret = reader.Array<16>();
  const bool kind_known = header.kind == RecordKind::kFragment || header.kind == RecordKind::kDeletes;
  if (own_offset != offset || own_secret != secret || !kind_known) return {};
  if (header.length <= 0 || header.length > kMaxFragmentSize) return {};
  return header;
}

std::array<uint8_t, kRecordFooter> EncodeRecordFooter(const RecordFooter& footer, ByteSpan record_header) {
  std::array<uint8_t, kRecordFooter> out{};
  std::memcpy(out.data(), kFooterMagic.data(), 4);
  StoreLe(out.data() + 4, footer.sum);
  StoreLe(out.data() + 8, footer.received_ms);
  StoreLe(out.data() + 16, footer.trailer_crc);
  StoreLe(out.data() + 28, Crc32cExtend(Crc32c(record_header), ByteSpan(out).first(28)));
  return out;
}

std::optional<RecordFooter> DecodeRecordFooter(ByteSpan bytes, ByteSpan record_header) {
  if (bytes.size() < kRecordFooter || AsText(bytes.first(4)) != kFooterMagic) return {};
  if (Crc32cExtend(Crc32c(record_header), bytes.first(28)) != LoadLe<uint32_t>(bytes.data() + 28)) return {};
  return RecordFooter{LoadLe<uint32_t>(bytes.data() + 4), LoadLe<int64_t>(bytes.data() + 8),
                      LoadLe<uint32_t>(bytes.data() + 16)};
}

Bytes EncodeDeletes(const std::vector<DeleteEntry>& entries) {
  Bytes out;
  ByteWriter writer(out);
  for (const DeleteEntry& entry : entries) {
    writer.Raw(entry.key.encoding.span());
    writer.U8(entry.key.shard);
    writer.Zeros(3);
    writer.U32(entry.horizon);
    writer.Zeros(8);
  }
  return out;
}

std::vector<DeleteEntry> DecodeDeletes(ByteSpan bytes) {
  std::vector<DeleteEntry> entries;
  ByteReader reader(bytes);
  while (reader.remaining() >= kDeleteEntry) {
    DeleteEntry entry;
    entry.key.encoding = {reader.Array<16>()};
    entry.key.shard = reader.U8();
    reader.Raw(3);
    entry.horizon = reader.U32();
    reader.Raw(8);
    entries.push_back(entry);
  }
  return entries;
}

std::string VolumeName(uint32_t number) { return fmt::format("volume-{:010}", number); }

std::optional<uint32_t> ParseVolumeName(const std::string& name) {
  constexpr std::string_view kPrefix = "volume-";
  if (!name.starts_with(kPrefix) || name.size() != kPrefix.size() + 10) return {};
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(name.data() + kPrefix.size(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return {};
  return number;
}

}  // namespace pbfs::disk
