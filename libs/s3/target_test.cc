#include "libs/s3/target.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

HttpRequest Get(std::string target, std::string host = "gateway.example:9000") {
  return {"GET", std::move(target), {{"Host", std::move(host)}}};
}

TEST(Target, BucketAndKeyComeFromThePathOrTheHost) {
  const std::vector<std::string> domains = {"example.com", "s3.example.com"};
  struct Case {
    std::string target, host, bucket, key;
  };
  const Case cases[] = {
      {"/", "x", "", ""},
      {"*", "x", "", ""},
      {"/photos", "x", "photos", ""},
      {"/photos/", "x", "photos", ""},
      {"/photos/a/b", "x", "photos", "a/b"},
      {"/photos//a//..//b/", "x", "photos", "/a//..//b/"},
      {"/photos/a+b%2Bc%20d", "x", "photos", "a+b+c d"},
      {"/photos/%C3%A4%2F", "x", "photos", "\xC3\xA4/"},
      {"/photos/%2541", "x", "photos", "%41"},
      {"/photos/k?x=1", "x", "photos", "k"},
      {"/a/b", "photos.s3.example.com", "photos", "a/b"},
      {"/a/b", "Photos.S3.Example.com:443", "photos", "a/b"},
      {"/a/b", "my.photos.s3.example.com", "my.photos", "a/b"},
      {"/", "photos.s3.example.com", "photos", ""},
      {"/a/b", "s3.example.com", "a", "b"},
      {"/a/b", "example.com:80", "a", "b"},
      {"/a/b", "notexample.com", "a", "b"},
      {"/a/b", ".example.com", "a", "b"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.host + " " + c.target);
    ASSERT_OK_AND_ASSIGN(const Target target, ParseTarget(Get(c.target, c.host), domains));
    EXPECT_EQ(target.bucket, c.bucket);
    EXPECT_EQ(target.key, c.key);
    EXPECT_EQ(target.in_host, !c.bucket.empty() && c.target.find(c.bucket) == std::string::npos);
  }
}

TEST(Target, QueryIsDecodedInOrder) {
  ASSERT_OK_AND_ASSIGN(const Target target, ParseTarget(Get("/b?uploads&prefix=a+b%2Bc&x=&&prefix=2&e=a=b"), {}));
  EXPECT_THAT(std::vector<Query::Parameter>(target.query.begin(), target.query.end()),
              testing::ElementsAre(testing::Pair("uploads", ""), testing::Pair("prefix", "a b+c"),
                                   testing::Pair("x", ""), testing::Pair("prefix", "2"), testing::Pair("e", "a=b")));
  EXPECT_EQ(target.query.Get("prefix"), "a b+c");
  EXPECT_TRUE(target.query.Has("uploads"));
  EXPECT_FALSE(target.query.Has("Uploads"));
  EXPECT_EQ(target.query.Find("none"), std::nullopt);
}

TEST(Target, MalformedTargetsAreRefused) {
  const std::string bad[] = {
      "",         "b/k",       "/b/%",         "/b/%4",           "/b/%zz",          "/b/%00",
      "/b/%ff",   "/b/%C0%80", "/b/%ED%A0%80", "/b/%F5%80%80%80", "/b?x=%",          "/b?%80=1",
      "/b?x=%00", "//k",       "/%E4/k",       "http://b/k",      "/b/%F4%90%80%80", "/b/%E0%80%80"};
  for (const std::string& target : bad) EXPECT_S3(ParseTarget(Get(target), {}), "InvalidURI") << target;
}

TEST(Target, TheHostIsTextToo) {
  EXPECT_S3(ParseTarget(Get("/k", "b\xD8.example.com"), {"example.com"}), "InvalidURI");
}

TEST(Target, KeysHaveUpTo1024Bytes) {
  EXPECT_OK(ParseTarget(Get("/b/" + std::string(1024, 'k')), {}));
  EXPECT_S3(ParseTarget(Get("/b/" + std::string(1025, 'k')), {}), "KeyTooLongError");
  std::string encoded;
  for (int i = 0; i < 1024; ++i) encoded += "%41";
  EXPECT_OK(ParseTarget(Get("/b/" + encoded), {}));
}

TEST(Target, CopySourceNamesAnObjectAndMaybeAVersion) {
  ASSERT_OK_AND_ASSIGN(CopySource source, ParseCopySource("/b/a+b/c%2Bd?versionId=v%2B1"));
  EXPECT_EQ(source.bucket, "b");
  EXPECT_EQ(source.key, "a b/c+d");
  EXPECT_EQ(source.version_id, "v+1");
  ASSERT_OK_AND_ASSIGN(source, ParseCopySource("b%2Fk%3Fversion"));
  EXPECT_EQ(source.bucket, "b");
  EXPECT_EQ(source.key, "k?version");
  EXPECT_EQ(source.version_id, "");
  for (const std::string bad : {"", "b", "/b", "b/", "/", "b/%zz", "b/k?x=1", "b/k?"}) {
    EXPECT_S3(ParseCopySource(bad), "InvalidArgument") << bad;
  }
  EXPECT_S3(ParseCopySource("b/" + std::string(1025, 'k')), "KeyTooLongError");
}

TEST(Target, BucketNamesFollowTheRules) {
  const char* const longest = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123";
  const char* const too_long = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234";
  for (const std::string good : {"abc", "a-b.c-1", "123", longest, "1.2.3", "1.2.3.4.5", "a1.2.3.4"}) {
    EXPECT_OK(CheckBucketName(good)) << good;
  }
  for (const std::string bad : {"", "ab", too_long, "Abc", "a_b", "-abc", "abc-", ".abc", "abc.", "a..b", "1.2.3.4",
                                "192.168.5.4", "xn--abc", "abc-s3alias", "abc--ol-s3", "a/b", "a b", "sthree-x",
                                "\xC3\xA4"
                                "bc"}) {
    EXPECT_S3(CheckBucketName(bad), "InvalidBucketName") << bad;
  }
}

TEST(Target, EncodingIsUndoneByDecoding) {
  EXPECT_EQ(UriEncode("a/b c~_-.+\xC3\xA4", false), "a/b%20c~_-.%2B%C3%A4");
  EXPECT_EQ(UriEncode("a/b", true), "a%2Fb");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(PercentDecode(UriEncode(all, true), false), all);
  EXPECT_EQ(PercentDecode(UriEncode(all, false), true), all);
}

}  // namespace
}  // namespace pbfs::s3
