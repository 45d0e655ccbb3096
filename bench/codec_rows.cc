#include "bench/reference_codec.h"
#include "bench/rows.h"
#include "libs/base/random.h"
#include "libs/base/sync.h"
#include "libs/format/body_decoder.h"
#include "libs/format/body_encoder.h"

namespace pbfs::bench {
namespace {

constexpr uint8_t kK = 4, kM = 2, kN = kK + kM;
constexpr int64_t kSegments = 1024;  // a body of 64 MiB: larger than the caches
constexpr int64_t kWindow = 16;      // segments encoded at a time, as the client does
constexpr int kThreads = 2;
constexpr int kPasses = 4;

/// One thread's plaintext and room for its shards, for both sides.
struct Lane {
  explicit Lane(uint64_t seed) : plaintext(kSegments << 16), opened(plaintext.size()) {
    SeededRandom random(seed);
    random.Fill(plaintext);
    random.Fill(dek.mutable_span());
    header =
        MakeBodyHeader(dek, BodyId::New(0, random), static_cast<int64_t>(plaintext.size()), BodyIntegrity::kCrc32c);
    facts = {EncodingId::New(0, random), SiteId{1}, kK, kN};
    for (Bytes& shard : shards) shard.resize(plaintext.size() / kK + kSegments * 64);
  }
  std::vector<uint8_t*> At(size_t offset) {
    std::vector<uint8_t*> out;
    for (Bytes& shard : shards) out.push_back(shard.data() + offset);
    return out;
  }

  Bytes plaintext, opened;
  Bytes shards[kN];
  Key32 dek;
  BodyHeader header;
  EncodingFacts facts;
};

void SealByProduct(Lane& lane) {
  BodyEncoder encoder(lane.dek, lane.header, lane.facts);
  for (int64_t first = 0; first < kSegments; first += kWindow) {
    const auto plaintext = ByteSpan(lane.plaintext).subspan(static_cast<size_t>(first) << 16, kWindow << 16);
    encoder.EncodeStripes(first, kWindow, plaintext, lane.At(encoder.StripesSize(0, first)).data());
  }
}

void OpenByProduct(Lane& lane) {
  BodyDecoder decoder(lane.dek, lane.header, kK, kN);
  const Geometry& geometry = decoder.geometry();
  std::vector<ShardBlock> blocks(kK);
  for (int64_t i = 0; i < kSegments; ++i) {
    const size_t at = static_cast<size_t>(geometry.StripeBegin(i) - geometry.StripeBegin(0));
    const size_t size = static_cast<size_t>(geometry.Block(i) + Geometry::kCrc);
    for (uint8_t j = 0; j < kK; ++j) {
      const ByteSpan block = ByteSpan(lane.shards[j]).subspan(at, size);
      PBFS_CHECK(CheckBlock(lane.facts.encoding, j, static_cast<uint32_t>(i), block));
      blocks[j] = {j, block.data()};
    }
    PBFS_CHECK(decoder.OpenSegment(i, blocks, lane.opened.data() + (i << 16)).opened);
  }
}

void SealByReference(Lane& lane) {
  ReferenceCodec(kK, kM).SealAndEncode(lane.plaintext.data(), lane.plaintext.size(), lane.At(0));
}

void OpenByReference(Lane& lane) {
  const std::vector<uint8_t*> at = lane.At(0);
  PBFS_CHECK(
      ReferenceCodec(kK, kM).CheckAndOpen({at.begin(), at.begin() + kK}, lane.plaintext.size(), lane.opened.data()));
}

// GB (1e9 bytes) of plaintext a second of all lanes together.
double Rate(std::vector<Lane>& lanes, void (*work)(Lane&)) {
  const double start = Now();
  {
    std::vector<Thread> threads;
    for (Lane& lane : lanes) {
      threads.emplace_back("codec", [&lane, work] {
        for (int pass = 0; pass < kPasses; ++pass) work(lane);
      });
    }
  }
  const double bytes = static_cast<double>(lanes[0].plaintext.size()) * kPasses * static_cast<double>(lanes.size());
  return bytes / 1e9 / (Now() - start);
}

void CheckOpened(std::vector<Lane>& lanes) {
  for (Lane& lane : lanes) {
    PBFS_CHECK(lane.opened == lane.plaintext, "what was read is not what was written");
    std::fill(lane.opened.begin(), lane.opened.end(), uint8_t{0});
  }
}

}  // namespace

std::vector<Row> CodecRows(const Options& options) {
  std::vector<Lane> product, reference;
  for (uint64_t i = 0; i < kThreads; ++i) product.emplace_back(i), reference.emplace_back(i);
  const Series seal = Interleave(
      options.rounds, [&] { return Rate(product, SealByProduct); }, [&] { return Rate(reference, SealByReference); });
  const Series open = Interleave(
      options.rounds, [&] { return Rate(product, OpenByProduct); }, [&] { return Rate(reference, OpenByReference); });
  CheckOpened(product);
  CheckOpened(reference);
  return {MakeRow("codec: seal, encode, CRC 4+2 (R1)", seal, "GB/s", Row::Bar::kAtLeast, 0.9),
          MakeRow("codec: CRC, open 4+2 (R1)", open, "GB/s", Row::Bar::kAtLeast, 0.9)};
}

}  // namespace pbfs::bench
