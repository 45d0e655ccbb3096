#pragma once

#include <algorithm>

#include "libs/catalog/testing/catalog_fixture.h"

/// What every implementation of Repairs keeps (catalog.h). State may be shared with other tests, so each uses store ids of its own
/// and looks for what is its own.
namespace pbfs {

template <typename Fixture>
class RepairsContract : public CatalogContract<Fixture> {
 protected:
  static constexpr int32_t kLimit = 10'000;
  static constexpr uint16_t kGroup = 9;
  Repairs& repairs() { return this->fixture_.repairs(); }

  StoreInfo Store(uint32_t id) {
    return {StoreId{id}, "127.0.0.1:" + std::to_string(id), "host-" + std::to_string(id), StoreState::kUp, 1};
  }
  PlacementGroup Group() {
    const ClusterMap map = *this->ports_.groups.WatchMap(TestContext(), -1);
    return map.groups.empty() ? PlacementGroup{} : map.groups.at(kGroup);
  }
  int64_t Version() { return Group().version; }
  std::optional<GroupCheck> Check() {
    const Result<std::vector<GroupCheck>> checks = repairs().ListGroupChecks(TestContext());
    EXPECT_OK(checks);
    return checks.ok() && checks->size() > kGroup ? std::optional<GroupCheck>(checks->at(kGroup)) : std::nullopt;
  }
  /// A body of 4+2 in kGroup, all its shards in their places.
  EncodedBody MakeWhole(TestClient& client) {
    PlacementGroup group = Group();
    while (group.stores.size() < 6) {
      EXPECT_OK(this->ports_.groups.PutStore(TestContext(), Store(900 + static_cast<uint32_t>(group.stores.size()))));
      group = Group();
    }
    const std::vector<StoreId> stores(group.stores.begin(), group.stores.begin() + 6);
    const ObjectId object = client.NewObject();
    const BodyUpload upload =
        client.MakeEncoded(Bytes(100, 1), 4, 6, kGroup, this->fixture_.clock().NowMillis(), stores);
    EXPECT_EQ(this->SendCode(TestCommit(client).Creates(object).WriteBody(object, 0, 100, upload)), CommitCode::kOk);
    object_ = object;
    return *Listed(upload.encoding->id);
  }
  std::vector<Shard> Shards(const EncodedBody& body, const std::vector<uint8_t>& numbers) {
    std::vector<Shard> shards;
    for (const uint8_t number : numbers) shards.push_back({body.encoding.id, number});
    return shards;
  }
  void Mark(const EncodedBody& body, const std::vector<uint8_t>& numbers) {
    EXPECT_OK(repairs().MarkMissing(TestContext(), Shards(body, numbers)));
  }
  void Clear(int64_t version, const EncodedBody& body, const std::vector<uint8_t>& numbers) {
    std::vector<PlacedShard> shards;
    for (const uint8_t number : numbers) shards.push_back({{body.encoding.id, number}, version});
    EXPECT_OK(repairs().ClearMissing(TestContext(), shards));
  }
  /// Of all bodies of the group, other tests' too.
  void ClearAll() {
    const Result<std::vector<EncodedBody>> all = repairs().ListEncodings(TestContext(), {kGroup, {}, kGroup}, kLimit);
    ASSERT_OK(all);
    for (const EncodedBody& body : *all) Clear(Version(), body, {0, 1, 2, 3, 4, 5});
  }
  std::optional<EncodedBody> Listed(EncodingId encoding) {
    const Result<std::vector<EncodedBody>> all = repairs().ListEncodings(TestContext(), {kGroup, {}, kGroup}, kLimit);
    EXPECT_OK(all);
    for (const EncodedBody& body : all.ok() ? *all : std::vector<EncodedBody>()) {
      if (body.encoding.id == encoding) return body;
    }
    return {};
  }
  std::vector<EncodedBody> Degraded(DegradedPosition after = {}, int32_t limit = kLimit) {
    const Result<std::vector<EncodedBody>> bodies = repairs().ListDegraded(TestContext(), after, limit);
    EXPECT_OK(bodies);
    return bodies.ok() ? *bodies : std::vector<EncodedBody>();
  }
  bool IsDegraded(const EncodedBody& body) {
    const std::vector<EncodedBody> all = Degraded();
    return std::any_of(all.begin(), all.end(), [&](const EncodedBody& row) { return row.body == body.body; });
  }
  Redundancy Now() {
    const Result<Redundancy> redundancy = repairs().GetRedundancy(TestContext());
    EXPECT_OK(redundancy);
    return redundancy.ok() ? *redundancy : Redundancy{};
  }

