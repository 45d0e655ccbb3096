#include "services/catalog/vitals.h"

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"
#include "libs/catalog/memory_catalog.h"

namespace pbfs::catalog {
namespace {

constexpr Duration kPeriod = std::chrono::seconds(10);

class FakeDatabase final : public DatabaseWatch {
 public:
  Result<DatabaseHealth> Look(const Context&) override {
    if (!available) return UnavailableError("no primary");
    return health;
  }
  DatabaseHealth health{true, true, false, 3, 100, 100};
  bool available = true;
};

class VitalsTest : public testing::Test {
 protected:
  void Run(const std::function<void()>& body) {
    SimulatedScheduler(TestSeed()).Run([&] {
      MemoryCatalog catalog(clock_);
      ASSERT_OK(catalog.PutStore(Context(), {StoreId{1}, "a:1", "host", StoreState::kUp, 1}));
      ASSERT_OK(catalog.PutStore(Context(), {StoreId{2}, "b:1", "host", StoreState::kSuspect, 1}));
      const Vitals vitals(
          database_, catalog, [this](const Signs& signs) { seen_ = signs; }, kPeriod);
      body();
    });
  }
  SystemClock clock_;
  FakeDatabase database_;
  Signs seen_;
};

TEST_F(VitalsTest, TellsOfStoresAndOfAPrimaryThatIsAway) {
  Run([&] {
    SleepFor(2 * kPeriod);
    ASSERT_TRUE(seen_.database);
    EXPECT_TRUE(seen_.database->confirms);
    EXPECT_EQ(seen_.stores, (std::map<StoreState, int64_t>{{StoreState::kUp, 1}, {StoreState::kSuspect, 1}}));
    database_.available = false;
    SleepFor(2 * kPeriod);
    EXPECT_FALSE(seen_.database);
    database_.available = true;
    SleepFor(2 * kPeriod);
    EXPECT_TRUE(seen_.database);
  });
}

TEST_F(VitalsTest, TellsHowLongTheOldestTransactionHasRun) {
  Run([&] {
    SleepFor(10 * kPeriod);
    EXPECT_EQ(seen_.oldest_transaction, Duration{}) << "none runs";
    database_.health.next = 120;
    SleepFor(10 * kPeriod);
    EXPECT_GE(seen_.oldest_transaction, 8 * kPeriod) << "100 runs on";
    database_.health.oldest_running = 110;
    SleepFor(kPeriod + kPeriod / 2);
    EXPECT_LE(seen_.oldest_transaction, kPeriod) << "it has ended";
  });
}

}  // namespace
}  // namespace pbfs::catalog
