#include "libs/fragments/faulty_fragment_store.h"

#include "libs/fragments/fragment_store_contract.h"
#include "libs/fragments/map_fragment_stores.h"
#include "libs/fragments/memory_fragment_store.h"

namespace pbfs {
namespace {

/// With no fault switched on the decorator keeps the whole contract.
class FaultyFixture {
 public:
  FragmentStore& store() { return store_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{kTestNowMs * 1000};
  FaultyFragmentStore store_{
      std::make_shared<MemoryFragmentStore>(StoreIdentity{StoreId{3}, SiteId{1}, {}, {}}, clock_)};
};
INSTANTIATE_TYPED_TEST_SUITE_P(FaultyWithoutFaults, FragmentStoreContract, FaultyFixture);

class FaultyFragmentStoreTest : public testing::Test {
 protected:
  TestFragment NewFragment() { return MakeTestFragment({NewEncodingId(kTestNowMs, 1, random_), 2}, {}, random_); }
  Status Put(const TestFragment& fragment, ReadyCallback on_ready = {}) {
    auto writer = faulty_.StartPut(TestContext(), {fragment.key, static_cast<int64_t>(fragment.bytes.size()), {}},
                                   std::move(on_ready));
    PBFS_RETURN_IF_ERROR(writer->Append(TestContext(), fragment.bytes));
    return writer->Finish(TestContext()).status();
  }
  Result<ReadReply> Read(const TestFragment& fragment) {
    return faulty_.StartRead(TestContext(), {{{fragment.key, 128, 660}}, {}}, {})->Wait(TestContext());
  }
  SeededRandom random_{TestSeed()};
  ManualClock clock_{kTestNowMs * 1000};
  std::shared_ptr<MemoryFragmentStore> inner_ =
      std::make_shared<MemoryFragmentStore>(StoreIdentity{StoreId{3}, SiteId{1}, {}, {}}, clock_);
  FaultyFragmentStore faulty_{inner_};
};

TEST_F(FaultyFragmentStoreTest, EachCallOfAPutCanFailAndARepeatSucceeds) {
  int failed = 0;
  for (int64_t n = 1;; ++n) {
    const TestFragment fragment = NewFragment();
    int told = 0;
    faulty_.FailCall(n, UnavailableError("injected"));
    const int64_t before = faulty_.calls();
    const Status status = Put(fragment, [&told] { ++told; });
    EXPECT_EQ(told, 1);
    if (status.ok()) break;
    ++failed;
    EXPECT_CODE(status, kUnavailable);
    EXPECT_EQ(faulty_.calls() - before, n + (n == 1 ? 1 : 0));  // a dead put is noticed at its first Append
    ASSERT_OK(Put(fragment));
  }
  EXPECT_EQ(failed, 3);  // StartPut, Append, Finish
}

TEST_F(FaultyFragmentStoreTest, LostReplyLeavesTheWorkDone) {
  const TestFragment fragment = NewFragment();
  faulty_.LoseReply(3);  // of Finish
  EXPECT_CODE(Put(fragment), kUnavailable);
  EXPECT_EQ(inner_->Stat(TestContext())->fragments, 1);
  EXPECT_OK(Put(fragment));
}

TEST_F(FaultyFragmentStoreTest, DownFullCorruptAndLost) {
  const TestFragment fragment = NewFragment();
  faulty_.SetDown(true);
  EXPECT_CODE(Put(fragment), kUnavailable);
  EXPECT_CODE(Read(fragment), kUnavailable);
  EXPECT_CODE(faulty_.Stat(TestContext()), kUnavailable);
  faulty_.SetDown(false);
  faulty_.SetFull(true);
  EXPECT_CODE(Put(fragment), kResourceExhausted);
  faulty_.SetFull(false);
  faulty_.SetCorruptPuts(true);
  EXPECT_CODE(Put(fragment), kInvalidArgument);
  faulty_.SetCorruptPuts(false);
  ASSERT_OK(Put(fragment));
  faulty_.SetCorruptReads(true);
  EXPECT_FALSE(Equal(Read(fragment)->parts[0].bytes, fragment.bytes.Slice(128, 532)));
  faulty_.SetCorruptReads(false);
  EXPECT_TRUE(Equal(Read(fragment)->parts[0].bytes, fragment.bytes.Slice(128, 532)));
  faulty_.Lose(fragment.key);
  EXPECT_CODE(Read(fragment)->parts[0].status, kNotFound);
  EXPECT_TRUE(faulty_.List(TestContext(), {})->fragments.empty());
  ASSERT_OK(Put(fragment));
  EXPECT_OK(Read(fragment)->parts[0].status);
}

TEST_F(FaultyFragmentStoreTest, HeldAnswersComeAtTheRelease) {
  const TestFragment fragment = NewFragment();
  ASSERT_OK(Put(fragment));
  int told = 0;
  faulty_.Hold();
  auto read = faulty_.StartRead(TestContext(), {{{fragment.key, 128, 660}}, {}}, [&told] { ++told; });
  EXPECT_FALSE(read->Ready());
  EXPECT_CODE(read->Wait(Context::WithTimeout(std::chrono::milliseconds(2))), kDeadlineExceeded);
  EXPECT_EQ(told, 0);
  faulty_.Release();
  EXPECT_EQ(told, 1);
  EXPECT_TRUE(read->Ready());
  EXPECT_OK(read->Wait(TestContext()));
}

TEST(MapFragmentStores, FindsWhatWasSet) {
  ManualClock clock(0);
  MapFragmentStores stores;
  EXPECT_CODE(stores.Find(StoreId{4}), kUnavailable);
  stores.Set(StoreId{4}, std::make_shared<MemoryFragmentStore>(StoreIdentity{StoreId{4}, SiteId{1}, {}, {}}, clock));
  ASSERT_OK_AND_ASSIGN(const auto store, stores.Find(StoreId{4}));
  EXPECT_EQ(store->Stat(TestContext())->store, StoreId{4});
  stores.Remove(StoreId{4});
  EXPECT_CODE(stores.Find(StoreId{4}), kUnavailable);
}

}  // namespace
}  // namespace pbfs
