#include "services/operator/quantity.h"

#include "libs/base/testing.h"

namespace pbfs::operators {
namespace {

// The right-hand side is what an API server answers for the left.
TEST(QuantityTest, EachAmountHasOneCanonicalText) {
  const std::pair<const char*, const char*> cases[] = {
      {"0", "0"},
      {"-0", "0"},
      {"0Gi", "0"},
      {"0e3", "0"},
      {"1", "1"},
      {"+1", "1"},
      {"-1", "-1"},
      {"007", "7"},
      {"1000m", "1"},
      {"500m", "500m"},
      {"0.5", "500m"},
      {".5", "500m"},
      {"5.", "5"},
      {"1500m", "1500m"},
      {"1000", "1k"},
      {"1500", "1500"},
      {"100000", "100k"},
      {"1000k", "1M"},
      {"1000000", "1M"},
      {"1E", "1E"},
      {"10Gi", "10Gi"},
      {"1024Mi", "1Gi"},
      {"1.5Gi", "1536Mi"},
      {"0.5Gi", "512Mi"},
      {"1024Ki", "1Mi"},
      {"1Ki", "1Ki"},
      {"0.5Ki", "512"},
      {"1023.5Ki", "1048064"},
      {"0.1Ki", "102400m"},
      {"1.0001Ki", "1024102400u"},
      {"7Ei", "7Ei"},
      {"-2Mi", "-2Mi"},
      {"1e3", "1e3"},
      {"1E3", "1e3"},
      {"1e+3", "1e3"},
      {"1e-3", "1e-3"},
      {"15e2", "1500"},
      {"1e4", "10e3"},
      {"10e0", "10"},
      {"1.5e3", "1500"},
      {"1n", "1n"},
      {"0.1n", "1n"},
      {"-0.1n", "-1n"},
      {"1e-12", "1e-9"},
      {"9223372036854775807", "9223372036854775807"},
      {"9223372036854775806.5", "9223372036854775806500m"},
      {"1.000000000000000000000000", "1"},
      {"1.00000000000000000001", "1000000001n"},
      {"9223372036854775806.123456789", "9223372036854775806123456789n"},
  };
  for (const auto& [text, canonical] : cases) {
    SCOPED_TRACE(text);
    ASSERT_OK_AND_ASSIGN(const Quantity quantity, Quantity::Parse(text));
    EXPECT_EQ(quantity.Canonical(), canonical);
    ASSERT_OK_AND_ASSIGN(const Quantity again, Quantity::Parse(canonical));
    EXPECT_EQ(again, quantity);
    EXPECT_EQ(again.Canonical(), canonical);
  }
}

TEST(QuantityTest, WhatIsNoQuantityIsRefused) {
  for (const char* text :
       {"",    "-",   "+",  ".",     "Gi",    "1gi",   "1 Gi",  " 1",   "1 ",   "1K", "1ki",
        "--1", "+-1", "1e", "1e1.5", "1e+-3", "1e--3", "1.2.3", "0x10", "1Gib", "e3", "1e99999999999",
        "NaN", "inf"}) {
    SCOPED_TRACE(text);
    EXPECT_CODE(Quantity::Parse(text), kInvalidArgument);
  }
}

TEST(QuantityTest, WhatIsTooLargeOrTooLongIsRefused) {
  for (const char* text : {"9223372036854775808", "8Ei", "10E", "1e19", "1e100000", "99999999999999999999Ei",
                           "123456789012345678901", "1.0000000000000000000000000001"}) {
    SCOPED_TRACE(text);
    EXPECT_CODE(Quantity::Parse(text), kInvalidArgument);
  }
}

TEST(QuantityTest, AmountsAreComparedWhateverTheirSuffix) {
  const auto of = [](const char* text) { return Quantity::Parse(text).value_or(Quantity()); };
  EXPECT_EQ(of("1Gi"), of("1024Mi"));
  EXPECT_EQ(of("1e3"), of("1k"));
  EXPECT_LT(of("1G"), of("1Gi"));
  EXPECT_LT(of("999m"), of("1"));
  EXPECT_LT(of("-1"), of("0"));
  EXPECT_GT(of("1Ti"), of("1023Gi"));
}

TEST(QuantityTest, ABytesFractionIsRoundedUp) {
  const auto bytes = [](const char* text) { return Quantity::Parse(text).value_or(Quantity()).Ceiling(); };
  EXPECT_EQ(bytes("100Mi"), 104857600);
  EXPECT_EQ(bytes("1500m"), 2);
  EXPECT_EQ(bytes("0"), 0);
  EXPECT_EQ(bytes("-1500m"), -1);
}

}  // namespace
}  // namespace pbfs::operators
