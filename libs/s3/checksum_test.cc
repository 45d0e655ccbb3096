#include "libs/s3/checksum.h"

#include "libs/base/random.h"
#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

using enum ChecksumAlgorithm;

Bytes ChecksumOf(ChecksumAlgorithm algorithm, ByteSpan bytes) {
  Checksum checksum(algorithm);
  checksum.Update(bytes);
  return checksum.Finish();
}

Bytes RandomBytes(size_t size, SeededRandom& random) {
  Bytes bytes(size);
  random.Fill(bytes);
  return bytes;
}

TEST(Checksum, KnownValuesOfTheDigits) {
  const std::pair<ChecksumAlgorithm, std::string> cases[] = {
      {kCrc32, "cbf43926"},
      {kCrc32c, "e3069283"},
      {kCrc64Nvme, "ae8b14860a799888"},
      {kSha1, "f7c3bc1d808e04732adf679965ccc34ca7ae3441"},
      {kSha256, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225"},
  };
  for (const auto& [algorithm, value] : cases) {
    EXPECT_EQ(ToHex(ChecksumOf(algorithm, AsBytes("123456789"))), value) << AlgorithmName(algorithm);
  }
  Md5 md5;
  md5.Update(AsBytes("123456789"));
  EXPECT_EQ(ToHex(md5.Finish()), "25f9e794323b453885f5181f1b624d0b");
  EXPECT_EQ(ToHex(md5.Finish()), "d41d8cd98f00b204e9800998ecf8427e");  // started over
}

TEST(Checksum, KnownValuesOfBlocks) {
  // 4 KiB of zeros and of ones: the examples of the NVM Express specification.
  EXPECT_EQ(ToHex(ChecksumOf(kCrc64Nvme, Bytes(4096, 0))), "6482d367eb22b64e");
  EXPECT_EQ(ToHex(ChecksumOf(kCrc64Nvme, Bytes(4096, 0xff))), "c0ddba7302eca3ac");
  EXPECT_EQ(ToHex(ChecksumOf(kCrc32c, Bytes(32, 0))), "8a9136aa");  // RFC 3720, B.4
}

TEST(Checksum, PiecesGiveTheSameAsTheWhole) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  for (const ChecksumAlgorithm algorithm : kChecksumAlgorithms) {
    const Bytes bytes = RandomBytes(5000, random);
    Checksum checksum(algorithm);
    for (ByteSpan rest = bytes; !rest.empty();) {
      const size_t size = std::min<size_t>(rest.size(), random.Below(300));
      checksum.Update(rest.first(size));
      rest = rest.subspan(size);
    }
    EXPECT_EQ(checksum.Finish(), ChecksumOf(algorithm, bytes)) << AlgorithmName(algorithm);
    EXPECT_EQ(checksum.Finish(), ChecksumOf(algorithm, {})) << AlgorithmName(algorithm);
  }
}