  ObjectId object_;  // of the last MakeWhole
};
TYPED_TEST_SUITE_P(RepairsContract);

TYPED_TEST_P(RepairsContract, MissingShardsAreMarkedListedAndCleared) {
  TestClient client = this->MakeClient();
  const EncodedBody body = this->MakeWhole(client);
  EXPECT_EQ(body.missing, 0u);
  EXPECT_EQ(body.encoding.k, 4);
  EXPECT_EQ(body.encoding.n, 6);
  EXPECT_FALSE(this->IsDegraded(body));
  this->Mark(body, {1, 4, 1});
  EncodedBody marked = body;
  marked.missing = 0b010010;
  EXPECT_EQ(this->Listed(body.encoding.id), marked);
  EXPECT_EQ(this->List(this->object_).bodies.at(0).missing, marked.missing) << "readers see it";
  EXPECT_TRUE(this->IsDegraded(body));
  this->Clear(this->Version(), body, {4, 0});
  EXPECT_EQ(this->Listed(body.encoding.id)->missing, 0b000010u);
  this->Clear(this->Version(), body, {1});
  EXPECT_EQ(this->Listed(body.encoding.id), body);
  EXPECT_FALSE(this->IsDegraded(body));
}

TYPED_TEST_P(RepairsContract, ListedBodiesCarryTheirHeader) {
  TestClient client = this->MakeClient();
  const EncodedBody body = this->MakeWhole(client);
  const BodyRow row = this->List(this->object_).bodies.at(0);
  EXPECT_EQ(body.body, row.id);
  EXPECT_EQ(body.header, row.header);
  EXPECT_EQ(body.ct_root, row.ct_root);
}

TYPED_TEST_P(RepairsContract, BodiesAreFoundByTheirEncodings) {
  TestClient client = this->MakeClient();
  const EncodedBody first = this->MakeWhole(client);
  this->Mark(this->MakeWhole(client), {3});
  const EncodedBody second = *this->Listed(this->List(this->object_).bodies.at(0).encoding->id);
  const EncodingId unknown = client.MakeEncoded({}, 4, 6, TestFixture::kGroup, 1, {}).encoding->id;
  const EncodingId asked[] = {second.encoding.id, unknown, first.encoding.id};
  ASSERT_OK_AND_ASSIGN(std::vector<EncodedBody> found, this->repairs().FindEncodings(TestContext(), asked));
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.missing < b.missing; });
  EXPECT_EQ(found, (std::vector<EncodedBody>{first, second}));
  EXPECT_EQ(second.missing, 0b1000u);
  ASSERT_OK_AND_ASSIGN(found, this->repairs().FindEncodings(TestContext(), {}));
  EXPECT_TRUE(found.empty());
}

TYPED_TEST_P(RepairsContract, AnotherVersionOfTheGroupClearsNothing) {
  TestClient client = this->MakeClient();
  const EncodedBody body = this->MakeWhole(client);
  this->Mark(body, {2});
  this->Clear(this->Version() - 1, body, {2});
  this->Clear(this->Version() + 1, body, {2});
  EXPECT_EQ(this->Listed(body.encoding.id)->missing, 0b100u);
}

TYPED_TEST_P(RepairsContract, UnknownShardsArePassedOver) {
  TestClient client = this->MakeClient();
  const EncodedBody body = this->MakeWhole(client);
  this->Mark(body, {6, 47});
  EXPECT_EQ(this->Listed(body.encoding.id)->missing, 0u);
  const Shard nobodys[] = {{client.MakeEncoded({}, 4, 6, TestFixture::kGroup, 1, {}).encoding->id, 0}};
  EXPECT_OK(this->repairs().MarkMissing(TestContext(), nobodys));
  const PlacedShard placed[] = {{nobodys[0], this->Version()}};
  EXPECT_OK(this->repairs().ClearMissing(TestContext(), placed));
  EXPECT_OK(this->repairs().MarkMissing(TestContext(), {}));
}

TYPED_TEST_P(RepairsContract, TheMostEndangeredComeFirst) {
  TestClient client = this->MakeClient();
  const EncodedBody one = this->MakeWhole(client), two = this->MakeWhole(client), three = this->MakeWhole(client);
  this->Mark(one, {0});
  this->Mark(three, {0, 1, 2});
  this->Mark(two, {4, 5});
  std::vector<BodyId> order;
  DegradedPosition after;
  for (;;) {  // a page for each
    const std::vector<EncodedBody> page = this->Degraded(after, 1);
    if (page.empty()) break;
    ASSERT_EQ(page.size(), 1u);
    const DegradedPosition position{page[0].Margin(), page[0].body};
    ASSERT_LT(after, position);
    after = position;
    for (const EncodedBody* mine : {&one, &two, &three}) {
      if (mine->body == page[0].body) order.push_back(page[0].body);
    }
  }
  EXPECT_EQ(order, (std::vector<BodyId>{three.body, two.body, one.body}));
}

