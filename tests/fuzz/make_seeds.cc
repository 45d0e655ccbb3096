// Writes the first inputs of each corpus: pbfs_fuzz_seeds DIRECTORY makes DIRECTORY/<target>/<name>.
#include <filesystem>
#include <fstream>

#include "libs/base/random.h"
#include "libs/format/body_encoder.h"
#include "libs/format/keyring.h"
#include "libs/format/op_record.h"
#include "libs/format/receipt.h"
#include "libs/format/token.h"

namespace pbfs {
namespace {

constexpr int64_t kMillis = 1760000000000;

class Seeds {
 public:
  explicit Seeds(std::filesystem::path directory) : directory_(std::move(directory)) {}
  void Bodies(BodyIntegrity integrity, const std::string& name);
  void Records();
  void Capabilities();

 private:
  void Write(const std::string& target, const std::string& name, ByteSpan bytes) const {
    std::filesystem::create_directories(directory_ / target);
    std::ofstream out(directory_ / target / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  void WriteRecord(const std::string& name, OpRecord record, bool is_signed = false) {
    record.op = OpId::New(kMillis, random_);
    if (record.object.IsNull()) record.object = ObjectId::New(kMillis, random_);
    record.order = {HlcFromMillis(kMillis), 77};
    for (RecordExtent& extent : record.extents) extent.order = record.order;
    Write("op_record", name, EncodeRecord(record, keys_, is_signed ? &signing_ : nullptr));
  }
  RecordBody Body(int64_t length) {
    return {MakeBodyHeader(Key32(), BodyId::New(kMillis, random_), length, BodyIntegrity::kCrc32c).Encode(), {}};
  }

  const std::filesystem::path directory_;
  SeededRandom random_{1};
  const BucketId bucket_ = BucketId::NewRandom(random_);
  const BucketKeys keys_ = BucketKeys::Derive(bucket_, 1, Key32());
  const SigningKey signing_ = SigningKeyFromSeed(Key32());
};

void Seeds::Bodies(BodyIntegrity integrity, const std::string& name) {
  const BodyHeader header = MakeBodyHeader(Key32(), BodyId::New(kMillis, random_), 9000, integrity, 12);
  Write("body_header", name, header.Encode());
  const EncodingFacts facts{NewEncodingId(kMillis, 7, random_), SiteId{1}, 4, 6};
  BodyEncoder encoder(Key32(), header, facts);
  const Bytes plaintext(9000, 5);
  if (integrity == BodyIntegrity::kSha256) encoder.AddLeaves(0, plaintext);
  const int64_t count = encoder.geometry().Segments();
  std::vector<Bytes> stripes(facts.n, Bytes(encoder.StripesSize(0, count)));
  std::vector<uint8_t*> shards;
  for (Bytes& shard : stripes) shards.push_back(shard.data());
  encoder.EncodeStripes(0, count, plaintext, shards.data());
  const FragmentHeaderBytes head = encoder.Head(5);
  const Bytes trailer = encoder.Trailer();
  Write("fragment_header", name, head);
  Bytes fragment = {200, 1};  // portions of 457 bytes
  ByteWriter writer(fragment);
  writer.Raw(head);
  writer.Raw(stripes[5]);
  writer.Raw(trailer);
  Write("fragment_check", name, fragment);
  Bytes with_geometry = {4, 6, 12, static_cast<uint8_t>(integrity == BodyIntegrity::kSha256)};
  ByteWriter geometry_writer(with_geometry);
  geometry_writer.U32(9000);
  geometry_writer.Raw(trailer);
  Write("fragment_trailer", name, with_geometry);
}

void Seeds::Records() {
  OpRecord write;
  write.kind = OpKind::kWrite;
  write.bodies = {Body(5000)};
  PlaceBody(write, kRegionSize - 100, 5000, 0, 0);
  WriteRecord("write", write);
  WriteRecord("write_signed", write, true);
  OpRecord zero{.kind = OpKind::kZero};
  zero.extents = {{0, 2 * kRegionSize}};
  WriteRecord("zero", zero);
  OpRecord trunc{.kind = OpKind::kTrunc};
  trunc.extents = {{4096, kTruncEnd}};
  trunc.trunc_length = 4096;
  WriteRecord("trunc", trunc);
  OpRecord bind{.kind = OpKind::kBind};
  bind.name = "photos/cat.jpg";
  bind.metadata = Bytes(44, 9);
  WriteRecord("bind", bind);
  OpRecord unbind{.kind = OpKind::kUnbind};
  unbind.name = "photos/cat.jpg";
  WriteRecord("unbind", unbind);
  OpRecord clone{.kind = OpKind::kClone};
  clone.sources = {ObjectId::New(kMillis, random_)};
  clone.extents = {{0, int64_t{1} << 30, {}, 0, 0, SourceKind::kObject}};
  WriteRecord("clone", clone);
  OpRecord meta{.kind = OpKind::kMeta};
  meta.metadata = Bytes(60, 3);
  WriteRecord("meta", meta);
  WriteRecord("seal", OpRecord{.kind = OpKind::kSeal});
  OpRecord drop{.kind = OpKind::kDrop};
  drop.name = "photos/cat.jpg";
  drop.dropped = {5, 6};
  WriteRecord("drop", drop);
  OpRecord rehome{.kind = OpKind::kRehome};
  rehome.bodies = {Body(1000)};
  rehome.extents = {{100, 1100, {}, 0, 0, SourceKind::kBody}};
  rehome.listed = {{100, 1100, {5, 6}, BodyId::New(kMillis, random_)}, {1200, 1300, {7, 6}, {}}};
  rehome.list_frontier = 9;
  WriteRecord("rehome", rehome);
}

void Seeds::Capabilities() {
  Write("token", "token", Token{3, SiteId{1}, 1, bucket_, {}, kMillis, kMillis + 900000, 77}.Encode(signing_));
  Write("receipt", "receipt",
        Receipt{EncodingId::New(kMillis, random_), 2, StoreId{9}, 50280, 7, kMillis}.Encode(Key32()));
  Write("name", "plain", AsBytes("photos/../cat.jpg"));
  Write("name", "utf8", AsBytes("f\xc3\xb6ll\xe2\x82\xac\xf0\x9f\x90\x88"));
  const BoxKey box = BoxKeyFromSeed(Key32());
  Keyring::Recipient recipient{box.public_key, signing_.public_key};
  const Keyring first = MakeKeyring(bucket_, Key32(), {recipient});
  const Bytes first_bytes = first.Encode(signing_);
  Key32 fresh;
  random_.Fill(fresh.mutable_span());
  const Bytes second =
      RotateKeyring(first, first_bytes, {{1, Key32()}}, fresh, {recipient, recipient}, random_).Encode(signing_);
  Write("keyring", "first", ByteSpan(first_bytes).first(first_bytes.size() - 64));  // the target signs anew
  Write("keyring", "rotated", ByteSpan(second).first(second.size() - 64));
}

}  // namespace
}  // namespace pbfs

int main(int argc, char** argv) {
  pbfs::Seeds seeds(argc > 1 ? argv[1] : "tests/fuzz/corpus");
  seeds.Bodies(pbfs::BodyIntegrity::kCrc32c, "crc32c");
  seeds.Bodies(pbfs::BodyIntegrity::kSha256, "sha256");
  seeds.Records();
  seeds.Capabilities();
}
