#include "services/catalog/thaws.h"

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"

namespace pbfs::catalog {
namespace {

constexpr Duration kPeriod = std::chrono::seconds(5);

class FakeTimelines final : public Timelines {
 public:
  Result<State> Load(const Context&) override {
    if (!available) return UnavailableError("no primary");
    return state;
  }
  Status Thaw(const Context&, int32_t from, int32_t to) override {
    if (state.thawed != from || state.now.timeline != to) return AbortedError("changed");
    state.thawed = to;
    return OkStatus();
  }
  State state{1, {"system", 1, 100}};
  bool available = true;
};

class FakeManager final : public FailoverManager {
 public:
  Status Remember(const Context&, const WalPosition& at) override {
    remembered = at;
    return OkStatus();
  }
  Status Vouch(const Context&, int32_t thawed, const WalPosition&) override {
    const bool known = remembered && remembered->timeline == thawed;
    return vouches && known ? OkStatus() : FailedPreconditionError("it was no synchronous standby");
  }
  std::optional<WalPosition> remembered;
  bool vouches = true;
};

class ThawsTest : public testing::Test {
 protected:
  void Run(const std::function<void()>& body) {
    SimulatedScheduler(TestSeed()).Run([&] {
      const Thaws thaws(timelines_, manager_, kPeriod);
      body();
    });
  }
  void Promote(int32_t timeline) { timelines_.state.now = {"system", timeline, timelines_.state.now.lsn + 100}; }

  FakeTimelines timelines_;
  FakeManager manager_;
};

TEST_F(ThawsTest, ThawsWhatTheManagerVouchesFor) {
  Run([&] {
    SleepFor(2 * kPeriod);
    EXPECT_EQ(manager_.remembered, timelines_.state.now);
    Promote(2);
    SleepFor(2 * kPeriod);
    EXPECT_EQ(timelines_.state.thawed, 2);
    EXPECT_EQ(manager_.remembered, timelines_.state.now);
  });
}

TEST_F(ThawsTest, StaysFrozenWithoutItsWordUntilAPersonThaws) {
  manager_.vouches = false;
  Run([&] {
    SleepFor(2 * kPeriod);
    Promote(2);
    SleepFor(10 * kPeriod);
    EXPECT_EQ(timelines_.state.thawed, 1);
    EXPECT_EQ(manager_.remembered->timeline, 1);
    timelines_.state.thawed = 2;
    SleepFor(2 * kPeriod);
    EXPECT_EQ(manager_.remembered->timeline, 2);
  });
}

TEST_F(ThawsTest, GoesOnWhenThereIsAPrimaryAgain) {
  Run([&] {
    SleepFor(2 * kPeriod);
    timelines_.available = false;
    SleepFor(4 * kPeriod);
    Promote(3);
    timelines_.available = true;
    SleepFor(2 * kPeriod);
    EXPECT_EQ(timelines_.state.thawed, 3);
  });
}

}  // namespace
}  // namespace pbfs::catalog
