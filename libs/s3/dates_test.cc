#include "libs/s3/dates.h"

#include "libs/base/testing.h"

namespace pbfs::s3 {
namespace {

constexpr int64_t kTime = 1767323045678;  // 2026-01-02 03:04:05.678 UTC, a Friday

TEST(Dates, PrintTheThreeForms) {
  EXPECT_EQ(HttpDate(kTime), "Fri, 02 Jan 2026 03:04:05 GMT");
  EXPECT_EQ(IsoDate(kTime), "2026-01-02T03:04:05.678Z");
  EXPECT_EQ(AmzDate(kTime), "20260102T030405Z");
  EXPECT_EQ(IsoDate(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(IsoDate(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(HttpDate(951782400000), "Tue, 29 Feb 2000 00:00:00 GMT");
}

TEST(Dates, ParseWhatTheyPrint) {
  for (const int64_t time : {int64_t{0}, kTime, int64_t{951782400000}, int64_t{4102444799999}, int64_t{-86400001}}) {
    int64_t seconds = time / 1000 * 1000;
    if (seconds > time) seconds -= 1000;
    EXPECT_EQ(ParseHttpDate(HttpDate(time)), seconds);
    EXPECT_EQ(ParseAmzDate(AmzDate(time)), seconds);
    EXPECT_EQ(ParseIsoDate(IsoDate(time)), time);
  }
}

TEST(Dates, HttpDatesHaveTwoOldForms) {
  EXPECT_EQ(ParseHttpDate("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777000);
  EXPECT_EQ(ParseHttpDate("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777000);
  EXPECT_EQ(ParseHttpDate("Sun Nov  6 08:49:37 1994"), 784111777000);
  EXPECT_EQ(ParseHttpDate("Wed Nov 16 08:49:37 1994"), 784975777000);
}

TEST(Dates, IsoDatesHaveFractionsOffsetsOrNoTime) {
  EXPECT_EQ(ParseIsoDate("2026-01-02T03:04:05Z"), 1767323045000);
  EXPECT_EQ(ParseIsoDate("2026-01-02T03:04:05.6Z"), 1767323045600);
  EXPECT_EQ(ParseIsoDate("2026-01-02T03:04:05.678999999999999999999Z"), kTime);
  EXPECT_EQ(ParseIsoDate("2026-01-02T04:34:05+01:30"), 1767323045000);
  EXPECT_EQ(ParseIsoDate("2026-01-01T22:04:05-05:00"), 1767323045000);
  EXPECT_EQ(ParseIsoDate("2026-01-02"), 1767312000000);
}

TEST(Dates, WrongOnesAreNone) {
  for (const std::string bad :
       {"", "x", "Fri, 30 Feb 2026 03:04:05 GMT", "Fri, 02 Jan 2026 24:04:05 GMT", "Fri, 02 Jan 2026 03:04:05 CET",
        "Fri, 2 Jan 2026 03:04:05 GMT", "Fri, 02 Jan 2026 03:04:05 GMT ", "Fri, 02 Foo 2026 03:04:05 GMT"}) {
    EXPECT_EQ(ParseHttpDate(bad), std::nullopt) << bad;
  }
  for (const std::string bad : {"", "2026-13-01", "2026-00-01", "2026-01-02T03:04:05", "2026-01-02T03:04:05.Z",
                                "2026-01-02T03:60:05Z", "2026-1-2", "2026-01-02T03:04:05Zx",
                                "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:60Z", "2026-01-02 03:04:05Z"}) {
    EXPECT_EQ(ParseIsoDate(bad), std::nullopt) << bad;
  }
  for (const std::string bad : {"", "20260102", "20260102T030405", "20260231T030405Z", "2026-01-02T030405Z"}) {
    EXPECT_EQ(ParseAmzDate(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace pbfs::s3