TYPED_TEST_P(RepairsContract, EncodingsComeInPages) {
  TestClient client = this->MakeClient();
  std::vector<EncodingId> mine;
  for (int i = 0; i < 5; ++i) mine.push_back(this->MakeWhole(client).encoding.id);
  std::sort(mine.begin(), mine.end());
  std::vector<EncodingId> seen;
  EncodingId after;
  for (;;) {
    const auto page =
        this->repairs().ListEncodings(TestContext(), {TestFixture::kGroup, after, TestFixture::kGroup}, 2);
    ASSERT_OK(page);
    if (page->empty()) break;
    ASSERT_LE(page->size(), 2u);
    for (const EncodedBody& body : *page) {
      ASSERT_LT(after, body.encoding.id);
      ASSERT_EQ(PlacementGroupOf(body.encoding.id), TestFixture::kGroup);
      after = body.encoding.id;
      if (std::count(mine.begin(), mine.end(), after) > 0) seen.push_back(after);
    }
  }
  EXPECT_EQ(seen, mine);
  const auto of_all = this->repairs().ListEncodings(TestContext(), {0, {}, kPlacementGroups - 1}, TestFixture::kLimit);
  ASSERT_OK(of_all);
  EXPECT_GE(of_all->size(), mine.size());
  EXPECT_TRUE(std::is_sorted(of_all->begin(), of_all->end(), [](const EncodedBody& a, const EncodedBody& b) {
    return PlacementGroupOf(a.encoding.id) < PlacementGroupOf(b.encoding.id);
  }));
  EXPECT_CODE(this->repairs().ListEncodings(TestContext(), {}, 0), kInvalidArgument);
  EXPECT_CODE(this->repairs().ListDegraded(TestContext(), {}, 0), kInvalidArgument);
}

TYPED_TEST_P(RepairsContract, APurgedBodyIsNobodysConcern) {
  TestClient client = this->MakeClient();
  const EncodedBody body = this->MakeWhole(client);
  this->Mark(body, {0});
  ASSERT_EQ(this->SendCode(TestCommit(client).Write(this->object_, 0, Bytes(100, 2))), CommitCode::kOk);
  for (int64_t looked = 1; looked > 0;) looked = *this->fixture_.garbage().PurgeMark(TestContext(), {}, 1000);
  EXPECT_FALSE(this->IsDegraded(body));
  EXPECT_EQ(this->Listed(body.encoding.id), std::nullopt);
  this->Mark(body, {1});
  EXPECT_FALSE(this->IsDegraded(body));
}

TYPED_TEST_P(RepairsContract, ACheckedGroupIsActiveOnceNothingIsMissing) {
  TestClient client = this->MakeClient();
  const EncodedBody body = this->MakeWhole(client);
  const int64_t before = this->Version();
  for (uint32_t id = 701; this->Version() == before; ++id)  // until one changes the group
    ASSERT_OK(this->ports_.groups.PutStore(TestContext(), this->Store(id)));
  PlacementGroup group = this->Group();
  EXPECT_FALSE(group.previous.empty());
  EXPECT_EQ(this->Check()->version, group.version);
  EXPECT_EQ(this->Check()->checked_ms, std::nullopt);
  const int64_t map = this->ports_.groups.WatchMap(TestContext(), -1)->version;

  const GroupVersion stale[] = {{group.group, before}};
  ASSERT_OK(this->repairs().GroupsChecked(TestContext(), stale));
  EXPECT_EQ(this->Check()->checked_ms, std::nullopt) << "it was another version that was checked";

  this->Mark(body, {3});
  const GroupVersion checked[] = {{group.group, group.version}};
  ASSERT_OK(this->repairs().GroupsChecked(TestContext(), checked));
  EXPECT_NE(this->Check()->checked_ms, std::nullopt);
  EXPECT_EQ(this->Group(), group) << "a shard is missing: it may stand where the group was before";

  this->ClearAll();
  ASSERT_OK(this->repairs().GroupsChecked(TestContext(), checked));
  group.members.assign(group.stores.size(), MemberState::kActive);
  group.previous.clear();
  EXPECT_EQ(this->Group(), group);
  EXPECT_GT(this->ports_.groups.WatchMap(TestContext(), -1)->version, map) << "all who follow the map hear of it";
}

