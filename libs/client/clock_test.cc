// F22: a region that somebody wrote far ahead of time.
#include "libs/client/client.h"
#include "libs/client/testing/twin_site.h"

namespace pbfs {
namespace {

TEST(ClientClock, APoisonedRegionStaysWritableAndSpoilsNoOther) {
  ManualClock clock(1'800'000'000'000'000);
  TwinSite site(clock);
  BucketSettings settings;
  settings.name = "b";
  const auto first = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket bucket, first->CreateBucket(TestContext(), settings));
  ASSERT_OK_AND_ASSIGN(const Written healthy, bucket.Put(TestContext(), "healthy", Bytes(10, 1)));
  constexpr int64_t kHour = 3'600'000'000;
  clock.Advance(kHour);
  const auto early = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket ahead, early->OpenBucket(TestContext(), "b"));
  ASSERT_OK_AND_ASSIGN(const Written poisoned, ahead.Put(TestContext(), "poisoned", Bytes(10, 2)));
  clock.Advance(-kHour);

  const auto later = site.MakeClient();
  ASSERT_OK_AND_ASSIGN(Bucket now, later->OpenBucket(TestContext(), "b"));
  Bytes out(10);
  ASSERT_OK(now.Read(TestContext(), poisoned.object, 0, out));
  EXPECT_EQ(out, Bytes(10, 2));
  ASSERT_OK(now.Write(TestContext(), healthy.object, 0, Bytes(10, 3)));
  ASSERT_OK(now.Write(TestContext(), poisoned.object, 0, Bytes(10, 4)));
  ASSERT_OK(now.Write(TestContext(), healthy.object, 0, Bytes(10, 5)));
  ASSERT_OK(now.Read(TestContext(), poisoned.object, 0, out));
  EXPECT_EQ(out, Bytes(10, 4));
  ASSERT_OK(now.Read(TestContext(), healthy.object, 0, out));
  EXPECT_EQ(out, Bytes(10, 5));
}

}  // namespace
}  // namespace pbfs
