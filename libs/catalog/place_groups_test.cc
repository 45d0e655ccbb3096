#include "libs/catalog/place_groups.h"

#include "libs/base/testing.h"

namespace pbfs {
namespace {

using ::testing::HasSubstr;

/// Stores 1, 2 ... in these failure domains.
std::vector<StoreInfo> StoresIn(const std::vector<std::string>& domains) {
  std::vector<StoreInfo> stores;
  for (const std::string& domain : domains)
    stores.push_back({StoreId{static_cast<uint32_t>(stores.size()) + 1}, "", domain, StoreState::kUp, 1});
  return stores;
}

TEST(CheckRoom, CountsTheStoresThatCanBeUsed) {
  std::vector<StoreInfo> stores = StoresIn({"a", "b", "c", "d", "e", "f"});
  EXPECT_OK(CheckRoom(stores, {3, 1}, {6, 2}));
  stores[1].state = StoreState::kSuspect;
  EXPECT_OK(CheckRoom(stores, {3, 1}, {6, 2}));
  stores[1].state = StoreState::kDraining;
  stores[2].state = StoreState::kDown;
  const Status refused = CheckRoom(stores, {3, 1}, {6, 2});
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("2 stores are missing"));
  EXPECT_THAT(refused.message(), HasSubstr("4 can be used"));
}

TEST(CheckRoom, CountsFailureDomainsWhereTheLossOfOneIsSurvivedNow) {
  const std::vector<StoreInfo> three = StoresIn({"a", "a", "a", "b", "b", "b", "c", "c", "c"});
  EXPECT_OK(CheckRoom(three, {6, 2}, {9, 3}));
  const Status refused = CheckRoom(three, {6, 2}, {9, 2});
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("2 failure domains are missing"));
  EXPECT_OK(CheckRoom(three, {5, 1}, {9, 2})) << "it is not survived now either";
  EXPECT_OK(CheckRoom(StoresIn({"", "", ""}), {2, 1}, {3, 1})) << "without a name each is its own";
}

}  // namespace
}  // namespace pbfs
