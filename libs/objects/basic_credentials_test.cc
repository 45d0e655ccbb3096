#include "libs/objects/basic_credentials.h"

#include "libs/base/testing.h"

namespace pbfs::objects {
namespace {

TEST(BasicCredentials, WhatIsFormattedIsParsed) {
  const auto parsed = ParseBasicCredentials(FormatBasicCredentials({"PBFS123", "a:secret:with:colons"}));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->id, "PBFS123");
  EXPECT_EQ(parsed->secret, "a:secret:with:colons");
}

TEST(BasicCredentials, TheExampleOfTheRfcIsParsed) {
  // RFC 7617, section 2.
  const auto parsed = ParseBasicCredentials("basic   QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->id, "Aladdin");
  EXPECT_EQ(parsed->secret, "open sesame");
}

TEST(BasicCredentials, WhatIsMalformedIsNone) {
  for (const char* text : {"", "Basic", "Basic ", "Basic ====", "Basic QWxhZGRpbg==", "Basic OnNlY3JldA==",
                           "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ== "})
    EXPECT_FALSE(ParseBasicCredentials(text).has_value()) << text;
  EXPECT_FALSE(ParseBasicCredentials("Basic " + std::string(4096, 'A')).has_value());
}

}  // namespace
}  // namespace pbfs::objects
