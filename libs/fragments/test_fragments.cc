#include "libs/fragments/test_fragments.h"

#include "libs/coding/crc32c.h"
#include "libs/format/fragment.h"

namespace pbfs {
namespace {

Bytes Header(const FragmentKey& key, const Geometry& geometry, Random& random) {
  FragmentHeader header;
  header.geometry = geometry;
  header.shard = key.shard;
  header.encoding = key.encoding;
  header.body = BodyId::NewRandom(random);
  header.site = SiteId{1};
  return ToBytes(header.Encode());
}

void AppendBlock(const FragmentKey& key, uint32_t stripe, uint32_t size, Random& random, Bytes& out, Bytes& crcs) {
  Bytes block(size);
  random.Fill(block);
  const uint32_t crc = BlockCrc(key.encoding, key.shard, stripe, block);
  ByteWriter writer(out);
  writer.Raw(block);
  writer.U32(crc);
  ByteWriter(crcs).U32(crc);
}

}  // namespace

TestFragment MakeTestFragment(const FragmentKey& key, const TestFragmentSpec& spec, Random& random) {
  const Geometry geometry = spec.geometry();
  Bytes out = Header(key, geometry, random);
  Bytes crcs(out.end() - 4, out.end());
  for (int64_t i = 0; i < geometry.Segments(); ++i) {
    AppendBlock(key, static_cast<uint32_t>(i), static_cast<uint32_t>(geometry.Block(i)), random, out, crcs);
  }
  Bytes filler(static_cast<size_t>(geometry.TrailerSize() - 8));  // leaves and body header: a store knows neither
  random.Fill(filler);
  ByteWriter writer(out);
  writer.Raw(filler);
  writer.U32(static_cast<uint32_t>(filler.size()));
  writer.Text("PBFE");
  return {key, Buffer::FromBytes(std::move(out)), Crc32c(crcs)};
}

}  // namespace pbfs
