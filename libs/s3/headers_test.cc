#include "libs/s3/headers.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

TEST(Headers, StoredOnesAreTakenAndGivenBack) {
  ASSERT_OK_AND_ASSIGN(const StoredHeaders stored, ReadStoredHeaders({{"content-type", "text/plain"},
                                                                      {"Content-Encoding", "aws-chunked, gzip"},
                                                                      {"Content-Disposition", "attachment"},
                                                                      {"Content-Language", "de"},
                                                                      {"Cache-Control", "no-cache"},
                                                                      {"Expires", "tomorrow"},
                                                                      {"X-Amz-Meta-Mtime", " 12 "},
                                                                      {"x-amz-meta-UML", "\xC3\xA4\xFF"},
                                                                      {"x-amz-meta-mtime", "13"},
                                                                      {"x-amz-storage-class", "STANDARD"}}));
  EXPECT_EQ(stored.content_type, "text/plain");
  EXPECT_THAT(stored.headers,
              testing::ElementsAre(testing::Pair("cache-control", "no-cache"),
                                   testing::Pair("content-disposition", "attachment"),
                                   testing::Pair("content-encoding", "gzip"), testing::Pair("content-language", "de"),
                                   testing::Pair("expires", "tomorrow")));
  EXPECT_THAT(stored.user, testing::ElementsAre(testing::Pair("mtime", "12,13"), testing::Pair("uml", "\xC3\xA4\xFF")));
  HttpFields answer;
  WriteStoredHeaders(stored, answer);
  EXPECT_EQ(*ReadStoredHeaders(answer), stored);
}

TEST(Headers, DefaultsAndEmptyOnes) {
  ASSERT_OK_AND_ASSIGN(const StoredHeaders stored,
                       ReadStoredHeaders({{"Content-Encoding", "AWS-Chunked"}, {"Expires", ""}}));
  EXPECT_EQ(stored.content_type, "binary/octet-stream");
  EXPECT_TRUE(stored.headers.empty());
  EXPECT_TRUE(stored.user.empty());
}

TEST(Headers, UserMetadataIsLimited) {
  EXPECT_OK(ReadStoredHeaders({{"x-amz-meta-a", std::string(2047, 'v')}}));
  EXPECT_S3(ReadStoredHeaders({{"x-amz-meta-a", std::string(2048, 'v')}}), "MetadataTooLarge");
  EXPECT_S3(ReadStoredHeaders({{"x-amz-meta-a", std::string(1024, 'v')}, {"x-amz-meta-b", std::string(1023, 'v')}}),
            "MetadataTooLarge");
  EXPECT_S3(ReadStoredHeaders({{"x-amz-meta-", "v"}}), "InvalidArgument");
}

TEST(Headers, TaggingIsAQuery) {
  ASSERT_OK_AND_ASSIGN(const Tags tags, ParseTagging("a=1&b+c=x%2Fy&d"));
  EXPECT_THAT(tags, testing::ElementsAre(testing::Pair("a", "1"), testing::Pair("b c", "x/y"), testing::Pair("d", "")));
  EXPECT_TRUE(ParseTagging("")->empty());
  EXPECT_S3(ParseTagging("a=%"), "InvalidArgument");
  EXPECT_S3(ParseTagging("a=1&a=2"), "InvalidTag");
}

TEST(Headers, TagsAreLimited) {
  const auto repeat = [](std::string_view unit, int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += unit;
    return text;
  };
  EXPECT_OK(CheckTags({{repeat("\xC3\xA4", 128), repeat("\xC3\xA4", 256)}}, 10));
  const Tags bad[] = {
      {{"", "v"}},
      {{repeat("k", 129), "v"}},
      {{"k", repeat("v", 257)}},
      {{"k!", "v"}},
      {{"k", "v\n"}},
      {{"k\xFF", "v"}},
      {{"aws:k", "v"}},
      {{"AWS:k", "v"}},
      {{"k", "1"}, {"k", "2"}},
  };
  for (const Tags& tags : bad) EXPECT_S3(CheckTags(tags, 10), "InvalidTag") << tags[0].first;
  Tags many;
  for (int i = 0; i < 11; ++i) many.emplace_back("k" + std::to_string(i), "v");
  EXPECT_S3(CheckTags(many, 10), "InvalidTag");
  EXPECT_OK(CheckTags(many, 11));
}

}  // namespace
}  // namespace pbfs::s3
