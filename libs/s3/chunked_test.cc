#include "libs/s3/chunked.h"

#include <array>

#include "libs/base/random.h"
#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

using enum PayloadKind;

ChunkChain Chain() {
  SigningKey key{};
  key[3] = 7;
  return ChunkChain(key, "20260102T030405Z", "20260102/eu-west-1/s3/aws4_request", std::string(64, '0'));
}

std::optional<ChunkChain> ChainOf(PayloadKind kind) {
  return kind == kUnsignedTrailer ? std::nullopt : std::optional(Chain());
}

const std::string kCrc = "x-amz-checksum-crc32";

ChunkedDecoder Decoder(PayloadKind kind, size_t decoded_bytes) {
  return ChunkedDecoder(kind, ChainOf(kind), static_cast<int64_t>(decoded_bytes),
                        kind == kSigned ? std::vector<std::string>{} : std::vector{kCrc});
}

HttpFields TrailersOf(PayloadKind kind) { return kind == kSigned ? HttpFields{} : HttpFields{{kCrc, "y/Q5Jg=="}}; }

/// The whole body at once; the plain bytes.
Result<std::string> DecodeAll(ChunkedDecoder& decoder, std::string_view body) {
  Bytes out(body.size());
  PBFS_ASSIGN_OR_RETURN(const auto progress, decoder.Decode(AsBytes(body), out));
  PBFS_CHECK(progress.consumed == body.size());
  PBFS_RETURN_IF_ERROR(decoder.Finish());
  return std::string(AsText(ByteSpan(out).first(progress.produced)));
}

Result<std::string> DecodeUnsigned(std::string_view body, size_t decoded_bytes,
                                   std::vector<std::string> announced = {}) {
  ChunkedDecoder decoder(kUnsignedTrailer, std::nullopt, static_cast<int64_t>(decoded_bytes), std::move(announced));
  return DecodeAll(decoder, body);
}

TEST(Chunked, AnySplitOfTheInputGivesTheSameOutput) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  for (int round = 0; round < TestScaled(300); ++round) {
    const PayloadKind kind = std::array{kSigned, kSignedTrailer, kUnsignedTrailer}[random.Below(3)];
    Bytes data(random.Below(2) == 0 ? random.Below(10) : random.Below(3000));
    random.Fill(data);
    const Bytes body = EncodeChunked(kind, ChainOf(kind), data, 1 + random.Below(700), TrailersOf(kind));
    ChunkedDecoder decoder = Decoder(kind, data.size());
    Bytes out;
    ByteSpan rest = body;
    while (!rest.empty()) {
      Bytes room(random.Below(100));
      const ByteSpan piece = rest.first(std::min<size_t>(rest.size(), random.Below(100)));
      ASSERT_OK_AND_ASSIGN(const auto progress, decoder.Decode(piece, room));
      ASSERT_TRUE(progress.consumed == piece.size() || progress.produced == room.size());
      out.insert(out.end(), room.begin(), room.begin() + static_cast<ptrdiff_t>(progress.produced));
      rest = rest.subspan(progress.consumed);
    }
    ASSERT_OK(decoder.Finish());
    ASSERT_TRUE(decoder.done());
    ASSERT_EQ(out, data);
    EXPECT_EQ(decoder.trailers().Get(kCrc), TrailersOf(kind).Get(kCrc));
    EXPECT_FALSE(decoder.trailers().Has("x-amz-trailer-signature"));
  }
}

TEST(Chunked, EveryByteCounts) {
  const std::string data = "hello, world";
  for (const PayloadKind kind : {kSigned, kSignedTrailer}) {
    const Bytes body = EncodeChunked(kind, Chain(), AsBytes(data), 7, TrailersOf(kind));
    for (size_t at = 0; at < body.size(); ++at) {
      Bytes changed = body;
      changed[at] ^= 1;
      ChunkedDecoder decoder = Decoder(kind, data.size());
      const auto decoded = DecodeAll(decoder, AsText(changed));
      EXPECT_FALSE(decoded.ok()) << at;
      EXPECT_FALSE(decoder.Finish().ok()) << at;
    }
  }
}

