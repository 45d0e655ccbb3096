// Bodies, fragments and keys: round trips over random geometries, every bit flip noticed, liars named.
#include "libs/base/random.h"
#include "libs/base/testing.h"
#include "libs/format/body_decoder.h"
#include "libs/format/body_encoder.h"
#include "libs/format/keyring.h"
#include "libs/format/name.h"
#include "libs/format/receipt.h"
#include "libs/format/token.h"
#include "libs/format/upload.h"

namespace pbfs {
namespace {

constexpr int64_t kNow = 1760000000000;

Key32 RandomKey(Random& random) {
  Key32 key;
  random.Fill(key.mutable_span());
  return key;
}

struct Coded {
  Key32 dek;
  BodyHeader header;
  EncodingFacts facts;
  Bytes plaintext;
  std::vector<Bytes> fragments;
  Geometry geometry() const { return header.GeometryFor(facts.k, facts.n); }
  ByteSpan Stripe(uint8_t shard, int64_t i) const {
    return ByteSpan(fragments[shard])
        .subspan(static_cast<size_t>(geometry().StripeBegin(i)), static_cast<size_t>(geometry().Block(i)) + 4);
  }
};

// Encodes in batches of random sizes, as a streaming client does.
Coded EncodeRandomBody(Random& random, uint8_t k, uint8_t n, uint8_t seg_log2, int64_t length,
                       BodyIntegrity integrity) {
  Coded coded;
  coded.dek = RandomKey(random);
  coded.header = MakeBodyHeader(coded.dek, BodyId::New(kNow, random), length, integrity, seg_log2);
  coded.facts = {NewEncodingId(kNow, 17, random), SiteId{1}, k, n};
  coded.plaintext.resize(static_cast<size_t>(length));
  random.Fill(coded.plaintext);
  BodyEncoder encoder(coded.dek, coded.header, coded.facts);
  if (encoder.geometry().leaves) encoder.AddLeaves(0, coded.plaintext);
  for (uint8_t j = 0; j < n; ++j) coded.fragments.push_back(ToBytes(encoder.Head(j)));
  const int64_t segments = encoder.geometry().Segments();
  for (int64_t first = 0; first < segments;) {
    const int64_t count =
        1 + static_cast<int64_t>(random.Below(static_cast<uint64_t>(std::min<int64_t>(4, segments - first))));
    const size_t begin = static_cast<size_t>(first << seg_log2);
    const size_t end = std::min(coded.plaintext.size(), static_cast<size_t>((first + count) << seg_log2));
    std::vector<Bytes> pieces(n, Bytes(encoder.StripesSize(first, count)));
    std::vector<uint8_t*> out;
    for (Bytes& piece : pieces) out.push_back(piece.data());
    encoder.EncodeStripes(first, count, ByteSpan(coded.plaintext).subspan(begin, end - begin), out.data());
    for (uint8_t j = 0; j < n; ++j) ByteWriter(coded.fragments[j]).Raw(pieces[j]);
    first += count;
  }
  for (Bytes& fragment : coded.fragments) ByteWriter(fragment).Raw(encoder.Trailer());
  return coded;
}

Coded RandomBody(Random& random) {
  const uint8_t k = static_cast<uint8_t>(1 + random.Below(8)), m = static_cast<uint8_t>(random.Below(5));
  const int64_t length = 1 + static_cast<int64_t>(random.Below(60000));
  const auto integrity = random.Below(2) == 0 ? BodyIntegrity::kCrc32c : BodyIntegrity::kSha256;
  return EncodeRandomBody(random, k, static_cast<uint8_t>(k + m), static_cast<uint8_t>(12 + random.Below(4)), length,
                          integrity);
}

TEST(BodyTest, RandomGeometriesRoundTripFromRandomShards) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  for (int round = 0; round < TestScaled(150); ++round) {
    const Coded coded = RandomBody(random);
    const Geometry geometry = coded.geometry();
    BodyDecoder decoder(coded.dek, coded.header, geometry.k, geometry.n);
    for (const Bytes& fragment : coded.fragments)
      ASSERT_EQ(static_cast<int64_t>(fragment.size()), geometry.FragmentSize());
    for (int64_t i = 0; i < geometry.Segments(); ++i) {
      std::vector<uint8_t> shards(geometry.n);
      for (uint8_t j = 0; j < geometry.n; ++j) shards[j] = j;
      for (size_t j = shards.size(); j > 1; --j) std::swap(shards[j - 1], shards[random.Below(j)]);
      std::vector<ShardBlock> blocks;
      for (uint8_t j = 0; j < geometry.k; ++j) {
        ASSERT_TRUE(CheckBlock(coded.facts.encoding, shards[j], static_cast<uint32_t>(i), coded.Stripe(shards[j], i)));
        blocks.push_back({shards[j], coded.Stripe(shards[j], i).data()});
      }
      Bytes out(static_cast<size_t>(geometry.SegmentPlaintext(i)));
      ASSERT_TRUE(decoder.OpenSegment(i, blocks, out.data()).opened);
      ASSERT_TRUE(
          Equal(out, ByteSpan(coded.plaintext).subspan(static_cast<size_t>(i << geometry.seg_log2), out.size())));
    }
  }
}

TEST(BodyTest, ALieInThePaddingNamesItsLiarAndNobodyElse) {
  SeededRandom random(TestSeed());
  const Coded coded = EncodeRandomBody(random, 4, 6, 16, 5000, BodyIntegrity::kCrc32c);
  Bytes lie = ToBytes(coded.Stripe(3, 0));
  lie[coded.geometry().Block(0) - 1] ^= 1;  // 4 x 1264 bytes hold 5016 of ciphertext
  std::vector<ShardBlock> blocks;
  for (uint8_t j = 0; j < 6; ++j) blocks.push_back({j, j == 3 ? lie.data() : coded.Stripe(j, 0).data()});
  Bytes out(5000);
  const auto outcome = BodyDecoder(coded.dek, coded.header, 4, 6).OpenSegment(0, blocks, out.data());
  EXPECT_TRUE(outcome.opened);
  EXPECT_EQ(out, coded.plaintext);
  EXPECT_EQ(outcome.liars, std::vector<uint8_t>{3});
}

TEST(BodyTest, ALiarUnderAGoodCrcIsDecodedAroundAndNamed) {
  SeededRandom random(TestSeed());
  const Coded coded = EncodeRandomBody(random, 4, 6, 12, 10000, BodyIntegrity::kCrc32c);
  BodyDecoder decoder(coded.dek, coded.header, 4, 6);
  for (uint8_t liar = 0; liar < 6; ++liar) {
    Bytes lie = ToBytes(coded.Stripe(liar, 1));
    lie[5] ^= 1;
    std::vector<ShardBlock> blocks;
    for (uint8_t j = 0; j < 6; ++j) blocks.push_back({j, j == liar ? lie.data() : coded.Stripe(j, 1).data()});
    Bytes out(4096);
    const BodyDecoder::Outcome outcome = decoder.OpenSegment(1, blocks, out.data());
    EXPECT_TRUE(outcome.opened);
    EXPECT_EQ(outcome.liars, std::vector<uint8_t>{liar});
    EXPECT_TRUE(Equal(out, ByteSpan(coded.plaintext).subspan(4096, 4096)));
    blocks.erase(blocks.begin() + (liar + 1) % 6);
    blocks.erase(blocks.begin() + (liar == 5 ? 0 : liar == 0 ? 2 : 0));
    ASSERT_EQ(blocks.size(), 4u);
    EXPECT_FALSE(decoder.OpenSegment(1, blocks, out.data()).opened) << "k blocks, one of them wrong: no way to tell";
  }
}

TEST(BodyTest, SegmentsCannotChangePlaces) {
  SeededRandom random(TestSeed());
  const Coded coded = EncodeRandomBody(random, 1, 2, 12, 3 * 4096, BodyIntegrity::kCrc32c);
  BodyDecoder decoder(coded.dek, coded.header, 1, 2);
  Bytes out(4096);
  EXPECT_FALSE(decoder.OpenSegment(0, {{0, coded.Stripe(0, 1).data()}}, out.data()).opened);
  EXPECT_FALSE(CheckBlock(coded.facts.encoding, 0, 0, coded.Stripe(0, 1))) << "a misdirected block";
  EXPECT_FALSE(CheckBlock(coded.facts.encoding, 1, 0, coded.Stripe(0, 0))) << "another shard's block";
}

TEST(BodyTest, AWrongKeyIsNoticedBeforeDecryption) {
  SeededRandom random(TestSeed());
  const Coded coded = RandomBody(random);
  EXPECT_TRUE(DekFitsHeader(coded.dek, coded.header));
  EXPECT_FALSE(DekFitsHeader(RandomKey(random), coded.header));
  BodyHeader longer = coded.header;
  ++longer.length;
  EXPECT_FALSE(DekFitsHeader(coded.dek, longer)) << "the commitment covers the facts of the body";
}

TEST(FragmentTest, EveryFlippedBitOfHeaderOrBlocksIsNoticed) {
  SeededRandom random(TestSeed());
  const Coded coded = EncodeRandomBody(random, 2, 3, 12, 9000, BodyIntegrity::kSha256);
  const Geometry geometry = coded.geometry();
  ASSERT_OK(FragmentHeader::Decode(ByteSpan(coded.fragments[1]).first(128)));
  for (size_t bit = 0; bit < 128 * 8; ++bit) {
    Bytes header = ToBytes(ByteSpan(coded.fragments[1]).first(128));
    header[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    EXPECT_FALSE(FragmentHeader::Decode(header).ok()) << bit;
  }
  for (int64_t i = 0; i < geometry.Segments(); ++i) {
    for (int flip = 0; flip < TestScaled(300); ++flip) {
      Bytes block = ToBytes(coded.Stripe(1, i));
      block[random.Below(block.size())] ^= static_cast<uint8_t>(1 << random.Below(8));
      EXPECT_FALSE(CheckBlock(coded.facts.encoding, 1, static_cast<uint32_t>(i), block));
    }
  }
}

TEST(FragmentTest, HeaderAndTrailerSayWhatTheBodyIs) {
  SeededRandom random(TestSeed());
  const Coded coded = EncodeRandomBody(random, 4, 6, 13, 30000, BodyIntegrity::kSha256);
  const Geometry geometry = coded.geometry();
  ASSERT_OK_AND_ASSIGN(const FragmentHeader header, FragmentHeader::Decode(ByteSpan(coded.fragments[5]).first(128)));
  EXPECT_EQ(header.shard, 5);
  EXPECT_EQ(header.encoding, coded.facts.encoding);
  EXPECT_EQ(header.body, coded.header.id);
  EXPECT_EQ(header.geometry.length, 30000);
  const ByteSpan trailer_bytes = ByteSpan(coded.fragments[5]).subspan(static_cast<size_t>(geometry.TrailerBegin()));
  ASSERT_OK_AND_ASSIGN(const FragmentTrailer trailer, ParseFragmentTrailer(geometry, trailer_bytes));
  EXPECT_EQ(trailer.header, coded.header.Encode());
  EXPECT_EQ(CiphertextRoot(trailer.header, geometry.Segments(), trailer.leaves), header.ct_root);
  EXPECT_CODE(ParseFragmentTrailer(geometry, trailer_bytes.first(trailer_bytes.size() - 1)), kInvalidArgument);
}

TEST(GeometryTest, RefusesWhatTheFormatDoesNotHave) {
  EXPECT_CODE((Geometry{0, 1, 16, false, 1}.Check()), kInvalidArgument);
  EXPECT_CODE((Geometry{5, 4, 16, false, 1}.Check()), kInvalidArgument);
  EXPECT_CODE((Geometry{33, 40, 16, false, 1}.Check()), kInvalidArgument);
  EXPECT_CODE((Geometry{4, 49, 16, false, 1}.Check()), kInvalidArgument);
  EXPECT_CODE((Geometry{4, 6, 11, false, 1}.Check()), kInvalidArgument);
  EXPECT_CODE((Geometry{4, 6, 16, false, 0}.Check()), kInvalidArgument);
  EXPECT_CODE((Geometry{4, 6, 16, false, kMaxBodySize + 1}.Check()), kInvalidArgument);
  EXPECT_OK((Geometry{4, 6, 16, false, kMaxBodySize}.Check()));
}

TEST(InlineTest, RoundTripAndTampering) {
  SeededRandom random(TestSeed());
  const Key32 dek = RandomKey(random);
  const BodyHeader header = MakeBodyHeader(dek, BodyId::New(kNow, random), 5, BodyIntegrity::kCrc32c);
  Bytes sealed = SealInline(dek, header, AsBytes("hello"));
  EXPECT_EQ(AsText(*OpenInline(dek, header, sealed)), "hello");
  sealed[0] ^= 1;
  EXPECT_CODE(OpenInline(dek, header, sealed), kDataLoss);
  sealed.pop_back();
  EXPECT_CODE(OpenInline(dek, header, sealed), kDataLoss);
}

TEST(KeysTest, WrappedKeysOpenOnlyInTheirPlace) {
  SeededRandom random(TestSeed());
  const BucketKeys keys = BucketKeys::Derive(BucketId::NewRandom(random), 3, RandomKey(random));
  const BodyId body = BodyId::New(kNow, random);
  const Key32 dek = RandomKey(random);
  const WrappedDek wrapped = WrapDek(keys, body, dek, random);
  EXPECT_TRUE(Equal(UnwrapDek(keys, body, wrapped)->span(), dek.span()));
  EXPECT_CODE(UnwrapDek(keys, BodyId::New(kNow, random), wrapped), kDataLoss);
  BucketKeys other_epoch = keys;
  other_epoch.epoch = 4;
  EXPECT_CODE(UnwrapDek(other_epoch, body, wrapped), kDataLoss);
  const ObjectId object = ObjectId::New(kNow, random);
  const Bytes sealed = SealMetadata(keys, object, {5, 6}, AsBytes("type"), random);
  EXPECT_EQ(AsText(*OpenMetadata(keys, object, {5, 6}, sealed)), "type");
  EXPECT_CODE(OpenMetadata(keys, object, {5, 7}, sealed), kDataLoss);
}

TEST(UploadMetadataTest, OpenOnlyBesideWhatTheyWereMadeFor) {
  SeededRandom random(TestSeed());
  const BucketKeys keys = BucketKeys::Derive(BucketId::NewRandom(random), 3, RandomKey(random));
  const UploadSeal upload{UploadId::New(kNow, random), "a"};
  const PartSeal part{upload.upload, 1, ObjectId::New(kNow, random), 10};
  const Bytes of_upload = SealUpload(keys, upload, {}, random), of_part = SealPart(keys, part, AsBytes("md5"), random);
  EXPECT_EQ(*EpochOfSealed(of_part), 3u);
  EXPECT_OK(OpenUpload(keys, upload, of_upload));
  EXPECT_EQ(AsText(*OpenPart(keys, part, of_part)), "md5");
  EXPECT_CODE(OpenUpload(keys, {upload.upload, "b"}, of_upload), kDataLoss);
  EXPECT_CODE(OpenUpload(keys, {UploadId::New(kNow, random), "a"}, of_upload), kDataLoss);
  EXPECT_CODE(OpenPart(keys, {part.upload, 2, part.object, part.size}, of_part), kDataLoss);
  EXPECT_CODE(OpenPart(keys, {part.upload, 1, part.object, 11}, of_part), kDataLoss);
  EXPECT_CODE(OpenPart(keys, {part.upload, 1, ObjectId::New(kNow, random), part.size}, of_part), kDataLoss);
  for (const size_t size : {0, 3, 4, 43}) {
    EXPECT_CODE(OpenPart(keys, part, ByteSpan(of_part).first(size)), kDataLoss);
  }
}

TEST(KeyringTest, RecipientsOpenItThroughARotationAndNobodyElse) {
  SeededRandom random(TestSeed());
  const SigningKey admin = SigningKeyFromSeed(RandomKey(random));
  const BoxKey alice = BoxKeyFromSeed(RandomKey(random)), mallory = BoxKeyFromSeed(RandomKey(random));
  const Key32 first_key = RandomKey(random), second_key = RandomKey(random);
  const std::vector<Keyring::Recipient> recipients = {{alice.public_key, admin.public_key, KeyringRole::kWriter, {}}};
  const Keyring first = MakeKeyring(BucketId::NewRandom(random), first_key, recipients);
  const Bytes first_bytes = first.Encode(admin);
  EXPECT_EQ(*Keyring::Decode(first_bytes, admin.public_key), first);
  const Keyring second = RotateKeyring(first, first_bytes, *OpenKeyring(first, alice), second_key, recipients, random);
  ASSERT_OK_AND_ASSIGN(const auto keys, OpenKeyring(second, alice));
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_TRUE(Equal(keys[0].second.span(), second_key.span()));
  EXPECT_TRUE(Equal(keys[1].second.span(), first_key.span()));
  EXPECT_CODE(OpenKeyring(second, mallory), kPermissionDenied);
  Bytes tampered = second.Encode(admin);
  tampered[30] ^= 1;
  EXPECT_CODE(Keyring::Decode(tampered, admin.public_key), kPermissionDenied);
}

// Whoever is a recipient of the newest keyring opens every key that there ever was, and nobody else does.
TEST(KeyringTest, EveryRotationFollowsTheOneBeforeAndKeepsAllKeys) {
  SeededRandom random(TestSeed());
  const SigningKey admin = SigningKeyFromSeed(RandomKey(random));
  const BoxKey alice = BoxKeyFromSeed(RandomKey(random)), bob = BoxKeyFromSeed(RandomKey(random));
  const Keyring::Recipient to_alice{alice.public_key, admin.public_key, KeyringRole::kWriter, {}};
  const Keyring::Recipient to_bob{bob.public_key, admin.public_key, KeyringRole::kReader, {}};
  std::vector<Key32> minted = {RandomKey(random)};
  Keyring now = MakeKeyring(BucketId::NewRandom(random), minted.back(), {to_alice});
  for (int rotation = 0; rotation < 20; ++rotation) {
    SCOPED_TRACE(rotation);
    const bool with_bob = random.Below(2) == 0;
    const Bytes bytes = now.Encode(admin);
    minted.push_back(RandomKey(random));
    const std::vector<Keyring::Recipient> recipients = with_bob ? std::vector{to_bob, to_alice} : std::vector{to_alice};
    const Keyring next = RotateKeyring(now, bytes, *OpenKeyring(now, alice), minted.back(), recipients, random);
    EXPECT_EQ(next.version, now.version + 1);
    EXPECT_EQ(next.epoch, now.epoch + 1);
    EXPECT_EQ(next.previous_hash, Sha256(bytes));
    now = *Keyring::Decode(next.Encode(admin), admin.public_key);
    EXPECT_EQ(now, next);
    EXPECT_EQ(OpenKeyring(now, bob).ok(), with_bob);
    ASSERT_OK_AND_ASSIGN(const auto keys, OpenKeyring(now, with_bob ? bob : alice));
    ASSERT_EQ(keys.size(), minted.size());
    for (const auto& [epoch, key] : keys) EXPECT_TRUE(Equal(key.span(), minted.at(epoch - 1).span())) << epoch;
    EXPECT_EQ(keys.front().first, now.epoch);
  }
}

TEST(CapabilityTest, ReceiptsAndTokensAreTamperProof) {
  SeededRandom random(TestSeed());
  const Key32 store_key = RandomKey(random);
  const auto receipt = Receipt{NewEncodingId(kNow, 1, random), 3, StoreId{7}, 5000, 99, kNow}.Encode(store_key);
  EXPECT_TRUE(Receipt::Verify(receipt, store_key));
  EXPECT_FALSE(Receipt::Verify(receipt, RandomKey(random)));
  const SigningKey site = SigningKeyFromSeed(RandomKey(random));
  const auto token = Token{1, SiteId{1}, 1, {}, {}, kNow, kNow + 1000, 5}.Encode(site);
  EXPECT_TRUE(Token::Verify(token, site.public_key));
  for (size_t byte = 0; byte < receipt.size(); ++byte) {
    auto changed = receipt;
    changed[byte] ^= 0x10;
    EXPECT_FALSE(Receipt::Verify(changed, store_key)) << byte;
  }
  for (size_t byte = 0; byte < token.size(); ++byte) {
    auto changed = token;
    changed[byte] ^= 0x10;
    EXPECT_FALSE(Token::Verify(changed, site.public_key)) << byte;
  }
}

TEST(NameTest, OrdinaryCharactersPassAndTheRestIsRefused) {
  for (const char* name : {"a", "..", "a//b", "/", "photos/Zoë", "\xf0\x9f\x90\x88"}) EXPECT_OK(CheckName(name));
  EXPECT_OK(CheckName(std::string(1024, 'x')));
  EXPECT_CODE(CheckName(""), kInvalidArgument);
  EXPECT_CODE(CheckName(std::string(1025, 'x')), kInvalidArgument);
  EXPECT_CODE(CheckName(std::string("a\0b", 3)), kInvalidArgument);
  for (const char* name : {"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\x80"}) {
    EXPECT_CODE(CheckName(name), kInvalidArgument);
  }
}

}  // namespace
}  // namespace pbfs
