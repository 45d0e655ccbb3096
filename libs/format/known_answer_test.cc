// The known-answer test of the format, version 1: every line of known_answers.txt is a promise to data that exists. Our code
// computes them again: keys by libsodium, bulk cipher and SHA-256 by OpenSSL, and those two once more by libsodium.
#include <fstream>
#include <functional>
#include <numeric>

#include <fmt/format.h>
#include <sodium.h>

#include "libs/base/testing.h"
#include "libs/coding/crc32c.h"
#include "libs/format/body_decoder.h"
#include "libs/format/body_encoder.h"
#include "libs/format/keyring.h"
#include "libs/format/op_record.h"
#include "libs/format/receipt.h"
#include "libs/format/token.h"
#include "libs/format/upload.h"

namespace pbfs {
namespace {

constexpr Hlc kHlc = (int64_t{1760000000000} << 16) | 5;
constexpr int64_t kWid = 0x0123456789abcdef;

template <typename Id>
Id CountingId(uint8_t from, uint8_t step) {
  Id id;
  for (size_t i = 0; i < 16; ++i) id.bytes[i] = static_cast<uint8_t>(from + step * i);
  return id;
}
Key32 FilledKey(uint8_t value) {
  std::array<uint8_t, 32> bytes;
  bytes.fill(value);
  return Key32(bytes);
}
Key32 Dek() {
  std::array<uint8_t, 32> bytes;
  std::iota(bytes.begin(), bytes.end(), uint8_t{0});
  return Key32(bytes);
}
const BodyId kBody = CountingId<BodyId>(0xa0, 1);
const EncodingId kEncoding = CountingId<EncodingId>(0xc0, 1);
const BucketId kBucket = CountingId<BucketId>(0x11, 0);
const OpId kOp = CountingId<OpId>(0x22, 0);
const ObjectId kObject = CountingId<ObjectId>(0x33, 0);

Bytes Plaintext(size_t size) {
  Bytes out(size);
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<uint8_t>((i * 7 + 3) ^ (i >> 8));
  return out;
}

// SHA-256 by OpenSSL, held against libsodium.
std::string HexSha(ByteSpan bytes) {
  const Digest32 ours = Sha256(bytes);
  Digest32 theirs;
  crypto_hash_sha256(theirs.data(), bytes.data(), bytes.size());
  EXPECT_EQ(ours, theirs);
  return ToHex(ours);
}

std::vector<Bytes> Encode(const BodyHeader& header, ByteSpan plaintext, uint8_t k, uint8_t n,
                          Digest32* root = nullptr) {
  BodyEncoder encoder(Dek(), header, {kEncoding, SiteId{1}, k, n});
  if (encoder.geometry().leaves) encoder.AddLeaves(0, plaintext);
  if (root != nullptr) *root = encoder.ct_root();
  const int64_t segments = encoder.geometry().Segments();
  std::vector<Bytes> blocks(n, Bytes(encoder.StripesSize(0, segments)));
  std::vector<uint8_t*> out;
  for (Bytes& block : blocks) out.push_back(block.data());
  encoder.EncodeStripes(0, segments, plaintext, out.data());
  std::vector<Bytes> fragments;
  for (uint8_t j = 0; j < n; ++j) {
    Bytes fragment = ToBytes(encoder.Head(j));
    ByteWriter writer(fragment);
    writer.Raw(blocks[j]);
    writer.Raw(encoder.Trailer());
    fragments.push_back(std::move(fragment));
  }
  return fragments;
}

// The lines of known_answers.txt, computed by our code, in the same order.
class Answers {
 public:
  template <typename... Args>
  void Add(fmt::format_string<Args...> text, Args&&... args) {
    lines_.push_back(fmt::format(text, std::forward<Args>(args)...));
  }
  const std::vector<std::string>& lines() const { return lines_; }

