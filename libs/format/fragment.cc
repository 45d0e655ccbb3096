#include "libs/format/fragment.h"

#include <algorithm>

#include "libs/coding/crc32c.h"

namespace pbfs {
namespace {

constexpr std::string_view kMagic = "PBF1";
constexpr std::string_view kEndMark = "PBFE";
constexpr uint16_t kVersion = 1;
constexpr uint8_t kSchemeReplicated = 1;
constexpr uint8_t kSchemeCauchy = 2;
constexpr size_t kReservedAt = 100;
constexpr size_t kCrcAt = 124;

bool IsZero(ByteSpan bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

FragmentHeaderBytes FragmentHeader::Encode() const {
  Bytes out;
  ByteWriter writer(out);
  writer.Text(kMagic);
  writer.U16(kVersion);
  writer.U8(geometry.k == 1 ? kSchemeReplicated : kSchemeCauchy);
  writer.U8(geometry.k);
  writer.U8(geometry.n);
  writer.U8(shard);
  writer.U8(geometry.seg_log2);
  writer.U8(geometry.leaves ? 2 : 1);
  writer.U32(static_cast<uint32_t>(geometry.FullBlock()));
  writer.U32(static_cast<uint32_t>(geometry.LastBlock()));
  writer.U32(static_cast<uint32_t>(geometry.Segments()));
  writer.U64(static_cast<uint64_t>(geometry.CiphertextLength()));
  writer.Raw(encoding.span());
  writer.Raw(body.span());
  writer.U16(site.value);
  writer.U16(0);
  writer.Raw(ct_root);
  writer.Zeros(kCrcAt - out.size());
  writer.U32(Crc32c(out));
  FragmentHeaderBytes bytes;
  std::copy(out.begin(), out.end(), bytes.begin());
  return bytes;
}

Result<FragmentHeader> FragmentHeader::Decode(ByteSpan bytes) {
  ByteReader reader(bytes);
  if (bytes.size() != Geometry::kFragmentHeader) return InvalidArgumentError("fragment header: wrong length");
  if (AsText(reader.Raw(4)) != kMagic) return InvalidArgumentError("fragment header: wrong magic");
  if (LoadLe<uint32_t>(bytes.data() + kCrcAt) != Crc32c(bytes.first(kCrcAt))) {
    return InvalidArgumentError("fragment header: wrong CRC");
  }
  if (reader.U16() != kVersion) return InvalidArgumentError("fragment header: unknown version");
  FragmentHeader header;
  const uint8_t scheme = reader.U8();
  header.geometry.k = reader.U8();
  header.geometry.n = reader.U8();
  header.shard = reader.U8();
  header.geometry.seg_log2 = reader.U8();
  const uint8_t integrity = reader.U8();
  const uint32_t full_block = reader.U32();
  const uint32_t last_block = reader.U32();
  const uint32_t segments = reader.U32();
  const uint64_t ct_len = reader.U64();
  header.encoding.bytes = reader.Array<16>();
  header.body.bytes = reader.Array<16>();
  header.site.value = reader.U16();
  const uint16_t reserved = reader.U16();
  header.ct_root = reader.Array<32>();
  if (ct_len > static_cast<uint64_t>(2 * kMaxBodySize) || segments > ct_len / Geometry::kTag) {
    return InvalidArgumentError("fragment header: lengths out of range");
  }
  header.geometry.leaves = integrity == 2;
  header.geometry.length = static_cast<int64_t>(ct_len) - Geometry::kTag * segments;
  PBFS_RETURN_IF_ERROR(header.geometry.Check().Annotate("fragment header"));
  const Geometry& g = header.geometry;
  const bool fits = scheme == (g.k == 1 ? kSchemeReplicated : kSchemeCauchy) && (integrity == 1 || integrity == 2) &&
                    header.shard < g.n && g.Segments() == segments && g.FullBlock() == full_block &&
                    g.LastBlock() == last_block && reserved == 0 &&
                    IsZero(bytes.subspan(kReservedAt, kCrcAt - kReservedAt)) &&
                    (g.leaves || header.ct_root == Digest32{});
  if (!fits) return InvalidArgumentError("fragment header: fields do not fit together");
  return header;
}

uint32_t BlockCrc(const EncodingId& encoding, uint8_t shard, uint32_t stripe, ByteSpan block) {
  uint8_t place[21];
  std::copy(encoding.bytes.begin(), encoding.bytes.end(), place);
  place[16] = shard;
  StoreLe(place + 17, stripe);
  return Crc32cExtend(Crc32c(place), block);
}

bool CheckBlock(const EncodingId& encoding, uint8_t shard, uint32_t stripe, ByteSpan block_and_crc) {
  if (block_and_crc.size() < 4) return false;
  const ByteSpan block = block_and_crc.first(block_and_crc.size() - 4);
  return BlockCrc(encoding, shard, stripe, block) == LoadLe<uint32_t>(block.data() + block.size());
}

Bytes MakeFragmentTrailer(ByteSpan leaves, const BodyHeaderBytes& header) {
  Bytes out;
  ByteWriter writer(out);
  writer.Raw(leaves);
  writer.Raw(header);
  writer.U32(static_cast<uint32_t>(out.size()));
  writer.Text(kEndMark);
  return out;
}

Result<FragmentTrailer> ParseFragmentTrailer(const Geometry& geometry, ByteSpan bytes) {
  if (static_cast<int64_t>(bytes.size()) != geometry.TrailerSize())
    return InvalidArgumentError("fragment trailer: wrong length");
  ByteReader reader(bytes);
  FragmentTrailer trailer;
  trailer.leaves = reader.Raw(geometry.leaves ? static_cast<size_t>(Geometry::kLeaf * geometry.Segments()) : 0);
  trailer.header = reader.Array<64>();
  const uint32_t length = reader.U32();
  if (length != bytes.size() - 8 || AsText(reader.Raw(4)) != kEndMark || !reader.Done()) {
    return InvalidArgumentError("fragment trailer: no end mark");
  }
  return trailer;
}

uint32_t FragmentSum(const Geometry& geometry, ByteSpan fragment) {
  PBFS_CHECK(static_cast<int64_t>(fragment.size()) == geometry.FragmentSize());
  uint32_t sum = Crc32c(fragment.subspan(kCrcAt, 4));
  for (int64_t i = 0; i < geometry.Segments(); ++i) {
    sum = Crc32cExtend(sum, fragment.subspan(static_cast<size_t>(geometry.StripeEnd(i) - 4), 4));
  }
  return sum;
}

}  // namespace pbfs
