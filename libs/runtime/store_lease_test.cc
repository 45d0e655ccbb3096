#include "libs/runtime/store_lease.h"

#include "libs/base/testing.h"
#include "libs/catalog/place_groups.h"

namespace pbfs {
namespace {

const StoreInfo kStore{StoreId{7}, "store-7.example:7100", "rack \"a\"\n", StoreState::kUp, 2.5f, "s2", "s1"};

TEST(StoreLeaseTest, WhatIsWrittenIsRead) {
  const LeaseInfo lease = EncodeStoreLease(kStore, "life-1");
  EXPECT_EQ(lease.key, "stores/7");
  EXPECT_EQ(lease.holder, "life-1");
  const auto read = DecodeStoreLease(lease);
  ASSERT_OK(read);
  EXPECT_EQ(*read, kStore);
}

TEST(StoreLeaseTest, AWeightMayBeLeftOutAndMoreMayBeSaid) {
  const auto read = DecodeStoreLease({"stores/1", "x", R"({"address":"a:1","domain":"d","rack":["new"]})"});
  ASSERT_OK(read);
  EXPECT_EQ(*read, (StoreInfo{StoreId{1}, "a:1", "d", StoreState::kUp, 1}));
}

TEST(StoreLeaseTest, TextThatIsNotUtf8IsWrittenAsSomethingThatIsRead) {
  StoreInfo store = kStore;
  store.domain = "\xff\xfe";
  EXPECT_OK(DecodeStoreLease(EncodeStoreLease(store, "x")));
}

TEST(StoreLeaseTest, KeysThatAreNoStoresAreRefused) {
  LeaseInfo lease = EncodeStoreLease(kStore, "x");
  for (const char* key : {"", "stores/", "stores/0", "stores/-1", "stores/7x", "stores/ 7", "stores/4294967296",
                          "roles/7", "7", "stores/7/8"}) {
    SCOPED_TRACE(key);
    lease.key = key;
    EXPECT_CODE(DecodeStoreLease(lease), kInvalidArgument);
  }
}

TEST(StoreLeaseTest, MalformedValuesAreRefused) {
  const auto with_weight = [](const char* weight) {
    return std::string(R"({"address":"a:1","domain":"d","weight":)") + weight + "}";
  };
  const std::vector<std::string> values = {"",
                                           "null",
                                           "[]",
                                           "{",
                                           "{}",
                                           R"({"address":"a:1"})",
                                           R"({"address":1,"domain":"d"})",
                                           R"({"address":"a:1","domain":null})",
                                           with_weight("0"),
                                           with_weight("-1"),
                                           with_weight("\"1\""),
                                           with_weight("null"),
                                           with_weight("1e300"),
                                           with_weight("1e999"),
                                           with_weight("1e-60"),
                                           std::string(100'000, '[')};
  for (const std::string& value : values) {
    SCOPED_TRACE(value.substr(0, 60));
    EXPECT_CODE(DecodeStoreLease({"stores/1", "x", value}), kInvalidArgument);
  }
}

}  // namespace
}  // namespace pbfs