TEST(Chunked, EveryByteIsNeeded) {
  const std::string data = "hello, world";
  for (const PayloadKind kind : {kSigned, kSignedTrailer, kUnsignedTrailer}) {
    const Bytes body = EncodeChunked(kind, ChainOf(kind), AsBytes(data), 7, TrailersOf(kind));
    // Of signed trailers the signature is the end, whether an empty line follows or not.
    const size_t needed = body.size() - (kind == kSignedTrailer ? 2 : 0);
    for (size_t size = 0; size < needed; ++size) {
      ChunkedDecoder decoder = Decoder(kind, data.size());
      EXPECT_S3(DecodeAll(decoder, AsText(ByteSpan(body).first(size))), "IncompleteBody") << size;
    }
  }
}

TEST(Chunked, SignaturesAreChained) {
  // The same two chunks in the other order, each with its own right signature.
  ChunkChain chain = Chain();
  const std::string first = "1;chunk-signature=" + chain.SignChunk(Sha256Hex(AsBytes("a"))) + "\r\na\r\n";
  const std::string second = "1;chunk-signature=" + chain.SignChunk(Sha256Hex(AsBytes("b"))) + "\r\nb\r\n";
  const std::string last = "0;chunk-signature=" + chain.SignChunk(Sha256Hex({})) + "\r\n\r\n";
  ChunkedDecoder right = Decoder(kSigned, 2);
  EXPECT_EQ(*DecodeAll(right, first + second + last), "ab");
  ChunkedDecoder swapped = Decoder(kSigned, 2);
  EXPECT_S3(DecodeAll(swapped, second + first + last), "SignatureDoesNotMatch");
  ChunkedDecoder cut = Decoder(kSigned, 1);
  EXPECT_S3(DecodeAll(cut, first + last), "SignatureDoesNotMatch");
}

TEST(Chunked, VariantsOfClientsAreUnderstood) {
  const std::string trailer = kCrc + ":y/Q5Jg==";
  EXPECT_EQ(*DecodeUnsigned("3\r\nabc\r\n0\r\n\r\n", 3), "abc");
  EXPECT_EQ(*DecodeUnsigned("0003\r\nabc\r\n0\r\n\r\n", 3), "abc");
  EXPECT_EQ(*DecodeUnsigned("A\r\n0123456789\r\n00\r\n\r\n", 10), "0123456789");
  EXPECT_EQ(*DecodeUnsigned("0\r\n\r\n", 0), "");
  EXPECT_EQ(*DecodeUnsigned("3\r\nabc\r\n0\r\n" + trailer + "\r\n\r\n", 3, {kCrc}), "abc");
  EXPECT_EQ(*DecodeUnsigned("3\r\nabc\r\n0\r\n" + trailer + "\n\r\n\r\n\r\n", 3, {kCrc}), "abc");
  EXPECT_EQ(*DecodeUnsigned("3\r\nabc\r\n0\r\nX-Amz-Checksum-CRC32: y/Q5Jg== \r\n\r\n", 3, {kCrc}), "abc");
  // An empty line between the trailers and their signature.
  ChunkChain chain = Chain();
  std::string body = "0;chunk-signature=" + chain.SignChunk(Sha256Hex({})) + "\r\n" + trailer + "\n\r\n";
  body += "x-amz-trailer-signature:" + chain.SignTrailers(trailer + "\n") + "\r\n\r\n";
  ChunkedDecoder decoder = Decoder(kSignedTrailer, 0);
  EXPECT_EQ(*DecodeAll(decoder, body), "");
}