TEST(Checksum, CombinedCrcsAreThoseOfTheWhole) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  for (const ChecksumAlgorithm algorithm : {kCrc32, kCrc32c, kCrc64Nvme}) {
    for (const size_t b_size : {size_t{0}, size_t{1}, size_t{7}, size_t{4096}, size_t{100'003}}) {
      const Bytes a = RandomBytes(random.Below(1000), random);
      const Bytes b = RandomBytes(b_size, random);
      Bytes whole = a;
      whole.insert(whole.end(), b.begin(), b.end());
      EXPECT_EQ(
          CombineCrc(algorithm, ChecksumOf(algorithm, a), ChecksumOf(algorithm, b), static_cast<int64_t>(b.size())),
          ChecksumOf(algorithm, whole))
          << AlgorithmName(algorithm) << " " << b_size;
    }
  }
}

TEST(Checksum, Base64IsStrict) {
  EXPECT_EQ(Base64(AsBytes("")), "");
  EXPECT_EQ(Base64(AsBytes("f")), "Zg==");
  EXPECT_EQ(Base64(AsBytes("fo")), "Zm8=");
  EXPECT_EQ(Base64(AsBytes("foo")), "Zm9v");
  EXPECT_EQ(FromBase64("Zm9vYg=="), ToBytes(AsBytes("foob")));
  EXPECT_EQ(FromBase64(""), Bytes{});
  for (const std::string bad :
       {"Z", "Zg=", "Zg", "Zh==", "Z===", "====", " Zm9v", "Zm9v ", "Zm 9", "Zm9_", "  ==", "=Zm9", "Zg==Zg=="}) {
    EXPECT_EQ(FromBase64(bad), std::nullopt) << bad;
  }
}

TEST(Checksum, MultipartTypes) {
  EXPECT_EQ(*MultipartChecksumType(kCrc32, ""), ChecksumType::kComposite);
  EXPECT_EQ(*MultipartChecksumType(kCrc64Nvme, ""), ChecksumType::kFullObject);
  EXPECT_EQ(*MultipartChecksumType(kCrc32c, "FULL_OBJECT"), ChecksumType::kFullObject);
  EXPECT_EQ(*MultipartChecksumType(kSha256, "COMPOSITE"), ChecksumType::kComposite);
  EXPECT_S3(MultipartChecksumType(kCrc64Nvme, "COMPOSITE"), "InvalidRequest");
  EXPECT_S3(MultipartChecksumType(kSha1, "FULL_OBJECT"), "InvalidRequest");
  EXPECT_S3(MultipartChecksumType(kCrc32, "full"), "InvalidRequest");
}

TEST(Checksum, HeadersSayWhatIsWanted) {
  EXPECT_EQ(ReadChecksumHeaders({})->has_value(), false);
  ASSERT_OK_AND_ASSIGN(auto wanted, ReadChecksumHeaders({{"X-Amz-Checksum-Crc32", "y/Q5Jg=="},
                                                         {"x-amz-sdk-checksum-algorithm", "CRC32"},
                                                         {"Content-MD5", "JfnnlDI7RTiF9RgfG2JNCw=="},
                                                         {"x-amz-checksum-mode", "ENABLED"}}));
  EXPECT_EQ(wanted->algorithm, kCrc32);
  EXPECT_EQ(ToHex(*wanted->value), "cbf43926");
  EXPECT_EQ(ToHex(*wanted->md5), "25f9e794323b453885f5181f1b624d0b");
  const HttpFields trailing{{"x-amz-trailer", "X-Amz-Checksum-Sha256"}, {"x-amz-sdk-checksum-algorithm", "sha256"}};
  ASSERT_OK_AND_ASSIGN(wanted, ReadChecksumHeaders(trailing));
  EXPECT_EQ(wanted->algorithm, kSha256);
  EXPECT_EQ(wanted->value, std::nullopt);
  EXPECT_THAT(*AnnouncedTrailers(trailing), testing::ElementsAre("x-amz-checksum-sha256"));
}

TEST(Checksum, WrongHeadersAreRefused) {
  const std::pair<HttpFields, std::string> cases[] = {
      {{{"Content-MD5", "x"}}, "InvalidDigest"},
      {{{"Content-MD5", "Zg=="}}, "InvalidDigest"},
      {{{"Content-MD5", ""}}, "InvalidDigest"},
      {{{"x-amz-checksum-crc32", "Zg=="}}, "InvalidRequest"},
      {{{"x-amz-checksum-crc32", ""}}, "InvalidRequest"},
      {{{"x-amz-checksum-sha256", "y/Q5Jg=="}}, "InvalidRequest"},
      {{{"x-amz-checksum-crc16", "y/Q5Jg=="}}, "InvalidRequest"},
      {{{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-checksum-crc32c", "y/Q5Jg=="}}, "InvalidRequest"},
      {{{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-checksum-crc32", "y/Q5Jg=="}}, "InvalidRequest"},
      {{{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-trailer", "x-amz-checksum-crc32"}}, "InvalidRequest"},
      {{{"x-amz-checksum-crc32", "y/Q5Jg=="}, {"x-amz-sdk-checksum-algorithm", "SHA1"}}, "InvalidRequest"},
      {{{"x-amz-sdk-checksum-algorithm", "SHA1"}}, "InvalidRequest"},
      {{{"x-amz-sdk-checksum-algorithm", "MD6"}}, "InvalidRequest"},
      {{{"x-amz-trailer", "x-amz-meta-a"}}, "InvalidRequest"},
      {{{"x-amz-trailer", "x-amz-checksum-crc32,x-amz-checksum-sha1"}}, "InvalidRequest"},
  };
  for (const auto& [fields, code] : cases) EXPECT_S3(ReadChecksumHeaders(fields), code) << fields.begin()->second;
}

}  // namespace
}  // namespace pbfs::s3
