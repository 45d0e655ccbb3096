#include "libs/catalog/map_cache.h"

#include <functional>
#include <vector>

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A catalog that takes 100 ms for an answer, and is silent when it has nothing newer.
class SlowGroups final : public Groups {
 public:
  Result<ClusterMap> WatchMap(const Context& context, int64_t newer_than) override {
    asked.push_back(newer_than);
    SleepFor(milliseconds(100));
    if (!status.ok()) return status;
    if (map.version > newer_than) return map;
    SleepUntil(context.deadline());
    return DeadlineExceededError("nothing newer");
  }
  Status PutStore(const Context&, const StoreInfo&) override { return OkStatus(); }

  ClusterMap map;
  Status status;
  std::vector<int64_t> asked;
};

void InVirtualTime(const std::function<void()>& body) { SimulatedScheduler(TestSeed()).Run(body); }

// The version that it answers with; at_once: and no time may pass until then.
int64_t Version(MapCache& cache, bool at_once = true) {
  const MonotonicTime before = MonotonicNow();
  const auto map = cache.Get(TestContext());
  EXPECT_OK(map.status());
  EXPECT_EQ(MonotonicNow() == before, at_once);
  return map.ok() ? (*map)->version : -1;
}

void WithVersion7(const std::function<void(SlowGroups&, MapCache&)>& body) {
  InVirtualTime([&body] {
    SlowGroups groups;
    groups.map.version = 7;
    MapCache cache(groups);
    EXPECT_EQ(Version(cache, false), 7);
    body(groups, cache);
  });
}

TEST(MapCache, NobodyWaitsForANewerMapWhileThereIsOne) {
  WithVersion7([](SlowGroups& groups, MapCache& cache) {
    groups.map.version = 8;
    SleepFor(seconds(2));
    EXPECT_EQ(Version(cache), 7);
    SleepFor(seconds(2));
    EXPECT_EQ(Version(cache), 7);  // and somebody asks
    SleepFor(milliseconds(200));
    EXPECT_EQ(Version(cache), 8);
    EXPECT_EQ(groups.asked, (std::vector<int64_t>{-1, 7}));
  });
}

TEST(MapCache, AnUnchangedMapIsNotSentAgain) {
  WithVersion7([](SlowGroups& groups, MapCache& cache) {
    for (int i = 0; i < 100; ++i) {
      SleepFor(milliseconds(200));
      EXPECT_EQ(Version(cache), 7);
    }
    EXPECT_EQ(groups.asked.front(), -1);
    EXPECT_THAT(groups.asked, testing::SizeIs(testing::AllOf(testing::Ge(4u), testing::Le(7u))));
    for (size_t i = 1; i < groups.asked.size(); ++i) EXPECT_EQ(groups.asked[i], 7);
  });
}

TEST(MapCache, WhoWasIdleForLongWaits) {
  WithVersion7([](SlowGroups& groups, MapCache& cache) {
    groups.map.version = 8;
    SleepFor(seconds(60));
    EXPECT_EQ(Version(cache, false), 8);
  });
}

TEST(MapCache, OnlyOneWaitsWhereAnOldMapWillDo) {
  WithVersion7([](SlowGroups&, MapCache& cache) {
    SleepFor(seconds(60));
    const Thread first("first", [&] { EXPECT_EQ(Version(cache, false), 7); });
    SleepFor(milliseconds(50));
    EXPECT_EQ(Version(cache), 7);
  });
}

TEST(MapCache, AForgottenMapIsAskedForWhileTheCatalogIsAskedForANewerOne) {
  WithVersion7([](SlowGroups& groups, MapCache& cache) {
    SleepFor(seconds(4));
    EXPECT_EQ(Version(cache), 7);  // asks in the background, and waits there
    SleepFor(milliseconds(50));
    cache.Invalidate();
    SleepFor(seconds(1));
    EXPECT_EQ(Version(cache, false), 7);
    EXPECT_EQ(groups.asked, (std::vector<int64_t>{-1, 7, -1}));
  });
}

// A catalog was restored from a backup: its map is older than one that it has shown.
TEST(MapCache, AMapFromTheFutureIsKeptUntilItIsForgotten) {
  WithVersion7([](SlowGroups& groups, MapCache& cache) {
    groups.map.version = 5;
    SleepFor(seconds(10));
    EXPECT_EQ(Version(cache), 7);
    SleepFor(seconds(1));
    cache.Invalidate();
    EXPECT_EQ(Version(cache, false), 5);
    EXPECT_EQ(Version(cache), 5);
  });
}

TEST(MapCache, AnOldMapIsBetterThanNone) {
  InVirtualTime([] {
    SlowGroups groups;
    groups.status = UnavailableError("all catalogs are away");
    MapCache cache(groups);
    EXPECT_CODE(cache.Get(TestContext()), kUnavailable);
    EXPECT_EQ(cache.Last(), nullptr);
    groups.status = OkStatus();
    groups.map.version = 7;
    EXPECT_EQ(Version(cache, false), 7);
    groups.status = UnavailableError("all catalogs are away");
    SleepFor(seconds(60));
    EXPECT_EQ(Version(cache, false), 7);
    EXPECT_EQ(Version(cache), 7);  // only one waits for a catalog that is away
    cache.Invalidate();
    EXPECT_EQ(Version(cache, false), 7);
    EXPECT_EQ(Version(cache), 7);
  });
}

}  // namespace
}  // namespace pbfs
