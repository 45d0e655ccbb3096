#include "libs/base/simulated_scheduler.h"

#include <string>
#include <vector>

#include "libs/base/executor.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

// Three threads append their letter under a lock; the interleaving is the seed's.
std::string Interleaving(uint64_t seed) {
  std::string log;
  SimulatedScheduler scheduler(seed);
  scheduler.Run([&] {
    Mutex mutex;
    std::vector<Thread> threads;
    for (const char letter : {'a', 'b', 'c'}) {
      threads.emplace_back(std::string(1, letter), [&, letter] {
        for (int i = 0; i < 5; ++i) {
          MutexLock lock(mutex);
          log.push_back(letter);
        }
      });
    }
  });
  return log;
}

TEST(SimulatedSchedulerTest, OneSeedIsOneRunAndSeedsDiffer) {
  EXPECT_EQ(Interleaving(1), Interleaving(1));
  EXPECT_EQ(Interleaving(7), Interleaving(7));
  EXPECT_NE(Interleaving(1), Interleaving(7));
  EXPECT_EQ(Interleaving(1).size(), 15u);
}

TEST(SimulatedSchedulerTest, SleepingTakesVirtualTimeOnly) {
  SimulatedScheduler scheduler(1);
  Duration slept{};
  scheduler.Run([&] {
    const MonotonicTime start = MonotonicNow();
    SleepFor(std::chrono::hours(100));
    slept = MonotonicNow() - start;
  });
  EXPECT_GE(slept, std::chrono::hours(100));
}

TEST(SimulatedSchedulerTest, AConditionTimesOutAndWakes) {
  SimulatedScheduler scheduler(1);
  scheduler.Run([&] {
    Mutex mutex;
    CondVar changed;
    bool set = false;
    {
      MutexLock lock(mutex);
      EXPECT_FALSE(changed.WaitUntil(mutex, MonotonicNow() + std::chrono::seconds(1)));
    }
    Thread setter("setter", [&] {
      SleepFor(std::chrono::seconds(5));
      MutexLock lock(mutex);
      set = true;
      changed.NotifyAll();
    });
    MutexLock lock(mutex);
    while (!set) changed.Wait(mutex);
  });
}

TEST(SimulatedSchedulerTest, ExecutorsRunUnderIt) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimulatedScheduler scheduler(seed);
    int sum = 0;  // one thread runs at a time: no lock needed
    scheduler.Run([&] {
      Executor executor("pool", 3, 4);
      ParallelFor(executor, 10, [&](size_t i) { sum += static_cast<int>(i); });
    });
    EXPECT_EQ(sum, 45);
  }
}

}  // namespace
}  // namespace pbfs