// A store tells which start it came from. Where that is not the one that is remembered, its disk is not what it was.
TYPED_TEST_P(RepairsContract, AStoreThatComesBackWithAnotherDiskIsLookedAtAnew) {
  const auto put = [&](const std::string& start, const std::string& before) {
    StoreInfo store = this->Store(126);
    store.start = start, store.start_before = before;
    EXPECT_OK(this->ports_.groups.PutStore(TestContext(), store));
    const ClusterMap map = *this->ports_.groups.WatchMap(TestContext(), -1);
    EXPECT_EQ(map.FindStore(StoreId{126})->start_before, "");
    return map.FindStore(StoreId{126})->start;
  };
  const auto unchecked = [&] {
    std::vector<GroupVersion> checked;
    const std::vector<GroupCheck> checks = *this->repairs().ListGroupChecks(TestContext());
    const auto count = std::count_if(checks.begin(), checks.end(), [](const auto& c) { return !c.checked_ms; });
    for (const GroupCheck& check : checks) checked.push_back({check.group, check.version});
    EXPECT_OK(this->repairs().GroupsChecked(TestContext(), checked));
    return count;
  };
  EXPECT_EQ(put("", ""), "");
  unchecked();
  EXPECT_EQ(put("a", ""), "a");
  EXPECT_EQ(unchecked(), 0) << "nothing was known before";
  EXPECT_EQ(put("b", "a"), "b");
  EXPECT_EQ(put("b", ""), "b");
  EXPECT_EQ(put("", ""), "b") << "an administrator, or a store that could not write";
  EXPECT_EQ(unchecked(), 0);
  EXPECT_EQ(put("c", ""), "c");
  EXPECT_EQ(unchecked(), kPlacementGroups) << "an empty disk";
  EXPECT_EQ(put("d", "b"), "d");
  EXPECT_EQ(unchecked(), kPlacementGroups) << "as it was before the start c";
  StoreInfo store = this->Store(126);
  store.start = std::string(65, 'x');
  EXPECT_CODE(this->ports_.groups.PutStore(TestContext(), store), kInvalidArgument);
}

TYPED_TEST_P(RepairsContract, RedundancyCounts) {
  TestClient client = this->MakeClient();
  const EncodedBody one = this->MakeWhole(client), two = this->MakeWhole(client);
  const Redundancy before = this->Now();
  EXPECT_EQ(before.groups, kPlacementGroups);
  this->Mark(one, {0, 1});
  this->Mark(two, {2, 3, 4});
  ASSERT_OK(this->repairs().ReportSuspect(TestContext(), two.encoding.id));
  ASSERT_OK(this->repairs().ReportSuspect(TestContext(), two.encoding.id));
  Redundancy after = this->Now();
  const auto count = [](const Redundancy& in, int margin) {
    return in.degraded.contains(margin) ? in.degraded.at(margin) : 0;
  };
  EXPECT_EQ(count(after, 0), count(before, 0) + 1);
  EXPECT_EQ(count(after, -1), count(before, -1) + 1);
  EXPECT_EQ(after.suspects, before.suspects + 1);
  EXPECT_GE(after.now_ms, before.now_ms);

  const GroupVersion checked[] = {{TestFixture::kGroup, this->Version()}};
  ASSERT_OK(this->repairs().GroupsChecked(TestContext(), checked));
  after = this->Now();
  EXPECT_LT(after.unchecked, kPlacementGroups);
  ASSERT_TRUE(after.oldest_check_ms);
  EXPECT_LE(*after.oldest_check_ms, after.now_ms + 1);
  ASSERT_OK(this->repairs().Recheck(TestContext()));
  EXPECT_EQ(this->Now().unchecked, kPlacementGroups);
}

REGISTER_TYPED_TEST_SUITE_P(RepairsContract, MissingShardsAreMarkedListedAndCleared, ListedBodiesCarryTheirHeader,
                            BodiesAreFoundByTheirEncodings, AnotherVersionOfTheGroupClearsNothing,
                            UnknownShardsArePassedOver, TheMostEndangeredComeFirst, EncodingsComeInPages,
                            APurgedBodyIsNobodysConcern, ACheckedGroupIsActiveOnceNothingIsMissing,
                            AStoreThatComesBackWithAnotherDiskIsLookedAtAnew, RedundancyCounts);

}  // namespace pbfs