 private:
  std::vector<std::string> lines_;
};

void AddKeys(Answers& answers) {
  const Key32 bk = FilledKey(0x77);
  const BucketKeys keys = BucketKeys::Derive(kBucket, 7, bk);
  answers.Add("crc32c('123456789')={:08x}", Crc32c(AsBytes("123456789")));
  answers.Add("BK={}", ToHex(bk.span()));
  answers.Add("KEK={}", ToHex(keys.kek.span()));
  answers.Add("KMAC={}", ToHex(keys.kmac.span()));
  answers.Add("KMETA={}", ToHex(keys.kmeta.span()));
  answers.Add("bk_commit={}", ToHex(BucketKeyCommit(kBucket, bk)));
  answers.Add("hedged DEK={}", ToHex(MakeDek(FilledKey(0x99), kBody, {kWid, kHlc, 42, 4711}).span()));
}

// Seals a segment by OpenSSL and by libsodium, which must agree.
Bytes SealBoth(const BodyHeader& header, int64_t i, ByteSpan plaintext) {
  const Key32 key = BodyEncryptionKey(Dek(), header.id);
  const SegmentNonce nonce = MakeSegmentNonce(i, header.GeometryFor(4, 6).Segments());
  Bytes ours(plaintext.size() + 16), theirs(ours.size());
  SegmentCipher(key).Seal(nonce, header.Encode(), plaintext, ours.data());
  SodiumSealSegment(key, nonce, header.Encode(), plaintext, theirs.data());
  EXPECT_EQ(ours, theirs);
  Bytes opened(plaintext.size());
  EXPECT_TRUE(SegmentCipher(key).Open(nonce, header.Encode(), ours, opened.data()));
  EXPECT_TRUE(SodiumOpenSegment(key, nonce, header.Encode(), ours, opened.data()));
  EXPECT_TRUE(Equal(opened, plaintext));
  return ours;
}

void AddSegments(Answers& answers, const BodyHeader& header, ByteSpan plaintext) {
  answers.Add("K_enc={}", ToHex(BodyEncryptionKey(Dek(), header.id).span()));
  answers.Add("key_commit={}", ToHex(header.key_commit));
  answers.Add("header={}", ToHex(header.Encode()));
  const Geometry geometry = header.GeometryFor(4, 6);
  for (int64_t i = 0; i < geometry.Segments(); ++i) {
    const ByteSpan segment =
        plaintext.subspan(static_cast<size_t>(i << 16), static_cast<size_t>(geometry.SegmentPlaintext(i)));
    const Bytes sealed = SealBoth(header, i, segment);
    const std::string leaf = geometry.leaves ? " leaf=" + ToHex(SegmentLeaf(i, sealed)) : "";
    answers.Add("segment {} nonce={} length={} tag={}{}", i, ToHex(MakeSegmentNonce(i, geometry.Segments())),
                sealed.size(), ToHex(ByteSpan(sealed).last(16)), leaf);
  }
}

// Opens segments [s0, s1] from one set of four fragments.
void ExpectOpens(const BodyHeader& header, const std::vector<Bytes>& fragments, int set, int64_t s0, int64_t s1,
                 ByteSpan plaintext) {
  BodyDecoder decoder(Dek(), header, 4, 6);
  const Geometry& geometry = decoder.geometry();
  for (int64_t i = s0; i <= s1; ++i) {
    std::vector<ShardBlock> blocks;
    for (uint8_t j = 0; j < 6; ++j) {
      const ByteSpan stripe =
          ByteSpan(fragments[j])
              .subspan(static_cast<size_t>(geometry.StripeBegin(i)), static_cast<size_t>(geometry.Block(i)) + 4);
      EXPECT_TRUE(CheckBlock(kEncoding, j, static_cast<uint32_t>(i), stripe));
      if ((set >> j & 1) != 0) blocks.push_back({j, stripe.data()});
    }
    Bytes out(static_cast<size_t>(geometry.SegmentPlaintext(i)));
    EXPECT_TRUE(decoder.OpenSegment(i, blocks, out.data()).opened);
    EXPECT_TRUE(Equal(out, plaintext.subspan(static_cast<size_t>(i << 16), out.size())));
  }
}

void AddRangedRead(Answers& answers, const BodyHeader& header, const std::vector<Bytes>& fragments,
                   ByteSpan plaintext) {
  const Geometry geometry = header.GeometryFor(4, 6);
  const int64_t begin = 1100000 - 1000003, end = 1150000 - 1000003;  // of the extent [1000003, 1200003)
  const int64_t s0 = geometry.FirstSegment(begin), s1 = geometry.LastSegment(end);
  int sets = 0;
  for (int set = 0; set < 64; ++set) {
    if (__builtin_popcount(static_cast<unsigned>(set)) != 4) continue;
    ExpectOpens(header, fragments, set, s0, s1, plaintext);
    ++sets;
  }
  answers.Add("read body [{},{}): segments {}..{}, bytes [{},{}) of each fragment, correct from all {} sets of 4",
              begin, end, s0, s1, geometry.StripeBegin(s0), geometry.StripeEnd(s1), sets);
}

void AddBody(Answers& answers, BodyIntegrity integrity) {
  const Bytes plaintext = Plaintext(200000);
  const BodyHeader header = MakeBodyHeader(Dek(), kBody, 200000, integrity);
  answers.Add("-- integrity {}", static_cast<int>(integrity));
  AddSegments(answers, header, plaintext);
  Digest32 root;
  const std::vector<Bytes> fragments = Encode(header, plaintext, 4, 6, &root);
  const Geometry geometry = header.GeometryFor(4, 6);
  answers.Add("ct_root={}", ToHex(root));
  answers.Add("segments={} B={} B_last={} ct_len={} fragment={}", geometry.Segments(), geometry.FullBlock(),
              geometry.LastBlock(), geometry.CiphertextLength(), geometry.FragmentSize());
  for (size_t j = 0; j < fragments.size(); ++j) {
    answers.Add("fragment {} sum={:08x} sha256={}", j, FragmentSum(geometry, fragments[j]), HexSha(fragments[j]));
  }
  AddRangedRead(answers, header, fragments, plaintext);
}

void AddReplicated(Answers& answers) {
  const Bytes plaintext = Plaintext(5000);
  const auto fragments = Encode(MakeBodyHeader(Dek(), kBody, 5000, BodyIntegrity::kCrc32c), plaintext, 1, 3);
  const bool equal = Equal(ByteSpan(fragments[0]).subspan(128, 5024), ByteSpan(fragments[2]).subspan(128, 5024));
  answers.Add("-- replicated 1+2, 5000 bytes");
  answers.Add("fragment={} copies equal={} sha256(2)={}", fragments[0].size(), equal ? 1 : 0, HexSha(fragments[2]));
}

// Hands out the same byte for ever: the nonces of the answers.
class ConstantRandom final : public Random {
 public:
  explicit ConstantRandom(uint8_t value) : value_(value) {}
  void Fill(MutableByteSpan out) override { std::fill(out.begin(), out.end(), value_); }

