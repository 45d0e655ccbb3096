#include <algorithm>

#include "libs/base/random.h"
#include "libs/format/body_decoder.h"
#include "libs/format/body_encoder.h"

namespace pbfs {
namespace {

constexpr uint8_t kK = 3, kN = 6;
constexpr int64_t kLength = 5000;  // two segments of 4 KiB, the second short

/// A body, and the blocks of its two stripes.
struct Coded {
  Key32 dek{};
  BodyHeader header = MakeBodyHeader(dek, BodyId(), kLength, BodyIntegrity::kCrc32c, 12);
  Bytes plaintext = Bytes(kLength);
  std::vector<Bytes> stripes[2];

  Coded() {
    SeededRandom(1).Fill(plaintext);
    BodyEncoder encoder(dek, header, {EncodingId(), SiteId{1}, kK, kN});
    for (int64_t i = 0; i < 2; ++i) {
      stripes[i].assign(kN, Bytes(encoder.StripesSize(i, 1)));
      std::vector<uint8_t*> out;
      for (Bytes& shard : stripes[i]) out.push_back(shard.data());
      encoder.EncodeStripes(i, 1, Segment(encoder.geometry(), i), out.data());
    }
  }
  ByteSpan Segment(const Geometry& geometry, int64_t i) const {
    return ByteSpan(plaintext).subspan(static_cast<size_t>(i << 12), static_cast<size_t>(geometry.SegmentPlaintext(i)));
  }
};

// Of the input: a byte for the segment; a byte for the shards that answer; then for each of them a place and what is added
// there, as long as there are bytes. Whatever the blocks say, a segment that opens is the body's, one that does not is zeros,
// and it opens if k shards told the truth.
void Try(ByteSpan in) {
  static const Coded coded;
  if (in.size() < 2) return;
  const int64_t segment = in[0] & 1;
  std::vector<uint8_t> answering;
  for (uint8_t shard = 0; shard < kN; ++shard)
    if ((in[1] >> shard & 1) != 0) answering.push_back(shard);
  if (answering.size() < kK) return;
  std::vector<Bytes> said;
  for (const uint8_t shard : answering) said.push_back(coded.stripes[segment][shard]);
  BodyDecoder decoder(coded.dek, coded.header, kK, kN);
  const auto block = static_cast<size_t>(decoder.geometry().Block(segment));
  for (size_t at = 2, i = 0; at + 3 <= in.size(); at += 3, i = (i + 1) % said.size())
    said[i][(in[at] + 256u * in[at + 1]) % block] ^= in[at + 2];
  std::vector<ShardBlock> blocks;
  size_t true_ones = 0;
  for (size_t i = 0; i < said.size(); ++i) {
    blocks.push_back({answering[i], said[i].data()});
    true_ones += std::equal(said[i].begin(), said[i].begin() + static_cast<std::ptrdiff_t>(block),
                            coded.stripes[segment][answering[i]].begin());
  }
  const ByteSpan truth = coded.Segment(decoder.geometry(), segment);
  Bytes out(truth.size(), 7);
  const BodyDecoder::Outcome outcome = decoder.OpenSegment(segment, blocks, out.data());
  PBFS_CHECK(outcome.opened || true_ones < kK);
  PBFS_CHECK(outcome.opened ? Equal(out, truth) : Equal(out, Bytes(out.size())));
  for (const uint8_t liar : outcome.liars) {
    const auto i = static_cast<size_t>(std::find(answering.begin(), answering.end(), liar) - answering.begin());
    PBFS_CHECK(!Equal(ByteSpan(said[i]).first(block), ByteSpan(coded.stripes[segment][liar]).first(block)));
  }
}

}  // namespace
}  // namespace pbfs

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  pbfs::Try({data, size});
  return 0;
}
