#pragma once

#include <algorithm>

#include "libs/catalog/place_groups.h"
#include "libs/catalog/testing/catalog_fixture.h"

/// What every implementation of Groups keeps (catalog.h). State may be shared between tests, so each uses store ids of its
/// own and counts from what it finds.
namespace pbfs {

template <typename Fixture>
class GroupsContract : public CatalogContract<Fixture> {
 protected:
  ClusterMap Map() { return *this->ports_.groups.WatchMap(TestContext(), -1); }
  StoreInfo Store(uint32_t id, StoreState state = StoreState::kUp) {
    return {StoreId{id}, "127.0.0.1:" + std::to_string(id), "host-" + std::to_string(id), state, 1};
  }
  Status Put(const StoreInfo& store) { return this->ports_.groups.PutStore(TestContext(), store); }
  /// Makes the site hold data: from then on no shard moves without need.
  void PutData() {
    TestClient client = this->MakeClient();
    const ObjectId object = client.NewObject();
    EXPECT_EQ(this->SendCode(TestCommit(client).Creates(object).Write(object, 0, Bytes(5000, 1))), CommitCode::kOk);
  }
  static bool HasMember(const PlacementGroup& group, uint32_t id) {
    return std::find(group.stores.begin(), group.stores.end(), StoreId{id}) != group.stores.end();
  }
};
TYPED_TEST_SUITE_P(GroupsContract);

TYPED_TEST_P(GroupsContract, StoresAppearInMapAndGroups) {
  const int64_t before = this->Map().version;
  for (uint32_t id = 101; id <= 106; ++id) ASSERT_OK(this->Put(this->Store(id)));
  const ClusterMap map = this->Map();
  EXPECT_GT(map.version, before);
  EXPECT_EQ(map.site, SiteId{1});
  const auto found =
      std::find_if(map.stores.begin(), map.stores.end(), [](const StoreInfo& s) { return s.id.value == 103; });
  ASSERT_NE(found, map.stores.end());
  EXPECT_EQ(*found, this->Store(103));
  ASSERT_EQ(map.groups.size(), static_cast<size_t>(kPlacementGroups));
  for (const PlacementGroup& group : map.groups) {
    ASSERT_EQ(group.stores.size(), group.members.size());
    for (uint32_t id = 101; id <= 106; ++id) ASSERT_TRUE(this->HasMember(group, id));
  }
}

TYPED_TEST_P(GroupsContract, RepeatedPutChangesNothing) {
  ASSERT_OK(this->Put(this->Store(111)));
  const ClusterMap map = this->Map();
  ASSERT_OK(this->Put(this->Store(111)));
  EXPECT_EQ(this->Map().version, map.version);
}

TYPED_TEST_P(GroupsContract, NewAddressChangesTheMapButNoGroup) {
  ASSERT_OK(this->Put(this->Store(121)));
  const ClusterMap before = this->Map();
  StoreInfo moved = this->Store(121);
  moved.address = "127.0.0.1:9";
  ASSERT_OK(this->Put(moved));
  EXPECT_GT(this->Map().version, before.version);
  EXPECT_EQ(this->Map().groups, before.groups);
}

TYPED_TEST_P(GroupsContract, GoneStoreLeavesItsGroupsWhichRememberIt) {
  ASSERT_OK(this->Put(this->Store(131)));
  this->PutData();
  const ClusterMap before = this->Map();
  ASSERT_OK(this->Put(this->Store(131, StoreState::kDown)));
  ASSERT_OK(this->Put(this->Store(131, StoreState::kGone)));
  const ClusterMap after = this->Map();
  for (int g = 0; g < kPlacementGroups; ++g) {
    ASSERT_FALSE(this->HasMember(after.groups[g], 131));
    ASSERT_GT(after.groups[g].version, before.groups[g].version);
    const std::vector<StoreId>& previous = after.groups[g].previous;
    ASSERT_TRUE(std::equal(before.groups[g].stores.begin(), before.groups[g].stores.end(), previous.begin()));
  }
}

TYPED_TEST_P(GroupsContract, ADrainThatCostsRedundancyIsRefused) {
  const auto others = [&] {
    const ClusterMap map = this->Map();
    return std::count_if(map.stores.begin(), map.stores.end(), [](const StoreInfo& s) {
      return s.state == StoreState::kUp || s.state == StoreState::kSuspect;
    });
  };
  for (uint32_t id = 181; id <= 187; ++id) ASSERT_OK(this->Put(this->Store(id)));
  this->PutData();
  EXPECT_CODE(this->Put(this->Store(181, StoreState::kGone)), kFailedPrecondition);  // it is in use
  // Those of other tests go first, whatever they are.
  for (const StoreInfo& store : this->Map().stores) {
    StoreInfo down = store;
    down.state = StoreState::kDown;
    if (store.state == StoreState::kGone || (store.id.value >= 181 && store.id.value <= 187)) continue;
    ASSERT_OK(this->Put(down));
  }
  ASSERT_EQ(others(), 7);
  ASSERT_OK(this->Put(this->Store(181, StoreState::kDraining)));
  EXPECT_CODE(this->Put(this->Store(181, StoreState::kGone)), kFailedPrecondition);  // groups count on it
  const Status refused = this->Put(this->Store(182, StoreState::kDraining));
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_NE(refused.message().find("add 1 before"), std::string::npos) << refused.ToString();
  ASSERT_OK(this->Put(this->Store(183, StoreState::kDown)));
  EXPECT_CODE(this->Put(this->Store(183, StoreState::kDraining)), kFailedPrecondition);
  EXPECT_OK(this->Put(this->Store(183, StoreState::kGone))) << "it is lost";
  EXPECT_CODE(this->Put(this->Store(183)), kFailedPrecondition);  // who was removed stays so
  EXPECT_OK(this->Put(this->Store(181)));
}

// Where a store has a place that it had not, and only there; the others keep theirs.
TYPED_TEST_P(GroupsContract, LateMemberIsBackfilled) {
  for (uint32_t id = 141; id <= 146; ++id) ASSERT_OK(this->Put(this->Store(id)));
  this->PutData();
  const ClusterMap before = this->Map();
  ASSERT_OK(this->Put(this->Store(147)));
  const ClusterMap after = this->Map();
  int came = 0;
  for (int g = 0; g < kPlacementGroups; ++g) {
    const PlacementGroup &was = before.groups[g], &is = after.groups[g];
    for (size_t i = 0; i < 6; ++i) {
      if (is.stores[i] == was.stores[i]) continue;
      ++came;
      ASSERT_EQ(is.stores[i], StoreId{147});
      ASSERT_EQ(is.members[i], MemberState::kBackfill);
    }
  }
  EXPECT_GT(came, 0);
}

TYPED_TEST_P(GroupsContract, WatchWakesOnAChange) {
  const int64_t version = this->Map().version;
  Result<ClusterMap> seen = NotFoundError("not yet");
  Thread watcher("watcher", [&] { seen = this->ports_.groups.WatchMap(TestContext(), version); });
  ASSERT_OK(this->Put(this->Store(151)));
  watcher.Join();
  ASSERT_OK(seen);
  EXPECT_GT(seen->version, version);
}

TYPED_TEST_P(GroupsContract, WatchEndsWithItsDeadline) {
  const Context context = Context::WithTimeout(std::chrono::milliseconds(50));
  EXPECT_CODE(this->ports_.groups.WatchMap(context, this->Map().version + 1000), kDeadlineExceeded);
}

TYPED_TEST_P(GroupsContract, ShardsAwayFromTheirPlaceAreMissing) {
  for (uint32_t id = 161; id <= 166; ++id) ASSERT_OK(this->Put(this->Store(id)));
  const PlacementGroup group = this->Map().groups[5];
  TestClient client = this->MakeClient();
  const ObjectId object = client.NewObject();
  std::vector<StoreId> stores(group.stores.begin(), group.stores.begin() + 6);
  std::swap(stores[1], stores[2]);  // an older version of the group, say
  stores.pop_back();                // and one store was down
  const BodyUpload body = client.MakeEncoded(Bytes(100, 1), 4, 6, 5, this->fixture_.clock().NowMillis(), stores);
  ASSERT_EQ(this->SendCode(TestCommit(client).Creates(object).WriteBody(object, 0, 100, body)), CommitCode::kOk);
  EXPECT_EQ(this->List(object).bodies.at(0).missing, 0b100110u);
}

// Readers skip a domain that already holds m shards (format, section 16), so what stands where they look is not missing. Groups
// are arranged for the site's own scheme, 4+2; one with m = 1 has to skip.
// A store may go between a put and its Commit: 5 of 6 make a body of 4+2 durable.
TYPED_TEST_P(GroupsContract, ReceiptsOfStoresThatAreGoneDoNotCount) {
  TestClient client = this->MakeClient();
  const ObjectId object = this->MakeObject(client);
  const std::vector<StoreId> stores = {{191}, {192}, {193}, {194}, {195}, {196}};
  for (const StoreId store : stores) ASSERT_OK(this->Put(this->Store(store.value)));
  const auto code = [&] {
    const BodyUpload body = client.MakeEncoded(Bytes(100, 1), 4, 6, 5, this->fixture_.clock().NowMillis(), stores);
    return this->SendCode(TestCommit(client).WriteBody(object, 0, 100, body));
  };
  const auto lose = [&](uint32_t store) {
    ASSERT_OK(this->Put(this->Store(store, StoreState::kDown)));
    EXPECT_EQ(code(), CommitCode::kOk) << "it may come back";
    ASSERT_OK(this->Put(this->Store(store, StoreState::kGone)));
  };
  ASSERT_NO_FATAL_FAILURE(lose(191));
  EXPECT_EQ(code(), CommitCode::kOk);
  ASSERT_NO_FATAL_FAILURE(lose(196));
  EXPECT_EQ(code(), CommitCode::kEncodingExpired);
}

TYPED_TEST_P(GroupsContract, ShardsThatFullDomainsMovedAreInTheirPlace) {
  for (uint32_t id = 171; id <= 179; ++id) {
    StoreInfo store = this->Store(id);
    if (id <= 174) store.domain = "rack-171";
    ASSERT_OK(this->Put(store));
  }
  ClusterMap map = this->Map();
  const auto places = [&](const PlacementGroup& group) {
    return SelectStores(group.stores, PlacementStoresOf(map.stores), 6, 1).stores;
  };
  const auto moved = [&](const PlacementGroup& group) {
    const std::vector<StoreId> selected = places(group);
    return !std::equal(selected.begin(), selected.end(), group.stores.begin());
  };
  const auto group = std::find_if(map.groups.begin(), map.groups.end(), moved);
  ASSERT_NE(group, map.groups.end());
  const uint16_t number = group->group;
  TestClient client = this->MakeClient();
  const int64_t now = this->fixture_.clock().NowMillis();
  const auto missing = [&](const std::vector<StoreId>& holders) {
    const ObjectId object = client.NewObject();
    const BodyUpload body = client.MakeEncoded(Bytes(100, 1), 5, 6, number, now, holders);
    EXPECT_EQ(this->SendCode(TestCommit(client).Creates(object).WriteBody(object, 0, 100, body)), CommitCode::kOk);
    return this->List(object).bodies.at(0).missing;
  };
  EXPECT_EQ(missing(places(*group)), 0u);
  EXPECT_NE(missing({group->stores.begin(), group->stores.begin() + 6}), 0u);
  // Without the full domain nothing is skipped any more.
  for (uint32_t id = 171; id <= 174; ++id) ASSERT_OK(this->Put(this->Store(id)));
  map = this->Map();
  const std::vector<StoreId>& stores = map.groups[number].stores;
  EXPECT_EQ(missing({stores.begin(), stores.begin() + 6}), 0u);
}

REGISTER_TYPED_TEST_SUITE_P(GroupsContract, StoresAppearInMapAndGroups, RepeatedPutChangesNothing,
                            NewAddressChangesTheMapButNoGroup, GoneStoreLeavesItsGroupsWhichRememberIt,
                            ADrainThatCostsRedundancyIsRefused, LateMemberIsBackfilled, WatchWakesOnAChange,
                            WatchEndsWithItsDeadline, ShardsAwayFromTheirPlaceAreMissing,
                            ReceiptsOfStoresThatAreGoneDoNotCount, ShardsThatFullDomainsMovedAreInTheirPlace);

}  // namespace pbfs
