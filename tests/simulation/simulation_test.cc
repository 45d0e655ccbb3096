// Whole sites in virtual time (simulation.h), over many seeds.
#include "tests/simulation/simulation.h"

#include <cstdlib>

#include "libs/base/testing.h"
#include "tests/simulation/history_check.h"

namespace pbfs::simulation {
namespace {

TEST(SimulationTest, EveryHistoryIsOneThatBytesCouldHave) {
  const char* const wanted = std::getenv("PBFS_TEST_SEEDS");  // how many, for scripts/simulate
  const auto seeds = static_cast<uint64_t>(wanted != nullptr ? std::atoi(wanted) : TestScaled(100));
  const uint64_t first = TestSeed(1);
  Report sum;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("replay: PBFS_TEST_SEED=" + std::to_string(seed) + ", or scripts/simulate --replay " +
                 std::to_string(seed));
    const Report run = Simulate(seed);
    ASSERT_THAT(run.findings, testing::IsEmpty());
    sum.done += run.done, sum.in_doubt += run.in_doubt;
    sum.lost_fragments += run.lost_fragments, sum.rehomes += run.rehomes;
  }
  RecordProperty("writes_done", sum.done);
  RecordProperty("rehomes", static_cast<int>(sum.rehomes));
  EXPECT_TRUE(sum.lost_fragments > 0 || wanted != nullptr) << "no store lost anything";
  EXPECT_TRUE(sum.rehomes > 0 || wanted != nullptr) << "offers that nobody took up";
  EXPECT_GT(sum.done, sum.in_doubt) << "a simulation in which hardly anything works shows nothing";
}

// Or a seed would replay nothing. The first run finds caches of the process empty, the second does not.
TEST(SimulationTest, ASeedTakesTheSameCourseAgain) { EXPECT_EQ(Simulate(77).switches, Simulate(77).switches); }

// The checker itself: it must notice a lost write, a changed byte, a read from the past.
TEST(SimulationTest, TheCheckerNoticesWhatIsWrong) {
  const MonotonicTime t0{}, t1 = t0 + std::chrono::seconds(1), t2 = t0 + std::chrono::seconds(2),
                            t3 = t0 + std::chrono::seconds(3);
  const Bytes right = {1, 2, 3};
  Attempt attempt;
  attempt.op = {OpKind::kWrite, 0, 3, right};
  attempt.wid = 7, attempt.invoked = t0, attempt.returned = t1;
  attempt.outcome = CallOutcome::kDone, attempt.order = {5, 7};
  HistoryEntry entry;
  entry.order = {5, 7};
  entry.hi = 3;
  entry.authentic = true;
  const auto check = [&](std::vector<HistoryEntry> history, std::vector<Attempt> attempts, std::vector<Bytes> reads,
                         const Bytes& last) {
    ObjectLog log{{}, {}, std::move(attempts), {}};
    for (Bytes& bytes : reads) log.observations.push_back({0, 3, std::move(bytes), t2, t3, {}});
    return CheckHistory(history, log, last);
  };
  EXPECT_EQ(check({entry}, {attempt}, {right}, right), "");
  EXPECT_NE(check({}, {attempt}, {}, {}), "") << "an acknowledged write is gone";
  EXPECT_NE(check({entry}, {attempt}, {}, {1, 2, 4}), "") << "another byte at the end";
  EXPECT_NE(check({entry}, {attempt}, {{}}, right), "") << "a read from the past";
  EXPECT_NE(check({entry}, {}, {}, right), "") << "an op that nobody made";
  attempt.outcome = CallOutcome::kRefused;
  EXPECT_NE(check({entry}, {attempt}, {}, right), "") << "an op that was refused";
  attempt.outcome = CallOutcome::kDone, attempt.if_opset = Opset{1};
  EXPECT_NE(check({entry}, {attempt}, {}, right), "") << "a condition that did not hold";
}

}  // namespace
}  // namespace pbfs::simulation
