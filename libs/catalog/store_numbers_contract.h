#pragma once

#include <set>
#include <vector>

#include "libs/catalog/testing/catalog_fixture.h"

/// What every implementation of StoreNumbers keeps (catalog.h). State may be shared with other tests, which have stores of their own:
/// each test counts from the number that it is given first.
namespace pbfs {

template <typename Fixture>
class StoreNumbersContract : public CatalogContract<Fixture> {
 protected:
  uint32_t New() {
    const Result<StoreId> given = this->fixture_.store_numbers().NewStoreId(TestContext());
    EXPECT_OK(given);
    return given.ok() ? given->value : 0;
  }
  void Put(uint32_t id, StoreState state) {
    const StoreInfo store{StoreId{id}, "127.0.0.1:" + std::to_string(id), "host-" + std::to_string(id), state, 1};
    ASSERT_OK(this->ports_.groups.PutStore(TestContext(), store));
  }
  bool HasStore(uint32_t id) {
    const ClusterMap map = *this->ports_.groups.WatchMap(TestContext(), -1);
    return map.FindStore(StoreId{id}) != nullptr;
  }
};
TYPED_TEST_SUITE_P(StoreNumbersContract);

TYPED_TEST_P(StoreNumbersContract, NumbersAscendAndAreNoStores) {
  uint32_t last = 0;
  for (int i = 0; i < 5; ++i) {
    const uint32_t given = this->New();
    EXPECT_GT(given, last);
    EXPECT_FALSE(this->HasStore(given)) << given;
    last = given;
  }
}

TYPED_TEST_P(StoreNumbersContract, StoresThatWerePutThereByHandAreSkippedAlsoRemovedOnes) {
  const uint32_t first = this->New();
  this->Put(first + 1, StoreState::kUp);
  this->Put(first + 2, StoreState::kDown);
  this->Put(first + 2, StoreState::kGone);
  this->Put(first + 4, StoreState::kDown);
  std::set<uint32_t> given;
  for (int i = 0; i < 3; ++i) given.insert(this->New());
  EXPECT_FALSE(given.contains(first + 1) || given.contains(first + 2) || given.contains(first + 4));
  for (const uint32_t id : given) EXPECT_FALSE(this->HasStore(id)) << id;
}

// A number far away, by hand, uses up none of those before it.
TYPED_TEST_P(StoreNumbersContract, AGreatNumberByHandDoesNotEndTheOthers) {
  const uint32_t first = this->New();
  this->Put(INT32_MAX, StoreState::kDown);
  const uint32_t next = this->New();
  EXPECT_GT(next, first);
  EXPECT_LT(next, uint32_t{INT32_MAX});
}

TYPED_TEST_P(StoreNumbersContract, NoTwoAreEqualUnderConcurrency) {
  constexpr size_t kThreads = 4, kEach = 10;
  std::vector<std::vector<uint32_t>> given(kThreads);
  {
    std::vector<Thread> threads;
    for (size_t t = 0; t < kThreads; ++t) {
      threads.emplace_back("enrol", [&, t] {
        for (size_t i = 0; i < kEach; ++i) given[t].push_back(this->New());
      });
    }
    // Others join by hand meanwhile.
    const uint32_t far = this->New() + 1000;
    for (uint32_t i = 0; i < 3; ++i) this->Put(far + i, StoreState::kDown);
  }
  std::set<uint32_t> all;
  for (const auto& some : given) all.insert(some.begin(), some.end());
  EXPECT_EQ(all.size(), kThreads * kEach);
}

TYPED_TEST_P(StoreNumbersContract, GivingANumberIsNoChangeOfTheMap) {
  const int64_t before = this->ports_.groups.WatchMap(TestContext(), -1)->version;
  this->New();
  EXPECT_EQ(this->ports_.groups.WatchMap(TestContext(), -1)->version, before);
}

REGISTER_TYPED_TEST_SUITE_P(StoreNumbersContract, NumbersAscendAndAreNoStores,
                            StoresThatWerePutThereByHandAreSkippedAlsoRemovedOnes,
                            AGreatNumberByHandDoesNotEndTheOthers, NoTwoAreEqualUnderConcurrency,
                            GivingANumberIsNoChangeOfTheMap);

}  // namespace pbfs
