#include "libs/fragments/memory_fragment_store.h"

#include "libs/fragments/fragment_store_contract.h"

namespace pbfs {
namespace {

class MemoryFixture {
 public:
  FragmentStore& store() { return store_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{kTestNowMs * 1000};
  MemoryFragmentStore store_{{StoreId{3}, SiteId{1}, {}, {}}, clock_};
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FragmentStoreContract, MemoryFixture);

class MemoryTokenFixture {
 public:
  FragmentStore& store() { return store_; }
  ManualClock& clock() { return clock_; }

 private:
  ManualClock clock_{kTestNowMs * 1000};
  MemoryFragmentStore store_{TestIdentity(), clock_};
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FragmentStoreTokenContract, MemoryTokenFixture);

class MemoryFragmentStoreTest : public testing::Test {
 protected:
  TestFragment NewFragment() { return MakeTestFragment({NewEncodingId(kTestNowMs, 1, random_), 2}, {}, random_); }
  Status Put(const TestFragment& fragment) {
    auto writer = store_.StartPut(TestContext(), {fragment.key, static_cast<int64_t>(fragment.bytes.size()), {}}, {});
    PBFS_RETURN_IF_ERROR(writer->Append(TestContext(), fragment.bytes));
    return writer->Finish(TestContext()).status();
  }
  Status Read(const TestFragment& fragment, int64_t begin, int64_t end) {
    return store_.StartRead(TestContext(), {{{fragment.key, begin, end}}, {}}, {})
        ->Wait(TestContext())
        ->parts[0]
        .status;
  }
  std::vector<FragmentKey> Corrupt() {
    ListFragmentsRequest request;
    request.only_corrupt = true;
    const Result<ListFragmentsReply> reply = store_.List(TestContext(), request);
    EXPECT_OK(reply);
    std::vector<FragmentKey> keys;
    for (const FragmentInfo& info : reply.ok() ? reply->fragments : std::vector<FragmentInfo>())
      keys.push_back(info.key);
    return keys;
  }
  SeededRandom random_{TestSeed()};
  ManualClock clock_{kTestNowMs * 1000};
  MemoryFragmentStore store_{{StoreId{3}, SiteId{1}, {}, {}}, clock_, 4000};
};

TEST_F(MemoryFragmentStoreTest, FullStoreRefusesPutsAndServesReads) {
  const TestFragment first = NewFragment();
  ASSERT_OK(Put(first));
  ASSERT_OK(Put(NewFragment()));
  const Status full = Put(NewFragment());
  EXPECT_CODE(full, kResourceExhausted);
  EXPECT_EQ(full.Detail("pbfs-code"), "STORE_FULL");
  EXPECT_OK(Put(first));
  EXPECT_OK(Read(first, 0, 128));
  ASSERT_OK(store_.Delete(TestContext(), {first.key}, {}));
  EXPECT_OK(Put(NewFragment()));
}

TEST_F(MemoryFragmentStoreTest, DamageIsDataLossOfItsBlockUntilPutAgain) {
  const TestFragment fragment = NewFragment();
  ASSERT_OK(Put(fragment));
  ASSERT_TRUE(store_.Damage(fragment.key, 128 + 532 + 5));
  EXPECT_OK(Read(fragment, 0, 128 + 532));
  EXPECT_CODE(Read(fragment, 128 + 532, 128 + 2 * 532), kDataLoss);
  EXPECT_CODE(Read(fragment, 0, static_cast<int64_t>(fragment.bytes.size())), kDataLoss);
  EXPECT_EQ(store_.Stat(TestContext())->corrupt, 1);
  ASSERT_OK(Put(NewFragment()));
  EXPECT_EQ(Corrupt(), std::vector<FragmentKey>{fragment.key});
  ASSERT_OK(Put(fragment));
  EXPECT_OK(Read(fragment, 0, static_cast<int64_t>(fragment.bytes.size())));
  EXPECT_TRUE(Corrupt().empty());
}

TEST_F(MemoryFragmentStoreTest, LostFragmentIsNotFoundUntilPutAgain) {
  const TestFragment fragment = NewFragment();
  ASSERT_OK(Put(fragment));
  ASSERT_TRUE(store_.Lose(fragment.key));
  EXPECT_CODE(Read(fragment, 0, 128), kNotFound);
  ASSERT_OK(Put(fragment));
  EXPECT_OK(Read(fragment, 0, 128));
}

}  // namespace
}  // namespace pbfs
