#include "libs/client/store_latency.h"

#include "libs/base/testing.h"

namespace pbfs {
namespace {

using std::chrono::milliseconds;
constexpr StoreId kStore{1};
constexpr int64_t kSmall = 4096, kLarge = 1 << 20;

void Record(StoreLatency& latency, int64_t bytes, int count, milliseconds took) {
  for (int i = 0; i < count; ++i) latency.Record(kStore, bytes, took);
}

TEST(StoreLatency, AStoreOfWhichLittleIsKnownHasAHundredMilliseconds) {
  StoreLatency latency;
  EXPECT_EQ(latency.LateAfter(kStore, kSmall), milliseconds(100));
  Record(latency, kSmall, 19, milliseconds(20));
  EXPECT_EQ(latency.LateAfter(kStore, kSmall), milliseconds(100));
}

TEST(StoreLatency, FollowsTheSlowestTwentieth) {
  StoreLatency latency;
  Record(latency, kSmall, 58, milliseconds(20));
  Record(latency, kSmall, 2, milliseconds(300));
  EXPECT_EQ(latency.LateAfter(kStore, kSmall), milliseconds(20));
  Record(latency, kSmall, 4, milliseconds(300));
  EXPECT_EQ(latency.LateAfter(kStore, kSmall), milliseconds(300));
}

TEST(StoreLatency, ForgetsWhatIsLongAgo) {
  StoreLatency latency;
  Record(latency, kSmall, 100, milliseconds(400));
  Record(latency, kSmall, 64, milliseconds(30));
  EXPECT_EQ(latency.LateAfter(kStore, kSmall), milliseconds(30));
}

TEST(StoreLatency, StaysWithinBounds) {
  StoreLatency latency;
  Record(latency, kSmall, 64, milliseconds(1));
  EXPECT_EQ(latency.LateAfter(kStore, kSmall), milliseconds(10));
  Record(latency, kSmall, 64, milliseconds(9000));
  EXPECT_EQ(latency.LateAfter(kStore, kSmall), milliseconds(1000));
}

TEST(StoreLatency, LargeCallsAndOtherStoresCountForThemselves) {
  StoreLatency latency;
  Record(latency, kLarge, 64, milliseconds(250));
  EXPECT_EQ(latency.LateAfter(kStore, kLarge), milliseconds(250));
  EXPECT_EQ(latency.LateAfter(kStore, kSmall), milliseconds(100));
  EXPECT_EQ(latency.LateAfter(StoreId{2}, kLarge), milliseconds(100));
}

}  // namespace
}  // namespace pbfs
