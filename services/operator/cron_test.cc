#include "services/operator/cron.h"

#include "libs/base/testing.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

std::string Before(const std::string& schedule, const std::string& time) {
  const auto parsed = CronSchedule::Parse(schedule);
  if (!parsed.ok()) return parsed.status().message();
  const auto before = parsed->Before(SecondsOfTime(time));
  return before ? TimeText(*before * 1'000'000) : "never";
}

TEST(CronTest, TheTimeBeforeIsTheLastOneOfTheSchedule) {
  EXPECT_EQ(Before("* * * * *", "2026-03-01T00:00:00Z"), "2026-02-28T23:59:00Z");
  EXPECT_EQ(Before("* * * * *", "2026-03-01T00:00:01Z"), "2026-03-01T00:00:00Z");
  EXPECT_EQ(Before("15 3 * * *", "2026-03-01T03:15:00Z"), "2026-02-28T03:15:00Z");
  EXPECT_EQ(Before("15 3 * * *", "2026-03-01T03:16:00Z"), "2026-03-01T03:15:00Z");
  EXPECT_EQ(Before("*/20 4-5 * * *", "2026-03-01T12:00:00Z"), "2026-03-01T05:40:00Z");
  EXPECT_EQ(Before("5/20 0 * * *", "2026-03-01T12:00:00Z"), "2026-03-01T00:45:00Z");
  EXPECT_EQ(Before("0,30 1,22 * * *", "2026-03-01T12:00:00Z"), "2026-03-01T01:30:00Z");
  EXPECT_EQ(Before("@hourly", "2026-03-01T12:00:00Z"), "2026-03-01T11:00:00Z");
}

TEST(CronTest, DaysOfTheWeekAndOfTheMonth) {
  EXPECT_EQ(Before("0 0 * * 0", "2026-03-04T00:00:00Z"), "2026-03-01T00:00:00Z");  // a Sunday
  EXPECT_EQ(Before("0 0 * * 7", "2026-03-04T00:00:00Z"), "2026-03-01T00:00:00Z");
  EXPECT_EQ(Before("0 0 * * 1-5", "2026-03-02T00:00:00Z"), "2026-02-27T00:00:00Z");
  EXPECT_EQ(Before("0 0 31 * *", "2026-03-04T00:00:00Z"), "2026-01-31T00:00:00Z");
  EXPECT_EQ(Before("0 0 29 2 *", "2026-03-04T00:00:00Z"), "2024-02-29T00:00:00Z");
  EXPECT_EQ(Before("0 0 30 2 *", "2026-03-04T00:00:00Z"), "never");
  EXPECT_EQ(Before("0 0 15 * 1", "2026-03-20T00:00:00Z"), "2026-03-16T00:00:00Z") << "either day will do";
  EXPECT_EQ(Before("0 0 15 * 1", "2026-03-16T00:00:00Z"), "2026-03-15T00:00:00Z") << "either day will do";
}

TEST(CronTest, WhatIsNoScheduleIsRefusedWithWhatToWrite) {
  for (const char* text : {"", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *",
                           "* * * * 8", "a * * * *", "*/0 * * * *", "5-1 * * * *", "1, * * * *", "- * * * *",
                           "1--3 * * * *", "*/ * * * *", "@reboot", "TZ=UTC 0 0 * * *", "99999999999 * * * *"})
    EXPECT_FALSE(CronSchedule::Parse(text).ok()) << text;
  EXPECT_EQ(CronSchedule::Parse("0 25 * * *").status().message(),
            "its hour must be *, or numbers from 0 to 23, ranges and steps of them");
}

}  // namespace
}  // namespace pbfs::operators
