#include "libs/model/hlc_clock.h"

#include <set>

#include "libs/base/testing.h"

namespace pbfs {
namespace {

constexpr int64_t kMillis = 1'700'000'000'000;

TEST(HlcClockTest, CounterStartsAtTheFractionOfTheMillisecond) {
  ManualClock clock(kMillis * 1000 + 500);
  EXPECT_EQ(HlcClock(clock).Next(), HlcFromMillis(kMillis) + 32768);
}

TEST(HlcClockTest, NeverGivesTheSameTwice) {
  ManualClock clock(kMillis * 1000);
  HlcClock hlc(clock);
  std::set<Hlc> seen;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(seen.insert(hlc.Next()).second);
    if (i % 7 == 0) clock.Advance(i % 3 == 0 ? -500 : 300);
  }
  EXPECT_EQ(hlc.Seen(), *seen.rbegin());
}

TEST(HlcClockTest, ExceedsEverythingObserved) {
  ManualClock clock(kMillis * 1000);
  HlcClock hlc(clock);
  const Hlc ahead = HlcFromMillis(kMillis + 5000);
  hlc.Observe(ahead);
  EXPECT_EQ(hlc.Next(), ahead + 1);
  hlc.Observe(ahead - 100);
  EXPECT_EQ(hlc.Next(), ahead + 2);
}

TEST(HlcClockTest, FollowsTheCatalogsClock) {
  ManualClock clock(kMillis * 1000);
  HlcClock hlc(clock);
  EXPECT_EQ(hlc.NowMillis(), kMillis);
  hlc.ObserveCatalogTime(kMillis - 60'000);
  EXPECT_LT(hlc.NowMillis(), kMillis - 1000);
  EXPECT_GE(hlc.NowMillis(), kMillis - 60'000);
  clock.Advance(int64_t{3600} * 1'000'000);  // a jump of the local clock
  EXPECT_LT(hlc.NowMillis(), kMillis);
  EXPECT_LT(hlc.Next(), HlcFromMillis(kMillis));
}

TEST(HlcClockTest, BelievesAnotherCatalogsClock) {
  ManualClock clock(kMillis * 1000);
  HlcClock hlc(clock);
  hlc.ObserveCatalogTime(kMillis + 60'000);
  hlc.ObserveCatalogTime(kMillis);
  EXPECT_LT(hlc.NowMillis(), kMillis + 30'000);
}

}  // namespace
}  // namespace pbfs
