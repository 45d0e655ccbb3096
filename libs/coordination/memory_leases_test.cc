#include "libs/coordination/memory_leases.h"

#include "libs/base/simulated_scheduler.h"
#include "libs/coordination/lease_keeper.h"
#include "libs/coordination/leases_contract.h"

namespace pbfs {
namespace {

class MemoryFixture {
 public:
  Leases& leases() { return leases_; }
  Leases& other() { return leases_; }
  void SetAvailable(bool up) { leases_.SetAvailable(up); }
  Duration short_ttl() const { return std::chrono::milliseconds(50); }

 private:
  MemoryLeases leases_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, LeasesContract, MemoryFixture);

std::vector<LeaseInfo> ListAll(Leases& leases) { return *leases.List(Context(), ""); }

/// In virtual time: hours pass in microseconds, and nothing depends on the machine.
class LeaseKeeperTest : public testing::Test {
 protected:
  const LeaseInfo lease_{"stores/1", "life-1", "{}"};
  const LeaseKeeper::Options options_{std::chrono::seconds(10), std::chrono::seconds(3)};
};

TEST_F(LeaseKeeperTest, HoldsItsLeaseForHoursAndGivesItUpAtTheEnd) {
  SimulatedScheduler(TestSeed()).Run([&] {
    MemoryLeases leases;
    {
      LeaseKeeper keeper(leases, lease_, options_);
      for (int i = 0; i < 100; ++i) {
        SleepFor(std::chrono::minutes(1));
        EXPECT_EQ(ListAll(leases), std::vector{lease_});
      }
      EXPECT_TRUE(keeper.Held());
    }
    EXPECT_TRUE(ListAll(leases).empty());
  });
}

TEST_F(LeaseKeeperTest, ComesBackWhenTheCoordinatorDoes) {
  SimulatedScheduler(TestSeed()).Run([&] {
    MemoryLeases leases;
    leases.SetAvailable(false);
    LeaseKeeper keeper(leases, lease_, options_);
    SleepFor(std::chrono::minutes(5));
    EXPECT_FALSE(keeper.Held());
    leases.SetAvailable(true);
    SleepFor(std::chrono::seconds(10));
    EXPECT_TRUE(keeper.Held());
    leases.SetAvailable(false);
    SleepFor(std::chrono::hours(1));
    leases.SetAvailable(true);
    SleepFor(std::chrono::seconds(10));
    EXPECT_EQ(ListAll(leases), std::vector{lease_});
  });
}

TEST_F(LeaseKeeperTest, WaitsForAnotherHolderToGo) {
  SimulatedScheduler(TestSeed()).Run([&] {
    MemoryLeases leases;
    ASSERT_OK(leases.Acquire(Context(), {lease_.key, "life-0", "{}"}, std::chrono::seconds(60)));
    LeaseKeeper keeper(leases, lease_, options_);
    SleepFor(std::chrono::seconds(30));
    EXPECT_CODE(keeper.LastStatus(), kAlreadyExists);
    SleepFor(std::chrono::seconds(60));
    EXPECT_EQ(ListAll(leases), std::vector{lease_});
  });
}

/// Counts what is written.
class CountingLeases final : public Leases {
 public:
  Status Acquire(const Context& context, const LeaseInfo& lease, Duration ttl) override {
    ++writes_[Second()];
    return leases_.Acquire(context, lease, ttl);
  }
  Status Renew(const Context& context, const LeaseInfo& lease, Duration ttl) override {
    ++writes_[Second()];
    return leases_.Renew(context, lease, ttl);
  }
  Status Release(const Context& context, const LeaseInfo& lease) override { return leases_.Release(context, lease); }
  Result<std::vector<LeaseInfo>> List(const Context& context, const std::string& prefix) override {
    return leases_.List(context, prefix);
  }
  Result<int64_t> AwaitChange(const Context& context, const std::string& prefix, int64_t revision) override {
    return leases_.AwaitChange(context, prefix, revision);
  }
  const std::map<int64_t, int>& writes() const { return writes_; }

 private:
  static int64_t Second() {
    return std::chrono::duration_cast<std::chrono::seconds>(MonotonicNow().time_since_epoch()).count();
  }
  MemoryLeases leases_;
  std::map<int64_t, int> writes_;  // by second; one thread runs at a time
};

TEST_F(LeaseKeeperTest, FiveHundredKeepersStayWithinTheBudgetOfAnApiServer) {
  constexpr int kKeepers = 500, kMinutes = 10;
  SimulatedScheduler(TestSeed()).Run([&] {
    CountingLeases leases;
    std::vector<std::unique_ptr<LeaseKeeper>> keepers;
    for (int i = 0; i < kKeepers; ++i) {  // all at once, as after a power cut
      const LeaseInfo lease{"stores/" + std::to_string(i), "life-" + std::to_string(i), "{}"};
      keepers.push_back(std::make_unique<LeaseKeeper>(
          leases, lease, LeaseKeeper::Options{std::chrono::seconds(30), std::chrono::seconds(5)}));
    }
    SleepFor(std::chrono::minutes(kMinutes));
    int all = 0, most = 0;
    for (const auto& [second, count] : leases.writes()) {
      all += count;
      if (second > leases.writes().begin()->first + 1) most = std::max(most, count);
    }
    EXPECT_LE(all - kKeepers,
              50 * 60 * kMinutes + kKeepers);  // 50 a second, and each has one first renewal that is early
    EXPECT_LE(most, 100);                      // never all together
    EXPECT_EQ(ListAll(leases).size(), static_cast<size_t>(kKeepers));
  });
}

}  // namespace
}  // namespace pbfs
