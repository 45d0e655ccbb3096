#include "libs/s3/text.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

TEST(Text, TrimSplitAndNumbers) {
  EXPECT_EQ(Trim(" \t a b\t"), "a b");
  EXPECT_EQ(Trim(" "), "");
  EXPECT_THAT(Split("a,,b,", ','), testing::ElementsAre("a", "", "b", ""));
  EXPECT_THAT(Split("", ','), testing::ElementsAre(""));
  EXPECT_EQ(ParseNumber("007"), 7);
  EXPECT_EQ(ParseNumber("999999999999999999"), 999'999'999'999'999'999);
  for (const std::string bad : {"", "-1", "+1", " 1", "1 ", "1x", "1000000000000000000"}) {
    EXPECT_EQ(ParseNumber(bad), std::nullopt) << bad;
  }
}

TEST(Text, WildcardsMatchTheWholeText) {
  EXPECT_TRUE(WildcardMatch("*", ""));
  EXPECT_TRUE(WildcardMatch("a*c*e", "abcde"));
  EXPECT_TRUE(WildcardMatch("a*bc", "abcbc"));
  EXPECT_TRUE(WildcardMatch("a?c", "abc"));
  EXPECT_FALSE(WildcardMatch("a?c", "abc", false));
  EXPECT_TRUE(WildcardMatch("a?c", "a?c", false));
  EXPECT_FALSE(WildcardMatch("a*c", "abcd"));
  EXPECT_FALSE(WildcardMatch("", "a"));
  EXPECT_FALSE(WildcardMatch("a?", "a"));
  EXPECT_TRUE(WildcardMatch("", ""));
}

}  // namespace
}  // namespace pbfs::s3
