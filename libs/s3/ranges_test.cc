#include "libs/s3/ranges.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

TEST(Ranges, ResolveToBytesOfTheObject) {
  struct Case {
    std::string header;
    int64_t size;
    ByteRange range;
  };
  const Case cases[] = {
      {"bytes=0-0", 10, {0, 1}},
      {"bytes=2-5", 10, {2, 6}},
      {"bytes=2-", 10, {2, 10}},
      {"bytes=-3", 10, {7, 10}},
      {"bytes=-30", 10, {0, 10}},
      {"bytes=9-9", 10, {9, 10}},
      {"bytes=5-99", 10, {5, 10}},
      {"Bytes=0-1", 10, {0, 2}},
      {"bytes=0-99999999999999999999999", 10, {0, 10}},
      {"bytes=-99999999999999999999999", 10, {0, 10}},
      {"bytes=0-9223372036854775807", 10, {0, 10}},
  };
  for (const Case& c : cases) {
    ASSERT_OK_AND_ASSIGN(const auto range, ResolveRange(c.header, c.size));
    EXPECT_EQ(range, c.range) << c.header;
  }
}

TEST(Ranges, OthersAskForEverything) {
  for (const std::string header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=0-1,3-4", "items=0-1", "bytes=0x1-2",
        "bytes=+1-2", "bytes=1--2", "0-1", "bytes=1", "bytes=1-2x"}) {
    ASSERT_OK_AND_ASSIGN(const auto range, ResolveRange(header, 10));
    EXPECT_EQ(range, std::nullopt) << header;
  }
}

TEST(Ranges, PastTheEndIsNotSatisfiable) {
  const std::pair<std::string, int64_t> cases[] = {
      {"bytes=10-", 10}, {"bytes=10-20", 10}, {"bytes=99999999999999999999-", 10},
      {"bytes=-0", 10},  {"bytes=0-", 0},     {"bytes=-5", 0}};
  for (const auto& [header, size] : cases) EXPECT_S3(ResolveRange(header, size), "InvalidRange") << header;
  EXPECT_EQ(ResolveRange("bytes=10-", 10).status().Detail("ActualObjectSize"), "10");
}

TEST(Ranges, ContentRanges) {
  EXPECT_EQ(ContentRange({2, 6}, 10), "bytes 2-5/10");
  EXPECT_EQ(UnsatisfiedRange(10), "bytes */10");
}

TEST(Ranges, CopyRangesAreExact) {
  EXPECT_EQ(*ResolveCopyRange("bytes=2-9", 10), (ByteRange{2, 10}));
  EXPECT_S3(ResolveCopyRange("bytes=2-10", 10), "InvalidRange");
  EXPECT_S3(ResolveCopyRange("bytes=0-99999999999999999999", 10), "InvalidRange");
  for (const std::string bad : {"", "bytes=2-", "bytes=-2", "2-9", "bytes=9-2", "bytes=0-1,2-3"}) {
    EXPECT_S3(ResolveCopyRange(bad, 10), "InvalidArgument") << bad;
  }
}

TEST(Ranges, PatchesSayWhereTheyGo) {
  struct Case {
    std::string header;
    int64_t body;
    ByteRange range;
  };
  const Case cases[] = {
      {"bytes 10-19/*", 10, {10, 20}},
      {"bytes 10-/*", 10, {10, 20}},
      {"bytes 0-0/*", 1, {0, 1}},
      {"bytes 10-19/5", 10, {10, 20}},
      {"bytes 10-19/99999999999999999999", 10, {10, 20}},
      {"bytes 8796093022207-8796093022207/*", 1, {kMaxObjectBytes - 1, kMaxObjectBytes}},
  };
  for (const Case& c : cases) {
    ASSERT_OK_AND_ASSIGN(const PatchRange patch, ParsePatchRange(c.header, c.body));
    EXPECT_EQ(patch.range, c.range) << c.header;
    EXPECT_EQ(patch.set_size, std::nullopt);
  }
  ASSERT_OK_AND_ASSIGN(const PatchRange cut, ParsePatchRange("bytes */100", 0));
  EXPECT_EQ(cut.set_size, 100);
}

TEST(Ranges, WrongPatchesAreRefused) {
  struct Case {
    std::string header;
    int64_t body;
    std::string code;
  };
  const Case cases[] = {
      {"", 1, "InvalidArgument"},
      {"bytes", 1, "InvalidArgument"},
      {"bytes 0-0", 1, "InvalidArgument"},
      {"bytes=0-0/*", 1, "InvalidArgument"},
      {"items 0-0/*", 1, "InvalidArgument"},
      {"bytes -5/*", 5, "InvalidArgument"},
      {"bytes 5-4/*", 1, "InvalidArgument"},
      {"bytes 0-0/x", 1, "InvalidArgument"},
      {"bytes 0-0/", 1, "InvalidArgument"},
      {"bytes 0-9/*", 9, "InvalidArgument"},
      {"bytes 0-8/*", 10, "InvalidArgument"},
      {"bytes 0-/*", 0, "InvalidArgument"},
      {"bytes */*", 0, "InvalidArgument"},
      {"bytes */100", 1, "InvalidArgument"},
      {"bytes */8796093022208", 0, "EntityTooLarge"},
      {"bytes 8796093022208-/*", 1, "EntityTooLarge"},
      {"bytes 9223372036854775807-/*", 1, "EntityTooLarge"},
      {"bytes 99999999999999999999-/*", 1, "EntityTooLarge"},
      {"bytes 0-/*", kMaxWriteBytes + 1, "EntityTooLarge"},
  };
  for (const Case& c : cases) EXPECT_S3(ParsePatchRange(c.header, c.body), c.code) << c.header << " " << c.body;
}

TEST(Ranges, APatchBeginsAtTheEndAtMost) {
  EXPECT_OK(CheckPatchStart({{10, 20}, {}}, 10));
  EXPECT_S3(CheckPatchStart({{11, 20}, {}}, 10), "InvalidRange");
  EXPECT_OK(CheckPatchStart({{11, 11}, 11}, 10));
}

TEST(Ranges, WriteOffsets) {
  EXPECT_EQ(*ParseWriteOffset("123"), 123);
  for (const std::string bad : {"", "-1", "1x", "99999999999999999999"}) {
    EXPECT_S3(ParseWriteOffset(bad), "InvalidArgument") << bad;
  }
}

}  // namespace
}  // namespace pbfs::s3
