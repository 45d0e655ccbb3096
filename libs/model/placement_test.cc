#include "libs/model/placement.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "libs/base/testing.h"
#include "libs/crypto/primitives.h"
#include "libs/model/limits.h"

namespace pbfs {
namespace {

std::vector<PlacementStore> Stores(int count, int domains = 0) {
  std::vector<PlacementStore> stores;
  for (int i = 0; i < count; ++i) {
    const std::string domain = domains > 0 ? "rack" + std::to_string(i % domains) : "";
    stores.push_back({StoreId{static_cast<uint32_t>(i + 1)}, domain, 1, true});
  }
  return stores;
}

/// Each group's first `n` stores.
std::vector<std::set<StoreId>> Firsts(const std::vector<PlacementStore>& stores, size_t n) {
  std::vector<std::set<StoreId>> firsts;
  for (int group = 0; group < kPlacementGroups; ++group) {
    const auto ranked = RankStores(static_cast<uint16_t>(group), stores);
    firsts.emplace_back(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(std::min(n, ranked.size())));
  }
  return firsts;
}

double ShareMoved(const std::vector<std::set<StoreId>>& a, const std::vector<std::set<StoreId>>& b) {
  size_t moved = 0, all = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    all += a[i].size();
    moved +=
        static_cast<size_t>(std::count_if(a[i].begin(), a[i].end(), [&](StoreId id) { return !b[i].contains(id); }));
  }
  return static_cast<double>(moved) / static_cast<double>(all);
}

TEST(Placement, ScoreFollowsTheFormula) {
  const uint8_t message[] = {0x34, 0x02, 0x07, 0, 0, 0};  // LE16 group 0x234, LE32 store 7
  const Digest32 digest = B2({}, Salt{}, "PBFS1.place", message);
  const long double u = (static_cast<long double>(LoadLe<uint64_t>(digest.data())) + 1) / 18446744073709551617.0L;
  EXPECT_NEAR(RendezvousScore(0x234, StoreId{7}, 2), static_cast<double>(-2 / std::log(u)), 1e-9);
  EXPECT_GT(RendezvousScore(0, StoreId{1}, 1), 0);
}

TEST(Placement, RankingIgnoresTheOrderItIsGiven) {
  std::vector<PlacementStore> stores = Stores(20);
  const auto ranked = RankStores(99, stores);
  std::reverse(stores.begin(), stores.end());
  EXPECT_EQ(RankStores(99, stores), ranked);
  EXPECT_EQ(ranked.size(), 20u);
}

TEST(Placement, AGroupListsAtMost48AndOnlyEligibleStores) {
  EXPECT_EQ(RankStores(5, Stores(60)).size(), static_cast<size_t>(kMaxShards));
  std::vector<PlacementStore> stores = Stores(3);
  stores[1].weight = 0;
  stores[2].up = false;
  const auto ranked = RankStores(5, stores);
  EXPECT_EQ(std::set<StoreId>(ranked.begin(), ranked.end()), (std::set<StoreId>{StoreId{1}, StoreId{3}}));
}

TEST(Placement, AddingOrRemovingOneStoreMovesAboutOneNth) {
  for (const int count : {8, 12, 30}) {
    const auto before = Firsts(Stores(count), 6);
    const auto after = Firsts(Stores(count + 1), 6);
    const double expected = 1.0 / (count + 1);
    EXPECT_NEAR(ShareMoved(before, after), expected, expected * 0.15);
    EXPECT_NEAR(ShareMoved(after, before), expected, expected * 0.15);
  }
}

// ---- lists that keep their places -----------------------------------------------------------------------------------------------

using Lists = std::vector<std::vector<StoreId>>;

Lists Arranged(const std::vector<PlacementStore>& stores, PlacementWidth widest, const Lists& before = {}) {
  Lists lists;
  for (int group = 0; group < kPlacementGroups; ++group) {
    const std::vector<StoreId> old = before.empty() ? std::vector<StoreId>() : before[static_cast<size_t>(group)];
    lists.push_back(ArrangeGroup(static_cast<uint16_t>(group), old, stores, widest));
  }
  return lists;
}

/// The part of all shards, of n in each group, that stand elsewhere.
double ShardsMoved(const Lists& a, const Lists& b, size_t n) {
  size_t moved = 0;
  for (size_t group = 0; group < a.size(); ++group) {
    for (size_t j = 0; j < n; ++j) moved += a[group][j] == b[group][j] ? 0 : 1;
  }
  return static_cast<double>(moved) / static_cast<double>(a.size() * n);
}

TEST(Placement, AStoreThatComesOrGoesMovesItsOwnShareOfShards) {
  for (const size_t count : {8, 12, 30}) {
    const std::vector<PlacementStore> few = Stores(static_cast<int>(count)), many = Stores(static_cast<int>(count) + 1);
    const Lists before = Arranged(few, {6, 2});
    const Lists after = Arranged(many, {6, 2}, before);
    const Lists again = Arranged(few, {6, 2}, after);
    const double share = 1.0 / (static_cast<double>(count) + 1);
    for (const size_t n : {size_t{3}, size_t{6}}) {
      EXPECT_NEAR(ShardsMoved(before, after, n), share, share * 0.1) << count << " stores, " << n << " shards";
      EXPECT_EQ(ShardsMoved(before, again, n), 0) << "it went again: everything is as it was";
    }
  }
}

TEST(Placement, EveryStoreHasItsShareOfEveryPlaceHoweverItCame) {
  Lists lists = Arranged(Stores(8), {6, 2});
  for (int count = 9; count <= 12; ++count) lists = Arranged(Stores(count), {6, 2}, lists);
  for (size_t place = 0; place < 6; ++place) {
    std::map<StoreId, int> held;
    for (const auto& list : lists) ++held[list[place]];
    for (const PlacementStore& store : Stores(12))
      EXPECT_NEAR(held[store.id], kPlacementGroups / 12.0, 70) << "store " << store.id.value << ", place " << place;
  }
}

TEST(Placement, ArrangedListsHoldWhatRendezvousChoosesAfterAnyHistory) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  std::vector<StoreId> list;
  for (int round = 0; round < TestScaled(500); ++round) {
    std::vector<PlacementStore> stores = Stores(6 + static_cast<int>(random.Below(12)), 5);
    for (PlacementStore& store : stores)
      store.weight = random.Below(4) == 0 ? 0 : 1 + static_cast<double>(random.Below(3));
    const std::vector<StoreId> before = list;
    const std::vector<StoreId> ranked = RankStores(9, stores);
    list = ArrangeGroup(9, before, stores, {6, 2});
    ASSERT_EQ(std::set<StoreId>(list.begin(), list.end()), std::set<StoreId>(ranked.begin(), ranked.end()));
    ASSERT_EQ(list.size(), ranked.size());
    const std::vector<StoreId> chosen = SelectStores(ranked, stores, 6, 2).stores;
    const auto end = list.begin() + static_cast<std::ptrdiff_t>(chosen.size());
    ASSERT_EQ(std::set<StoreId>(list.begin(), end), std::set<StoreId>(chosen.begin(), chosen.end()));
    for (size_t i = 0; i < std::min(chosen.size(), before.size()); ++i) {
      const bool stays = std::find(list.begin(), end, before[i]) != end;
      ASSERT_TRUE(!stays || list[i] == before[i]) << "a store that stays keeps its place";
    }
  }
}

