#include "libs/adapters/kube/lease_view.h"

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// In virtual time.
class LeaseViewTest : public testing::Test {
 protected:
  static void InVirtualTime(const std::function<void()>& run) { SimulatedScheduler(TestSeed()).Run(run); }
  static LeaseRecord Record(const std::string& key, int renewal, const std::string& holder = "a") {
    return {{key, holder, "v"}, seconds(30), holder + std::to_string(renewal)};
  }
  /// Answers of the server, once a second.
  void Look(Duration time, const std::vector<LeaseRecord>& records) {
    for (Duration passed{}; passed < time; passed += seconds(1)) {
      SleepFor(seconds(1));
      view_.SawAll("", records);
    }
  }
  LeaseView view_;
};

TEST_F(LeaseViewTest, ALeaseLivesForItsDurationAfterItsLastChange) {
  InVirtualTime([&] {
    view_.SawAll("", {Record("s/1", 1)});
    Look(seconds(29), {Record("s/1", 1)});
    EXPECT_TRUE(view_.IsLive("s/1"));
    view_.Saw(Record("s/1", 2));
    Look(seconds(29), {Record("s/1", 2)});
    EXPECT_TRUE(view_.IsLive("s/1"));
    Look(seconds(1), {Record("s/1", 2)});
    EXPECT_FALSE(view_.IsLive("s/1"));
    view_.Saw(Record("s/1", 3));
    EXPECT_TRUE(view_.IsLive("s/1"));
  });
}

TEST_F(LeaseViewTest, WhoSeesALeaseForTheFirstTimeBelievesInIt) {
  InVirtualTime([&] {
    Look(seconds(100), {});
    EXPECT_EQ(view_.SawAll("", {Record("s/1", 1)}), (std::vector<LeaseInfo>{{"s/1", "a", "v"}}));
  });
}

TEST_F(LeaseViewTest, NobodyExpiresWhileTheCoordinatorIsAway) {
  InVirtualTime([&] {
    view_.SawAll("", {Record("s/1", 1)});
    Look(seconds(15), {Record("s/1", 1)});
    view_.LostContact(UnavailableError("away"));
    SleepFor(std::chrono::hours(10));
    EXPECT_EQ(view_.SawAll("", {Record("s/1", 1)}).size(), 1u);
    Look(seconds(14), {Record("s/1", 1)});
    EXPECT_TRUE(view_.IsLive("s/1"));
    Look(seconds(1), {Record("s/1", 1)});
    EXPECT_FALSE(view_.IsLive("s/1"));
  });
}

TEST_F(LeaseViewTest, ASilenceThatNobodyNoticedCountsForAThirdAtMost) {
  InVirtualTime([&] {
    view_.SawAll("", {Record("s/1", 1)});
    SleepFor(std::chrono::hours(10));
    EXPECT_EQ(view_.SawAll("", {Record("s/1", 1)}).size(), 1u);
    Look(seconds(19), {Record("s/1", 1)});
    EXPECT_TRUE(view_.IsLive("s/1"));
    Look(seconds(1), {Record("s/1", 1)});
    EXPECT_FALSE(view_.IsLive("s/1"));
  });
}

TEST_F(LeaseViewTest, RenewalsAreNoChangeAndEverythingElseIs) {
  InVirtualTime([&] {
    view_.Saw(Record("s/1", 1));
    int64_t revision = view_.Revision("s/");
    view_.Saw(Record("s/1", 2));
    view_.Saw(Record("t/1", 1));
    EXPECT_EQ(view_.Revision("s/"), revision);
    const auto expect_change = [&] {
      EXPECT_GT(view_.Revision("s/"), revision);
      revision = view_.Revision("s/");
    };
    view_.Saw(Record("s/1", 3, "b")), expect_change();
    view_.Saw({{"s/1", "b", "w"}, seconds(30), "4"}), expect_change();
    view_.Saw(Record("s/2", 1)), expect_change();
    view_.SawDeleted("s/2"), expect_change();
    view_.SawAll("s/", {}), expect_change();
    EXPECT_TRUE(view_.IsLive("t/1"));  // not under the prefix
    view_.SawDeleted("s/1");
    EXPECT_EQ(view_.Revision("s/"), revision);
  });
}

TEST_F(LeaseViewTest, AnEmptyHolderIsNobody) {
  InVirtualTime([&] {
    EXPECT_TRUE(view_.SawAll("", {Record("s/1", 1, "")}).empty());
    EXPECT_FALSE(view_.IsLive("s/1"));
  });
}

TEST_F(LeaseViewTest, AwaitWakesForAChangeForAQuietServerAndForItsLoss) {
  InVirtualTime([&] {
    view_.Saw(Record("s/1", 1));
    const int64_t revision = view_.Revision("s/");
    EXPECT_CODE(view_.Await(Context::WithTimeout(seconds(9)), "s/", revision), kDeadlineExceeded);
    EXPECT_EQ(*view_.Await(Context::WithTimeout(seconds(2)), "s/", revision), LeaseView::Wake::kQuiet);
    view_.SawContact();
    EXPECT_CODE(view_.Await(Context::WithTimeout(seconds(9)), "s/", revision), kDeadlineExceeded);
    Thread change("change", [&] {
      SleepFor(milliseconds(1));
      view_.Saw(Record("s/2", 1));
    });
    EXPECT_EQ(*view_.Await(Context::WithTimeout(seconds(1)), "s/", revision), LeaseView::Wake::kChanged);
    view_.LostContact(UnavailableError("away"));
    EXPECT_CODE(view_.Await(Context::WithTimeout(seconds(60)), "s/", view_.Revision("s/")), kUnavailable);
  });
}

}  // namespace
}  // namespace pbfs::kube
