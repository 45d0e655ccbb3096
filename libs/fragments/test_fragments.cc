#include "libs/fragments/test_fragments.h"

#include "libs/fragments/interim_crc32c.h"

namespace pbfs {
namespace {

using interim::Crc32c;

Bytes Header(const FragmentKey& key, const TestFragmentSpec& spec, Random& random) {
  Bytes out;
  ByteWriter writer(out);
  writer.Text("PBF1");
  writer.U16(1);
  writer.U8(2);  // RS-Cauchy
  writer.U8(4);
  writer.U8(static_cast<uint8_t>(std::max(6, key.shard + 1)));
  writer.U8(key.shard);
  writer.U8(16);
  writer.U8(spec.leaves ? 2 : 1);
  writer.U32(spec.block);
  writer.U32(spec.last_block);
  writer.U32(spec.stripes);
  writer.U64(uint64_t{4} * (uint64_t{spec.stripes - 1} * spec.block + spec.last_block));
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
  Bytes out = Header(key, spec, random);
  Bytes crcs(out.end() - 4, out.end());
  for (uint32_t i = 0; i < spec.stripes; ++i) {
    AppendBlock(key, i, i + 1 == spec.stripes ? spec.last_block : spec.block, random, out, crcs);
  }
  ByteWriter writer(out);
  const size_t trailer = out.size();
  Bytes filler(64 + (spec.leaves ? 32u * spec.stripes : 0));
  random.Fill(filler);
  writer.Raw(filler);
  writer.U32(static_cast<uint32_t>(out.size() - trailer));
  writer.Text("PBFE");
  return {key, Buffer::FromBytes(std::move(out)), Crc32c(crcs)};
}

}  // namespace pbfs
