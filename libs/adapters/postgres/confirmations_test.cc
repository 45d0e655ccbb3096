#include "libs/adapters/postgres/confirmations.h"

#include <atomic>
#include <vector>

#include "libs/base/testing.h"

namespace pbfs::postgres {
namespace {

template <typename Condition>
void AwaitThat(const Condition& condition) {
  const MonotonicTime deadline = MonotonicNow() + std::chrono::seconds(30);
  while (!condition()) {
    PBFS_CHECK(MonotonicNow() < deadline, "it does not come about");
    SleepFor(std::chrono::milliseconds(1));  // a poll of other threads, bounded by the deadline
  }
}

/// Callers of one Confirmations, each on a thread of its own. The first confirmation of all waits until it is let go.
class Callers {
 public:
  explicit Callers(Duration pause = Confirmations::kPause) : confirmations_(pause) {}
  ~Callers() { LetGo(); }

  void Call(const std::string& server, const Context& context = TestContext()) {
    const size_t number = threads_.size();
    PBFS_CHECK(number < kMost);
    threads_.emplace_back("caller", [this, number, server, context] {
      outcomes_[number] = confirmations_.Await(
          context, server, [this] { return Confirm(); }, [this] { ++spared_; });
      ended_[number] = true;
    });
  }
  void LetGo() { let_go_ = true; }
  int confirmed() const { return confirmed_; }
  int spared() const { return spared_; }
  bool ended(size_t caller) const { return ended_[caller]; }
  Status Outcome(size_t caller) {
    AwaitThat([&] { return ended(caller); });
    return outcomes_[caller];
  }

 private:
  static constexpr size_t kMost = 8;
  // The first is OK, the others are not, so that outcomes tell whose they are.
  Status Confirm() {
    const int number = ++confirmed_;
    if (number > 1) return UnavailableError("of a later one");
    AwaitThat([&] { return let_go_.load(); });
    return OkStatus();
  }

  Confirmations confirmations_;
  std::atomic<bool> let_go_ = false;
  std::atomic<int> confirmed_ = 0, spared_ = 0;
  Status outcomes_[kMost];
  std::atomic<bool> ended_[kMost] = {};
  std::vector<Thread> threads_;  // last: they use the rest
};

TEST(ConfirmationsTest, OneThatBeganBeforeSomebodyCameIsNotHis) {
  Callers callers;
  callers.Call("a");
  AwaitThat([&] { return callers.confirmed() == 1; });
  for (int i = 0; i < 3; ++i) callers.Call("a");
  AwaitThat([&] { return callers.spared() == 2; });  // so all three have come
  EXPECT_EQ(callers.confirmed(), 1) << "one at a time";
  callers.LetGo();
  EXPECT_OK(callers.Outcome(0));
  for (const size_t later : {1, 2, 3}) EXPECT_CODE(callers.Outcome(later), kUnavailable);
  EXPECT_EQ(callers.confirmed(), 2) << "one for all three";
}

TEST(ConfirmationsTest, OneOfAnotherServerIsNotHis) {
  Callers callers;
  callers.Call("a");
  AwaitThat([&] { return callers.confirmed() == 1; });
  callers.Call("b");
  EXPECT_CODE(callers.Outcome(1), kUnavailable);
  EXPECT_FALSE(callers.ended(0));
  EXPECT_EQ(callers.spared(), 0);
}

TEST(ConfirmationsTest, OneAfterAnotherIsMadeEachTime) {
  Callers callers;
  callers.LetGo();
  callers.Call("a");
  EXPECT_OK(callers.Outcome(0));
  callers.Call("a");
  EXPECT_CODE(callers.Outcome(1), kUnavailable);
  EXPECT_EQ(callers.confirmed(), 2);
}

TEST(ConfirmationsTest, WhoeverGivesUpLeavesTheOthersTheirs) {
  Callers callers;
  callers.Call("a");
  AwaitThat([&] { return callers.confirmed() == 1; });
  callers.Call("a");
  callers.Call("a");
  AwaitThat([&] { return callers.spared() == 1; });
  const Context gives_up;
  callers.Call("a", gives_up);
  AwaitThat([&] { return callers.spared() == 2; });
  gives_up.Cancel();
  EXPECT_CODE(callers.Outcome(3), kCancelled);
  callers.LetGo();
  for (const size_t later : {1, 2}) EXPECT_CODE(callers.Outcome(later), kUnavailable);
  EXPECT_EQ(callers.confirmed(), 2);
}

TEST(ConfirmationsTest, WhereManyComeItWaitsForMore) {
  Callers callers(std::chrono::seconds(2));
  callers.Call("a");
  AwaitThat([&] { return callers.confirmed() == 1; });
  for (int i = 0; i < Confirmations::kMany; ++i) callers.Call("a");
  AwaitThat([&] { return callers.spared() == Confirmations::kMany - 1; });
  callers.LetGo();
  for (size_t i = 1; i <= Confirmations::kMany; ++i) (void)callers.Outcome(i);
  EXPECT_EQ(callers.confirmed(), 2);
  for (int i = 0; i < 2; ++i) callers.Call("a");
  for (size_t i = 1; i <= 2; ++i) (void)callers.Outcome(Confirmations::kMany + i);
  EXPECT_EQ(callers.confirmed(), 3) << "one for both, though none was under way when they came";
}

}  // namespace
}  // namespace pbfs::postgres
