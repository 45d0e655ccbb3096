#include "services/operator/work_queue.h"

#include <functional>

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"

namespace pbfs::operators {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// In virtual time, where nothing but waiting takes any.
void Simulate(const std::function<void(WorkQueue&)>& run) {
  SimulatedScheduler(TestSeed()).Run([&] {
    SeededRandom random{TestSeed()};
    WorkQueue queue{random};
    run(queue);
  });
}

// How long the key, and no other, is waited for.
Duration WaitFor(WorkQueue& queue, const std::string& key) {
  const MonotonicTime begin = MonotonicNow();
  EXPECT_EQ(queue.Take(), key);
  return MonotonicNow() - begin;
}

TEST(WorkQueueTest, AKeyIsThereOnceAndInOnePairOfHands) {
  Simulate([](WorkQueue& queue) {
    queue.Add("a"), queue.Add("a"), queue.Add("b");
    EXPECT_EQ(queue.depth(), 2);
    EXPECT_EQ(WaitFor(queue, "a"), Duration::zero());
    queue.Add("a");
    EXPECT_EQ(WaitFor(queue, "b"), Duration::zero());
    EXPECT_EQ(queue.depth(), 0);
    queue.Done("b", seconds(30));
    queue.Done("a", std::nullopt);
    EXPECT_EQ(WaitFor(queue, "a"), milliseconds(500));  // it was added while it was taken
    queue.Done("a", std::nullopt);
    EXPECT_EQ(WaitFor(queue, "b"), seconds(29) + milliseconds(500));
  });
}

TEST(WorkQueueTest, AKeyRestsAfterItsLook) {
  Simulate([](WorkQueue& queue) {
    queue.Add("a");
    EXPECT_EQ(WaitFor(queue, "a"), Duration::zero());
    queue.Done("a", std::nullopt);
    queue.Add("a");
    EXPECT_EQ(WaitFor(queue, "a"), milliseconds(500));
    queue.Done("a", Duration::zero());
    EXPECT_EQ(WaitFor(queue, "a"), milliseconds(500));
    queue.Done("a", std::nullopt);
    SleepFor(seconds(1));
    queue.Add("a");
    EXPECT_EQ(WaitFor(queue, "a"), Duration::zero());
  });
}

TEST(WorkQueueTest, AChangeComesBeforeTheTimeThatWasAskedFor) {
  Simulate([](WorkQueue& queue) {
    queue.Add("a");
    EXPECT_EQ(WaitFor(queue, "a"), Duration::zero());
    queue.Done("a", std::chrono::minutes(10));
    SleepFor(seconds(5));
    queue.Add("a");
    EXPECT_EQ(WaitFor(queue, "a"), Duration::zero());
  });
}

TEST(WorkQueueTest, PausesAfterFailuresDoubleAndStartOverAfterASuccess) {
  Simulate([](WorkQueue& queue) {
    queue.Add("a");
    EXPECT_EQ(WaitFor(queue, "a"), Duration::zero());
    for (int failures = 0; failures < 12; ++failures) {
      queue.Failed("a");
      queue.Add("a");  // a change does not shorten it
      const Duration most = std::min<Duration>(seconds(60), milliseconds(200) * (1 << failures));
      const Duration waited = WaitFor(queue, "a");
      EXPECT_GE(waited, most / 2);
      EXPECT_LE(waited, most);
    }
    queue.Done("a", Duration::zero());
    EXPECT_EQ(WaitFor(queue, "a"), milliseconds(500));
    queue.Failed("a");
    EXPECT_LE(WaitFor(queue, "a"), milliseconds(200));
  });
}

TEST(WorkQueueTest, WhoWaitsIsToldOfTheEnd) {
  Simulate([](WorkQueue& queue) {
    std::optional<std::string> taken = "none yet";
    {
      const Thread waiting("waiting", [&] { taken = queue.Take(); });
      SleepFor(seconds(1));
      queue.Stop();
    }
    EXPECT_EQ(taken, std::nullopt);
    queue.Add("a");
    EXPECT_EQ(queue.Take(), std::nullopt);
  });
}

}  // namespace
}  // namespace pbfs::operators
