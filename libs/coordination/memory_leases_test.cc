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

}  // namespace
}  // namespace pbfs
