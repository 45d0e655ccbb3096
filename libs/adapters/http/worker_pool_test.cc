#include "libs/adapters/http/worker_pool.h"

#include <atomic>

#include "libs/adapters/http/testing/server_fixture.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

TEST(WorkerPool, TakesWhatThreadsAndQueueHoldAndNoMore) {
  Gate gate;
  std::atomic<int> ran = 0;
  {
    WorkerPool pool(3, 2, std::chrono::seconds(60));
    EXPECT_EQ(pool.threads(), 0u);
    const auto task = [&] { gate.Pass(), ++ran; };
    for (int i = 0; i < 5; ++i) EXPECT_OK(pool.Submit(task));
    EXPECT_CODE(pool.Submit(task), kResourceExhausted);
    EXPECT_EQ(pool.threads(), 3u);
    gate.Open();
  }
  EXPECT_EQ(ran, 5);
}

TEST(WorkerPool, ThreadsWithoutWorkEndAndComeBack) {
  WorkerPool pool(2, 0, std::chrono::milliseconds(1));
  for (int i = 0; i < 3; ++i) {
    std::atomic<bool> ran = false;
    EXPECT_OK(pool.Submit([&] { ran = true; }));
    EXPECT_TRUE(Eventually([&] { return ran && pool.threads() == 0; }));
  }
}

}  // namespace
}  // namespace pbfs
