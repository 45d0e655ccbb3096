#include "tools/pbfs/units.h"

#include "libs/base/testing.h"

namespace pbfs::cli {
namespace {

TEST(ParseSize, TakesBytesAndUnits) {
  EXPECT_EQ(*ParseSize("0"), 0);
  EXPECT_EQ(*ParseSize("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(*ParseSize("64Ki"), 65536);
  EXPECT_EQ(*ParseSize("64k"), 65536);
  EXPECT_EQ(*ParseSize("1.5M"), 1572864);
  EXPECT_EQ(*ParseSize("2GiB"), int64_t{2} << 30);
  EXPECT_EQ(*ParseSize("10MB"), 10'000'000);
  EXPECT_EQ(*ParseSize("12B"), 12);
}

TEST(ParseSize, RefusesTheRest) {
  for (const char* bad : {"", "-1", "K", "1X", "1KK", "1e3", "nan", "inf", "0x10", " 1", "1 ", "1.2.3",
                          "9223372036854775808", "1e30", "99999999999T", "1Kib"}) {
    SCOPED_TRACE(bad);
    EXPECT_CODE(ParseSize(bad), kInvalidArgument);
  }
}

TEST(ParseRange, FirstAndLastAreIncluded) {
  using Range = std::pair<int64_t, int64_t>;
  EXPECT_EQ(*ParseRange("0-99", 1000), (Range{0, 100}));
  EXPECT_EQ(*ParseRange("100-", 1000), (Range{100, 1000}));
  EXPECT_EQ(*ParseRange("-50", 1000), (Range{950, 1000}));
  EXPECT_EQ(*ParseRange("-5000", 1000), (Range{0, 1000}));
  EXPECT_EQ(*ParseRange("10+20", 1000), (Range{10, 30}));
  EXPECT_EQ(*ParseRange("990-2000", 1000), (Range{990, 1000}));
  EXPECT_EQ(*ParseRange("0-", 0), (Range{0, 0}));
}

TEST(ParseRange, RefusesTheRest) {
  for (const char* bad :
       {"", "-", "5", "9-5", "a-b", "1--2", "1+", "+", "0-9223372036854775807", "9223372036854775807+9"})
    EXPECT_FALSE(ParseRange(bad, 1000).ok()) << bad;
  EXPECT_CODE(ParseRange("1000-", 1000), kOutOfRange);
  EXPECT_CODE(ParseRange("2000+5", 1000), kOutOfRange);
}

TEST(ParseDuration, TakesUnits) {
  EXPECT_EQ(ParseDuration("500ms")->count(), 500);
  EXPECT_EQ(ParseDuration("1.5s")->count(), 1500);
  EXPECT_EQ(ParseDuration("90")->count(), 90'000);
  EXPECT_EQ(ParseDuration("7d")->count(), 7 * 86'400'000);
  for (const char* bad : {"", "s", "1y", "-1s", "1e99d"}) EXPECT_CODE(ParseDuration(bad), kInvalidArgument);
}

TEST(ParseTime, TakesDatesEpochsAndAgo) {
  EXPECT_EQ(*ParseTime("2026-01-31T12:00:00Z", 0), 1769860800000);
  EXPECT_EQ(*ParseTime("2026-01-31 12:00:00", 0), 1769860800000);
  EXPECT_EQ(*ParseTime("2026-01-31", 0), 1769817600000);
  EXPECT_EQ(*ParseTime("@1769860800", 0), 1769860800000);
  EXPECT_EQ(*ParseTime("15m", 1'000'000), 100'000);
  for (const char* bad : {"", "yesterday", "2026-13-01", "@x", "2026-01-31T12:00:00Zjunk"})
    EXPECT_CODE(ParseTime(bad, 0), kInvalidArgument);
}

TEST(Format, ReadsWell) {
  EXPECT_EQ(FormatSize(0), "0 B");
  EXPECT_EQ(FormatSize(1023), "1023 B");
  EXPECT_EQ(FormatSize(1024), "1.0 KiB");
  EXPECT_EQ(FormatSize(1048575), "1.0 MiB");
  EXPECT_EQ(FormatSize(int64_t{3} << 29), "1.5 GiB");
  EXPECT_EQ(FormatSize(INT64_MAX), "8.0 EiB");
  EXPECT_EQ(FormatRate(1 << 20, std::chrono::milliseconds(500)), "2.0 MiB/s");
  EXPECT_EQ(FormatRate(5, Duration::zero()), "- B/s");
  EXPECT_EQ(FormatClock(std::chrono::seconds(7)), "0:07");
  EXPECT_EQ(FormatClock(std::chrono::seconds(3723)), "1:02:03");
  EXPECT_EQ(FormatLatency(std::chrono::microseconds(350)), "350 us");
  EXPECT_EQ(FormatLatency(std::chrono::microseconds(1250)), "1.25 ms");
  EXPECT_EQ(FormatTime(1769860800123), "2026-01-31T12:00:00.123Z");
}

TEST(Format, TimesReadBack) {
  for (const int64_t at : {int64_t{0}, int64_t{1769860800000}, int64_t{4102444800000}}) {
    std::string text = FormatTime(at);
    text.erase(text.find('.'), 4);
    EXPECT_EQ(*ParseTime(text, 0), at);
  }
}

}  // namespace
}  // namespace pbfs::cli
