#include "libs/fragments/test_fragments.h"

#include "libs/coding/crc32c.h"

namespace pbfs {
namespace {

Bytes Header(const FragmentKey& key, const Geometry& geometry, Random& random) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text("PBF1");
  writer.U16(1);
  writer.U8(geometry.k == 1 ? 1 : 2);
  writer.U8(geometry.k);
  writer.U8(geometry.n);
  writer.U8(key.shard);
  writer.U8(geometry.seg_log2);
  writer.U8(geometry.leaves ? 2 : 1);
  writer.U32(static_cast<uint32_t>(geometry.FullBlock()));
  writer.U32(static_cast<uint32_t>(geometry.LastBlock()));
  writer.U32(static_cast<uint32_t>(geometry.Segments()));
  writer.U64(static_cast<uint64_t>(geometry.CiphertextLength()));
  writer.Raw(key.encoding.span());
  writer.Raw(BodyId::NewRandom(random).span());
  writer.Zeros(60);
  writer.U32(Crc32c(out));
  return out;
}

void AppendBlock(const FragmentKey& key, uint32_t stripe, uint32_t size, Random& random, Bytes& out, Bytes& crcs) {
  Bytes crc_input = ToBytes(key.encoding.span());
  ByteWriter input(crc_input);
  input.U8(key.shard);
  input.U32(stripe);
  Bytes block(size);
  random.Fill(block);
  input.Raw(block);
  ByteWriter writer(out);
  writer.Raw(block);
  writer.U32(Crc32c(crc_input));
  ByteWriter(crcs).U32(Crc32c(crc_input));
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