TEST(Placement, StoresGetGroupsByWeight) {
  std::vector<PlacementStore> stores = Stores(10);
  stores[0].weight = 3;
  std::map<StoreId, int> first;
  for (int group = 0; group < kPlacementGroups; ++group) ++first[RankStores(static_cast<uint16_t>(group), stores)[0]];
  EXPECT_NEAR(first[StoreId{1}], kPlacementGroups * 3 / 12.0, 100);
  EXPECT_NEAR(first[StoreId{2}], kPlacementGroups / 12.0, 60);
}

TEST(Placement, SelectionTakesTheFirstThatAreUp) {
  std::vector<PlacementStore> stores = Stores(8);
  const auto group = RankStores(17, stores);
  const auto all = SelectStores(group, stores, 6, 2);
  EXPECT_EQ(all.stores, std::vector<StoreId>(group.begin(), group.begin() + 6));
  EXPECT_TRUE(all.domains_kept);
  stores[group[0].value - 1].up = false;
  EXPECT_EQ(SelectStores(group, stores, 6, 2).stores, std::vector<StoreId>(group.begin() + 1, group.begin() + 7));
  for (int i = 1; i < 4; ++i) stores[group[i].value - 1].up = false;
  EXPECT_EQ(SelectStores(group, stores, 6, 2).stores.size(), 4u) << "fewer than n are up";
}

TEST(Placement, NoDomainHoldsMoreThanMShardsWhenThereAreEnough) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  for (int round = 0; round < TestScaled(500); ++round) {
    const int m = 1 + static_cast<int>(random.Below(4));
    const int n = m + 1 + static_cast<int>(random.Below(10));
    const int domains = (n + m - 1) / m + static_cast<int>(random.Below(3));
    const std::vector<PlacementStore> stores = Stores(domains * (m + static_cast<int>(random.Below(3))), domains);
    if (stores.size() > kMaxShards) continue;
    const auto selection = SelectStores(RankStores(static_cast<uint16_t>(round % 4096), stores), stores, n, m);
    ASSERT_EQ(selection.stores.size(), static_cast<size_t>(n));
    EXPECT_TRUE(selection.domains_kept);
    std::map<std::string, int> held;
    for (const StoreId id : selection.stores) EXPECT_LE(++held[stores[id.value - 1].domain], m);
    EXPECT_EQ(std::set<StoreId>(selection.stores.begin(), selection.stores.end()).size(), selection.stores.size());
  }
}

TEST(Placement, TooFewDomainsStillGiveNStoresAndSaySo) {
  const std::vector<PlacementStore> stores = Stores(8, 2);
  const auto selection = SelectStores(RankStores(3, stores), stores, 6, 2);
  EXPECT_EQ(selection.stores.size(), 6u);
  EXPECT_FALSE(selection.domains_kept);
  EXPECT_EQ(std::set<StoreId>(selection.stores.begin(), selection.stores.end()).size(), 6u);
}

}  // namespace
}  // namespace pbfs
