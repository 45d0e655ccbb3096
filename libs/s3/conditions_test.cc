#include "libs/s3/conditions.h"

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

// 2026-01-02 03:04:05.678: a date in a header has no milliseconds.
const Existing kObject{true, "abc", 1767323045678};
const Existing kNone{};
const std::string kThen = "Fri, 02 Jan 2026 03:04:05 GMT";
const std::string kBefore = "Fri, 02 Jan 2026 03:04:04 GMT";
const std::string kAfter = "Fri, 02 Jan 2026 03:04:06 GMT";

TEST(Conditions, ReadsFollowThePrecedenceOfHttp) {
  using enum Verdict;
  const std::pair<HttpFields, Verdict> cases[] = {
      {{}, kProceed},
      {{{"If-Match", "\"abc\""}}, kProceed},
      {{{"If-Match", "abc"}}, kProceed},
      {{{"If-Match", "*"}}, kProceed},
      {{{"If-Match", "\"x,y\", \"abc\""}}, kProceed},
      {{{"If-Match", "\"x\""}, {"If-Match", "\"abc\""}}, kProceed},
      {{{"If-Match", "\"x\""}}, kPreconditionFailed},
      {{{"If-Match", "\"x,abc\""}}, kPreconditionFailed},
      {{{"If-Match", "W/\"abc\""}}, kPreconditionFailed},
      {{{"If-Match", ""}}, kPreconditionFailed},
      {{{"If-Match", "\"abc"}}, kProceed},
      {{{"If-None-Match", "\"abc\""}}, kNotModified},
      {{{"If-None-Match", "W/\"abc\""}}, kNotModified},
      {{{"If-None-Match", "\"x\", W/\"abc\""}}, kNotModified},
      {{{"If-None-Match", "*"}}, kNotModified},
      {{{"If-None-Match", "\"x\""}}, kProceed},
      {{{"If-Modified-Since", kThen}}, kNotModified},
      {{{"If-Modified-Since", kAfter}}, kNotModified},
      {{{"If-Modified-Since", kBefore}}, kProceed},
      {{{"If-Modified-Since", "yesterday"}}, kProceed},
      {{{"If-Unmodified-Since", kThen}}, kProceed},
      {{{"If-Unmodified-Since", kBefore}}, kPreconditionFailed},
      {{{"If-Unmodified-Since", "yesterday"}}, kProceed},
      {{{"If-Match", "\"abc\""}, {"If-Unmodified-Since", kBefore}}, kProceed},
      {{{"If-Match", "\"x\""}, {"If-Unmodified-Since", kAfter}}, kPreconditionFailed},
      {{{"If-None-Match", "\"abc\""}, {"If-Modified-Since", kBefore}}, kNotModified},
      {{{"If-None-Match", "\"x\""}, {"If-Modified-Since", kAfter}}, kProceed},
      {{{"If-Match", "\"abc\""}, {"If-None-Match", "\"abc\""}}, kNotModified},
      {{{"If-Match", "\"x\""}, {"If-None-Match", "\"abc\""}}, kPreconditionFailed},
  };
  int row = 0;
  for (const auto& [fields, verdict] : cases) EXPECT_EQ(CheckRead(fields, kObject), verdict) << row++;
}

TEST(Conditions, CopySourcesFailWith412) {
  const std::pair<HttpFields, std::string> cases[] = {
      {{{"If-Match", "\"x\""}}, "OK"},  // that is about the destination
      {{{"x-amz-copy-source-if-match", "\"abc\""}, {"x-amz-copy-source-if-unmodified-since", kBefore}}, "OK"},
      {{{"x-amz-copy-source-if-match", "\"x\""}}, "PreconditionFailed"},
      {{{"x-amz-copy-source-if-none-match", "\"abc\""}}, "PreconditionFailed"},
      {{{"x-amz-copy-source-if-modified-since", kThen}}, "PreconditionFailed"},
      {{{"x-amz-copy-source-if-unmodified-since", kBefore}}, "PreconditionFailed"},
      {{{"x-amz-copy-source-if-modified-since", kBefore}}, "OK"},
  };
  for (const auto& [fields, code] : cases) EXPECT_S3(CheckCopySource(fields, kObject), code) << fields.begin()->first;
}

TEST(Conditions, Writes) {
  const HttpFields star{{"If-None-Match", "*"}};
  const HttpFields match{{"If-Match", "\"abc\""}};
  const HttpFields other{{"If-Match", "\"x\""}};
  EXPECT_OK(CheckWrite({}, kObject));
  EXPECT_OK(CheckWrite(star, kNone));
  EXPECT_S3(CheckWrite(star, kObject), "PreconditionFailed");
  EXPECT_OK(CheckWrite(match, kObject));
  EXPECT_S3(CheckWrite(other, kObject), "PreconditionFailed");
  EXPECT_S3(CheckWrite(match, kNone), "NoSuchKey");
  EXPECT_S3(CheckWrite({{"If-None-Match", "\"abc\""}}, kNone), "NotImplemented");
  EXPECT_OK(CheckDelete(match, kObject));
  EXPECT_S3(CheckDelete(other, kObject), "PreconditionFailed");
  EXPECT_S3(CheckDelete(match, kNone), "NoSuchKey");
  EXPECT_FALSE(HasWriteConditions({{"If-Modified-Since", kThen}}));
  EXPECT_TRUE(HasWriteConditions(star));
}

TEST(Conditions, Patches) {
  EXPECT_OK(CheckPatch({{"If-Match", "\"abc\""}}, kObject));
  EXPECT_S3(CheckPatch({{"If-Match", "\"x\""}}, kObject), "PreconditionFailed");
  EXPECT_OK(CheckPatch({{"If-Unmodified-Since", kThen}}, kObject));
  EXPECT_S3(CheckPatch({{"If-Unmodified-Since", kBefore}}, kObject), "PreconditionFailed");
  EXPECT_OK(CheckPatch({{"If-None-Match", "\"x\""}}, kObject));
  EXPECT_S3(CheckPatch({{"If-None-Match", "\"abc\""}}, kObject), "PreconditionFailed");
  EXPECT_S3(CheckPatch({{"If-None-Match", "*"}}, kObject), "PreconditionFailed");
  EXPECT_OK(CheckPatch({{"If-None-Match", "*"}}, kNone));
  EXPECT_S3(CheckPatch({{"If-Match", "\"abc\""}, {"If-None-Match", "\"abc\""}}, kObject), "PreconditionFailed");
}

TEST(Conditions, Quotes) {
  EXPECT_EQ(Quoted("a"), "\"a\"");
  EXPECT_EQ(WithoutQuotes("\"a\""), "a");
  EXPECT_EQ(WithoutQuotes("a"), "a");
  EXPECT_EQ(WithoutQuotes("\""), "\"");
}

}  // namespace
}  // namespace pbfs::s3
