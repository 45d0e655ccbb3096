#include "libs/catalog/commit_batcher.h"

#include <functional>
#include <map>

#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"

namespace pbfs {
namespace {

/// Answers every Commit with kOk after `latency` and remembers the batches. Commits of an object in `busy` miss their lock
/// unless the lane waits.
class FakeTransactor final : public CommitTransactor {
 public:
  std::vector<Answer> Run(std::span<const ParsedCommit* const> batch, bool wait_for_locks) override {
    {
      MutexLock lock(mutex);
      batches.push_back(batch.size());
      greatest_in_flight = std::max(greatest_in_flight, ++in_flight);
    }
    const Duration usual = std::max(latency, latency_each * static_cast<int64_t>(batch.size()));
    SleepFor(wait_for_locks ? std::max(usual, waiting_latency) : usual);
    MutexLock lock(mutex);
    --in_flight;
    std::vector<Answer> answers;
    for (const ParsedCommit* commit : batch) {
      const bool missed = !wait_for_locks && commit->ops[0].object == busy;
      if (missed) {
        answers.emplace_back(std::nullopt);
      } else {
        ++decided;
        answers.emplace_back(CommitReply{CommitCode::kOk, commit->ops[0].order.hlc, 0, 0, 0});
      }
    }
    return answers;
  }
  Duration latency = std::chrono::milliseconds(10);
  Duration latency_each{};     // of each Commit, if that is more
  Duration waiting_latency{};  // of batches that wait for locks
  ObjectId busy{{1}};
  Mutex mutex;
  std::vector<size_t> batches;
  int in_flight = 0, greatest_in_flight = 0, decided = 0;
};

ParsedCommit Numbered(Hlc hlc, ObjectId object = {}, size_t bytes = 100) {
  ParsedCommit commit;
  commit.ops.emplace_back();
  commit.ops[0].object = object;
  commit.ops[0].order.hlc = hlc;
  commit.record_bytes = bytes;
  return commit;
}

void InVirtualTime(const std::function<void()>& body) { SimulatedScheduler(TestSeed()).Run(body); }

void CallAtOnce(int callers, const std::function<void(int)>& call) {
  std::vector<Thread> threads;
  for (int i = 0; i < callers; ++i) threads.emplace_back("caller", [&call, i] { call(i); });
}

TEST(CommitBatcherTest, EachCallerGetsItsOwnAnswer) {
  InVirtualTime([] {
    FakeTransactor transactor;
    CommitBatcher batcher(transactor, {});
    CallAtOnce(100, [&](int i) {
      for (int round = 0; round < 5; ++round) {
        EXPECT_EQ(batcher.Commit(TestContext(), Numbered(i * 10 + round))->max_hlc, i * 10 + round);
      }
    });
    EXPECT_EQ(transactor.decided, 500);
    EXPECT_LT(transactor.batches.size(), 250u) << "what waits goes together";
    EXPECT_EQ(transactor.greatest_in_flight, 1);
  });
}

TEST(CommitBatcherTest, LanesRunAtOnce) {
  InVirtualTime([] {
    FakeTransactor transactor;
    CommitBatcher::Options options;
    options.lanes = 2;
    CommitBatcher batcher(transactor, options);
    CallAtOnce(50, [&](int i) {
      for (int round = 0; round < 5; ++round) EXPECT_OK(batcher.Commit(TestContext(), Numbered(i)));
    });
    EXPECT_EQ(transactor.greatest_in_flight, 2);
  });
}

TEST(CommitBatcherTest, LanesShareTheCallersEvenly) {
  InVirtualTime([] {
    FakeTransactor transactor;
    CommitBatcher::Options options;
    options.lanes = 2;
    CommitBatcher batcher(transactor, options);
    constexpr int kCallers = 32, kRounds = 20;
    CallAtOnce(kCallers, [&](int i) {
      for (int round = 0; round < kRounds; ++round) EXPECT_OK(batcher.Commit(TestContext(), Numbered(i)));
    });
    // Two batches in flight and one in the making. A lane that took whatever is there would often go with one Commit.
    EXPECT_LE(transactor.batches.size(), static_cast<size_t>(kCallers * kRounds / 9));
  });
}

TEST(CommitBatcherTest, FewCallersDoNotWaitForEachOther) {
  InVirtualTime([] {
    FakeTransactor transactor;
    CommitBatcher::Options options;
    options.lanes = 2;
    CommitBatcher batcher(transactor, options);
    const MonotonicTime start = MonotonicNow();
    CallAtOnce(2, [&](int i) {
      for (int round = 0; round < 10; ++round) EXPECT_OK(batcher.Commit(TestContext(), Numbered(i)));
    });
    EXPECT_EQ(MonotonicNow() - start, 10 * transactor.latency);
  });
}

TEST(CommitBatcherTest, BatchesAreBounded) {
  InVirtualTime([] {
    FakeTransactor transactor;
    CommitBatcher::Options options;
    options.max_commits = 10;
    options.max_bytes = 1000;
    CommitBatcher batcher(transactor, options);
    CallAtOnce(60, [&](int i) {
      EXPECT_OK(
          batcher.Commit(TestContext(), Numbered(i, {}, i % 2 == 0 ? 10 : 5000)));  // one beyond the bound goes alone
    });
    for (const size_t size : transactor.batches) EXPECT_LE(size, 10u);
  });
}

std::vector<CommitBatcher::Numbered> Several(int from, int count, ObjectId object = {}) {
  std::vector<CommitBatcher::Numbered> commits;
  for (int i = from; i < from + count; ++i) commits.push_back({static_cast<size_t>(i), Numbered(i, object)});
  return commits;
}

TEST(CommitBatcherTest, SeveralOfOneCallerAreEachToldOnce) {
  InVirtualTime([] {
    FakeTransactor transactor;
    CommitBatcher::Options options;
    options.lanes = 2;
    options.max_commits = 7;
    CommitBatcher batcher(transactor, options);
    CallAtOnce(10, [&](int caller) {
      std::vector<CommitBatcher::Numbered> commits = Several(caller * 100, 20);
      for (auto& missing : Several(caller * 100 + 20, 3, transactor.busy)) commits.push_back(std::move(missing));
      std::map<size_t, Hlc> told;
      batcher.CommitEach(TestContext(), std::move(commits), [&](std::span<const CommitOutcome> outcomes) {
        for (const CommitOutcome& outcome : outcomes)
          EXPECT_TRUE(told.emplace(outcome.index, outcome.reply->max_hlc).second);
      });
      EXPECT_EQ(told.size(), 23u);
      for (const auto& [index, hlc] : told) EXPECT_EQ(static_cast<Hlc>(index), hlc);
    });
    EXPECT_EQ(transactor.decided, 230);
  });
}

// The slow caller misses the lock of its first Commit and waits for it, while others of its own stand in front of somebody
// else's and are too few to begin beside the batch in flight.
TEST(CommitBatcherTest, ALeaderThatWaitsForALockHoldsUpNobodyElse) {
  InVirtualTime([] {
    FakeTransactor transactor;
    transactor.latency_each = std::chrono::milliseconds(10);
    transactor.waiting_latency = std::chrono::seconds(5);
    CommitBatcher::Options options;
    options.lanes = 2;
    options.max_bytes = 100;
    CommitBatcher batcher(transactor, options);
    const auto several = [&](std::vector<ParsedCommit> commits) {
      std::vector<CommitBatcher::Numbered> numbered;
      for (ParsedCommit& commit : commits) numbered.push_back({numbered.size(), std::move(commit)});
      batcher.CommitEach(TestContext(), std::move(numbered), [](std::span<const CommitOutcome>) {});
    };
    Thread first("first", [&] { several(std::vector<ParsedCommit>(6, Numbered(1, {}, 1))); });  // 60 ms
    SleepFor(std::chrono::milliseconds(1));
    Thread slow("slow", [&] {
      std::vector<ParsedCommit> commits(6, Numbered(2, {}, 1));
      commits[0] = Numbered(2, transactor.busy, options.max_bytes);  // alone in its batch
      several(std::move(commits));
    });
    SleepFor(std::chrono::milliseconds(15));  // by now it waits for the lock
    const MonotonicTime start = MonotonicNow();
    EXPECT_OK(batcher.Commit(TestContext(), Numbered(99, {}, 1)));
    EXPECT_LT(MonotonicNow() - start, std::chrono::seconds(1));
  });
}

TEST(CommitBatcherTest, SeveralThatAreGivenUpAreEachToldSo) {
  InVirtualTime([] {
    FakeTransactor transactor;
    transactor.latency = std::chrono::seconds(1);
    CommitBatcher::Options options;
    options.max_commits = 4;
    CommitBatcher batcher(transactor, options);
    int decided = 0, late = 0;
    CallAtOnce(2, [&](int) {
      const Context context = Context::WithTimeout(std::chrono::milliseconds(2500));
      batcher.CommitEach(context, Several(0, 10), [&](std::span<const CommitOutcome> outcomes) {
        for (const CommitOutcome& outcome : outcomes) ++(outcome.reply.ok() ? decided : late);
      });
    });
    EXPECT_EQ(decided + late, 20);
    EXPECT_GE(decided, 8);
    EXPECT_GT(late, 0);
  });
}

TEST(CommitBatcherTest, MissedLockGoesToTheWaitingLane) {
  InVirtualTime([] {
    FakeTransactor transactor;
    CommitBatcher batcher(transactor, {});
    CallAtOnce(20, [&](int i) {
      EXPECT_EQ(batcher.Commit(TestContext(), Numbered(i, i % 2 == 0 ? transactor.busy : ObjectId{}))->max_hlc, i);
    });
    EXPECT_EQ(transactor.decided, 20);
    EXPECT_EQ(transactor.greatest_in_flight, 2);
  });
}

TEST(CommitBatcherTest, TooManyWaitersAreRefusedWithAHint) {
  InVirtualTime([] {
    FakeTransactor transactor;
    CommitBatcher::Options options;
    options.max_waiting = 5;
    CommitBatcher batcher(transactor, options);
    int refused = 0;
    CallAtOnce(50, [&](int i) {
      const Result<CommitReply> reply = batcher.Commit(TestContext(), Numbered(i));
      if (reply.ok()) return;
      EXPECT_CODE(reply, kResourceExhausted);
      EXPECT_TRUE(reply.status().Detail("retry-after-ms").has_value());
      ++refused;
    });
    EXPECT_GT(refused, 0);
    EXPECT_EQ(transactor.decided, 50 - refused);
  });
}

TEST(CommitBatcherTest, CallerThatGivesUpStopsNobody) {
  InVirtualTime([] {
    FakeTransactor transactor;
    transactor.latency = std::chrono::seconds(1);
    CommitBatcher batcher(transactor, {});
    int late = 0;
    CallAtOnce(30, [&](int i) {
      const bool hurried = i % 3 == 0;
      const Context context = Context::WithTimeout(hurried ? std::chrono::milliseconds(500) : std::chrono::seconds(60));
      const Result<CommitReply> reply = batcher.Commit(context, Numbered(i, i % 2 == 0 ? transactor.busy : ObjectId{}));
      if (hurried && !reply.ok()) {
        EXPECT_CODE(reply, kDeadlineExceeded);
        ++late;
      } else {
        EXPECT_OK(reply);
      }
    });
    EXPECT_GT(late, 0);
    EXPECT_GE(transactor.decided, 30 - late);
  });
}

}  // namespace
}  // namespace pbfs