 private:
  uint8_t value_;
};

SigningKey SiteKey() { return SigningKeyFromSeed(FilledKey(0x5a)); }

void AddCapabilities(Answers& answers) {
  const BucketKeys keys = BucketKeys::Derive(kBucket, 7, FilledKey(0x77));
  ConstantRandom wrap_nonce(0x44), meta_nonce(0x45);
  const WrappedDek wrapped = WrapDek(keys, kBody, Dek(), wrap_nonce);
  EXPECT_TRUE(Equal(UnwrapDek(keys, kBody, wrapped)->span(), Dek().span()));
  answers.Add("-- keys and capabilities");
  answers.Add("wrapped_dek={}", ToHex(wrapped));
  answers.Add("metadata={}", ToHex(SealMetadata(keys, kObject, {kHlc, kWid}, AsBytes("etag"), meta_nonce)));
  const Key32 store = StoreKey(FilledKey(0x88), SiteId{1}, StoreId{9});
  answers.Add("K_store={}", ToHex(store.span()));
  const Receipt receipt{kEncoding, 2, StoreId{9}, 50280, 0x12345678, 1760000000123};
  answers.Add("receipt={}", ToHex(receipt.Encode(store)));
  EXPECT_EQ(*Receipt::Decode(receipt.Encode(store)), receipt);
  const Token token{3, SiteId{1}, 1, kBucket, CountingId<PrincipalId>(0x22, 0), 1760000000000, 1760000900000, 77};
  answers.Add("token={}", ToHex(token.Encode(SiteKey())));
  EXPECT_EQ(*Token::Decode(token.Encode(SiteKey())), token);
}

OpRecord RecordOf(OpKind kind) {
  OpRecord record;
  record.kind = kind;
  record.bucket = kBucket;
  record.op = kOp;
  record.object = kObject;
  record.order = {kHlc, kWid};
  record.observed = kHlc - 65536;
  record.key_epoch = 7;
  record.site = SiteId{1};
  return record;
}

void AddRecord(Answers& answers, const std::string& name, const OpRecord& record, bool sign, bool print = false) {
  const BucketKeys keys = BucketKeys::Derive(kBucket, 7, FilledKey(0x77));
  const SigningKey key = SiteKey();
  const Bytes bytes = EncodeRecord(record, keys, sign ? &key : nullptr);
  EXPECT_TRUE(VerifyRecordMac(bytes, keys));
  OpRecord expected = record;
  expected.is_signed = sign;
  EXPECT_EQ(*DecodeRecord(bytes), expected) << name;
  EXPECT_EQ(VerifyRecordSignature(bytes, key.public_key), sign);
  const std::string signature = sign ? " signature=" + ToHex(ByteSpan(bytes).last(64)) : "";
  answers.Add("op {} length={} mac={}{}", name, bytes.size(), ToHex(RecordDigest(bytes)), signature);
  if (print) answers.Add("   bytes={}", ToHex(bytes));
}

RecordBody NamedBody(BodyIntegrity integrity) {
  const BodyHeader header = MakeBodyHeader(Dek(), kBody, 200000, integrity);
  Digest32 root;
  Encode(header, Plaintext(200000), 4, 6, &root);
  return {header.Encode(), root};
}

void AddRecords(Answers& answers) {
  answers.Add("-- op records");
  OpRecord write = RecordOf(OpKind::kWrite);
  write.bodies = {NamedBody(BodyIntegrity::kCrc32c)};
  PlaceBody(write, 1000003, 200000, 0, 0);
  AddRecord(answers, "WRITE crc32c", write, false, true);
  OpRecord across = RecordOf(OpKind::kWrite);
  across.bodies = {NamedBody(BodyIntegrity::kSha256)};
  PlaceBody(across, 67008864, 200000, 0, 0);
  AddRecord(answers, "WRITE sha256 signed, across a region", across, true);
  OpRecord trunc = RecordOf(OpKind::kTrunc);
  trunc.trunc_length = 4096;
  trunc.extents = {{4096, kTruncEnd, trunc.order, 0, 0, SourceKind::kZeros}};
  AddRecord(answers, "TRUNC 4096", trunc, false);
  OpRecord clone = RecordOf(OpKind::kClone);
  clone.sources = {CountingId<ObjectId>(0x66, 0)};
  clone.extents = {{0, int64_t{1} << 30, clone.order, 0, 0, SourceKind::kObject}};
  AddRecord(answers, "CLONE of a sealed object", clone, false);
  OpRecord bind = RecordOf(OpKind::kBind);
  bind.name = "photos/cat.jpg";
  ConstantRandom nonce(0x45);
  bind.metadata =
      SealMetadata(BucketKeys::Derive(kBucket, 7, FilledKey(0x77)), kObject, bind.order, AsBytes("etag"), nonce);
  AddRecord(answers, "BIND photos/cat.jpg", bind, false);
  OpRecord rehome = RecordOf(OpKind::kRehome);
  rehome.bodies = write.bodies;
  rehome.extents = {{1000003, 1200003, {kHlc - 9, kWid}, 0, 0, SourceKind::kBody}};
  rehome.list_frontier = kHlc - 1;
  rehome.listed = {{1000003, 1200003, {kHlc - 9, kWid}, kBody}};
  AddRecord(answers, "REHOME", rehome, false);
}

void AddUploads(Answers& answers) {
  const BucketKeys keys = BucketKeys::Derive(kBucket, 7, FilledKey(0x77));
  ConstantRandom nonce(0x46);
  const UploadSeal upload{CountingId<UploadId>(0x55, 0), "photos/cat.jpg"};
  const PartSeal part{upload.upload, 3, kObject, 5242880};
  const Bytes of_upload = SealUpload(keys, upload, AsBytes("type"), nonce);
  const Bytes of_part = SealPart(keys, part, AsBytes("md5"), nonce);
  EXPECT_EQ(AsText(*OpenUpload(keys, upload, of_upload)), "type");
  EXPECT_EQ(AsText(*OpenPart(keys, part, of_part)), "md5");
  answers.Add("-- uploads in parts");
  answers.Add("metadata of an upload={}", ToHex(of_upload));
  answers.Add("metadata of a part={}", ToHex(of_part));
}

TEST(KnownAnswerTest, EveryByteIsAsPromised) {
  Answers answers;
  AddKeys(answers);
  AddBody(answers, BodyIntegrity::kCrc32c);
  AddBody(answers, BodyIntegrity::kSha256);
  AddReplicated(answers);
  AddCapabilities(answers);
  AddRecords(answers);
  AddUploads(answers);
  std::ifstream in(PBFS_KNOWN_ANSWERS);
  std::vector<std::string> promised;
  for (std::string line; std::getline(in, line);) promised.push_back(line);
  ASSERT_EQ(promised.size(), 60u);
  ASSERT_EQ(answers.lines().size(), promised.size());
  for (size_t i = 0; i < promised.size(); ++i) EXPECT_EQ(answers.lines()[i], promised[i]) << "line " << i + 1;
}

}  // namespace
}  // namespace pbfs