TEST(Chunked, WrongBodiesAreRefused) {
  const std::string trailer = kCrc + ":y/Q5Jg==\r\n";
  struct Case {
    std::string body;
    size_t decoded_bytes;
    std::vector<std::string> announced;
    std::string code;
  };
  const Case cases[] = {
      {"x\r\n", 3, {}, "InvalidRequest"},
      {"\r\n", 3, {}, "InvalidRequest"},
      {"-3\r\nabc\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {"0x3\r\nabc\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {" 3\r\nabc\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {"3 \r\nabc\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {"3\nabc\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {"3;a=b\r\nabc\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {"3;chunk-signature=aa\r\nabc\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {"3\r\nabcd\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {"3\r\nab\r\n0\r\n\r\n", 3, {}, "InvalidRequest"},
      {"ffffffffffffffff\r\n", 3, {}, "InvalidRequest"},
      {"7fffffffffffffff\r\n", 3, {}, "IncompleteBody"},
      {"00000000000000003\r\n", 3, {}, "InvalidRequest"},
      {std::string(2000, '0'), 3, {}, "InvalidRequest"},
      {"4\r\nabcd\r\n0\r\n\r\n", 3, {}, "IncompleteBody"},
      {"2\r\nab\r\n0\r\n\r\n", 3, {}, "IncompleteBody"},
      {"0\r\n\r\nx\r\n", 0, {}, "InvalidRequest"},
      {"0\r\n\r\n0\r\n\r\n", 0, {}, "InvalidRequest"},
      {"0\r\n\r\nx", 0, {}, "IncompleteBody"},
      {"0\r\n\r\n\n\n\n\n\n\n\n\n\n\n\n\n", 0, {}, "InvalidRequest"},
      {"0\r\n" + trailer + "\r\n", 0, {}, "MalformedTrailerError"},
      {"0\r\n" + trailer + trailer + "\r\n", 0, {kCrc}, "MalformedTrailerError"},
      {"0\r\n\r\n", 0, {kCrc}, "MalformedTrailerError"},
      {"0\r\nno colon\r\n\r\n", 0, {kCrc}, "MalformedTrailerError"},
      {"0\r\nx-amz-meta-a:1\r\n" + trailer + "\r\n", 0, {kCrc}, "MalformedTrailerError"},
      {"0\r\n" + trailer + "x-amz-trailer-signature:aa\r\n\r\n", 0, {kCrc}, "MalformedTrailerError"},
  };
  for (const Case& c : cases) {
    const auto decoded = DecodeUnsigned(c.body, c.decoded_bytes, c.announced);
    EXPECT_S3(decoded, c.code) << c.body;
  }
}

TEST(Chunked, SignedBodiesNeedTheirSignatures) {
  ChunkedDecoder bare = Decoder(kSigned, 3);
  EXPECT_S3(DecodeAll(bare, "3\r\nabc\r\n0\r\n\r\n"), "InvalidRequest");
  ChunkedDecoder empty = Decoder(kSigned, 3);
  EXPECT_S3(DecodeAll(empty, "3;chunk-signature=\r\nabc\r\n0;chunk-signature=\r\n\r\n"), "SignatureDoesNotMatch");
  ChunkChain chain = Chain();
  ChunkedDecoder trailer = Decoder(kSignedTrailer, 0);
  EXPECT_S3(DecodeAll(trailer, "0;chunk-signature=" + chain.SignChunk(Sha256Hex({})) + "\r\n" + kCrc +
                                   ":y/Q5Jg==\r\nx-amz-trailer-signature:00\r\n\r\n"),
            "SignatureDoesNotMatch");
  EXPECT_FALSE(trailer.done());
}

TEST(Chunked, DecodedLengthIsRequired) {
  EXPECT_EQ(*DecodedLength({{"x-amz-decoded-content-length", "12"}}), 12);
  EXPECT_S3(DecodedLength({}), "MissingContentLength");
  EXPECT_S3(DecodedLength({{"x-amz-decoded-content-length", "-1"}}), "InvalidArgument");
}

}  // namespace
}  // namespace pbfs::s3
