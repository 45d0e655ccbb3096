#include "services/repairer/repairer.h"

#include "services/repairer/repairer_fixture.h"

namespace pbfs::repairer {
namespace {

TEST_F(RepairerTest, FindsNothingToDoWhereAllIsWell) {
  PutObjects(8);
  const RepairPass pass = Repair();
  EXPECT_EQ(pass.bodies + pass.left, 0);
  EXPECT_EQ(checked_.groups, kPlacementGroups);
  EXPECT_EQ(checked_.shards, 2 * 3 + 6 * 6);
  EXPECT_EQ(Now().unchecked, 0);
  EXPECT_TRUE(Now().degraded.empty());
  Repair();
  EXPECT_EQ(checked_.groups, 0) << "not before the time comes";
  clock_.Advance(int64_t{8} * 86'400'000'000);
  Repair();
  EXPECT_EQ(checked_.groups, kPlacementGroups);
}

TEST_F(RepairerTest, LostFragmentsComeBackByteForByte) {
  PutObjects(12);
  MakeBucket(Integrity::kSha256);
  PutObjects(8);
  const Fragments before = AllFragments();
  const size_t lost = FragmentsOf(2).size() + FragmentsOf(5).size();
  Wipe(2);
  Wipe(5);
  const RepairPass pass = Repair();
  EXPECT_EQ(checked_.missing, static_cast<int64_t>(lost));
  EXPECT_EQ(pass.shards, static_cast<int64_t>(lost));
  EXPECT_EQ(pass.left, 0) << pass.trouble.ToString();
  EXPECT_OK(pass.trouble);
  EXPECT_EQ(AllFragments(), before);
  EXPECT_TRUE(Now().degraded.empty());
}

// What a write missed is in the catalog, so nobody has to look for it.
TEST_F(RepairerTest, F09_WhatAWriteMissedIsMadeUpFor) {
  Repair();
  cluster_.store(0).SetDown(true);
  PutObjects(16);
  const int64_t missed = client_->Stats().fragments_missing;
  cluster_.store(0).SetDown(false);
  int64_t marked = 0;
  for (const auto& [margin, bodies] : Now().degraded) marked += bodies * (2 - margin);
  EXPECT_EQ(marked, missed);
  const RepairPass pass = Repair();
  EXPECT_EQ(checked_.groups, 0);
  EXPECT_EQ(pass.shards, missed);
  EXPECT_EQ(pass.left, 0);
  EXPECT_TRUE(Now().degraded.empty());
}

// The purge may come between the list of what is to be repaired and the put: then a fragment of nobody's stands there, and the
// sweep takes it.
TEST_F(RepairerTest, F53_AFragmentThatARepairPutTooLateIsSwept) {
  PutObjects(3);
  const Fragments before = AllFragments();
  const FragmentKey key = before.begin()->first.second;
  const int store = static_cast<int>(before.begin()->first.first.value) - 1;
  ASSERT_TRUE(cluster_.disk(store).Lose(key));
  const Shard lost[] = {{key.encoding, key.shard}};
  ASSERT_OK(cluster_.catalog().MarkMissing(TestContext(), lost));
  ASSERT_OK_AND_ASSIGN(const auto degraded, cluster_.catalog().ListDegraded(TestContext(), {}, 10));
  ASSERT_EQ(degraded.size(), 1u);
  for (const auto& [name, content] : contents_) ASSERT_OK(bucket_->Unbind(TestContext(), name));
  clock_.Advance(120'000'000);
  MemoryCatalog& catalog = cluster_.catalog();
  ASSERT_OK(catalog.AdvanceFloor(TestContext()));
  ASSERT_OK(catalog.Reap(TestContext(), 10));
  for (int i = 0; i < 6; ++i) ASSERT_OK(catalog.DropRows(TestContext(), 10));
  ASSERT_OK(catalog.PurgeMark(TestContext(), {}, 100));
  ASSERT_OK_AND_ASSIGN(const auto purging, catalog.ListPurging(TestContext(), 100));
  std::vector<BodyId> bodies;
  for (const PurgingBody& body : purging) bodies.push_back(body.body);
  ASSERT_EQ(bodies.size(), 3u);
  ASSERT_OK(catalog.PurgeDone(TestContext(), bodies));

  Pacer pacer(0);
  const ClusterMap map = Map();
  const RepairSite site{map, cluster_.fragment_stores(), {}, [](StoreId) { return false; }, [](StoreId) {}, pacer};
  EXPECT_OK(RepairBody(TestContext(), site, degraded[0]).status);
  EXPECT_TRUE(FragmentsOf(store).contains({TwinCluster::IdOf(store), key}));
  EXPECT_EQ(Repair().shards, 0) << "nobody asks for it any more";
  clock_.Advance(int64_t{25} * 3'600'000'000);
  const EncodingId reported[] = {key.encoding};
  ASSERT_OK(catalog.SweepMark(TestContext(), reported));
  ASSERT_OK(catalog.SweepArm(TestContext()));
  ASSERT_OK_AND_ASSIGN(const auto confirmed, catalog.SweepConfirm(TestContext(), 10));
  EXPECT_EQ(confirmed, std::vector<EncodingId>{key.encoding});
}

TEST_F(RepairerTest, BadFragmentsAreReplaced) {
  PutObjects(8);
  const Fragments before = AllFragments();
  const Fragments of_one = FragmentsOf(3);
  for (const auto& [key, bytes] : of_one)
    ASSERT_TRUE(cluster_.disk(3).Damage(key.second, static_cast<int64_t>(bytes.size()) / 2));
  ExpectAllReadable();
  FragmentsOf(3);  // the store has seen them all now, as its scrub would have
  const RepairPass pass = Repair();
  EXPECT_EQ(pass.shards, static_cast<int64_t>(of_one.size()));
  EXPECT_EQ(AllFragments(), before);
}

// What is marked may have come late, or have been put by a client with an old map: then it is a source like any other.
TEST_F(RepairerTest, ShardsThatAreThereThoughMarkedAreUsed) {
  PutObjects(4);
  const Fragments before = AllFragments();
  const FragmentKey victim = before.rbegin()->first.second;
  std::vector<Shard> marked;
  for (uint8_t j = 0; j < 6; ++j) marked.push_back({victim.encoding, j});
  ASSERT_OK(cluster_.catalog().MarkMissing(TestContext(), marked));
  ASSERT_TRUE(cluster_.disk(static_cast<int>(before.rbegin()->first.first.value) - 1).Lose(victim));
  EXPECT_EQ(Repair().left, 0);
  EXPECT_TRUE(Now().degraded.empty());
  EXPECT_EQ(AllFragments(), before);
}

// Its domain of failures is lost for good: everything it had is made anew elsewhere, and nothing else moves.
TEST_F(RepairerTest, AStoreThatIsLostForGoodIsMadeUpFor) {
  PutObjects(40);
  Repair();
  const size_t fragments = AllFragments().size();
  const int64_t lost = Wipe(4);
  cluster_.store(4).SetDown(true);
  SetState(4, StoreState::kDown);
  const RepairPass pass = Repair();
  EXPECT_EQ(pass.left, 0) << pass.trouble.ToString();
  EXPECT_EQ(pass.bytes_written, lost) << "nothing else has moved";
  EXPECT_LE(static_cast<double>(pass.bytes_read), 4 * 1.05 * static_cast<double>(lost) * 1.5);  // few bodies: chance
  EXPECT_EQ(AllFragments().size(), fragments);
  Repair();
  EXPECT_EQ(Now().backfilling, 0);
  EXPECT_EQ(Now().unchecked, 0);
  cluster_.store(0).SetDown(true);
  cluster_.store(1).SetDown(true);
  ExpectAllReadable();
}

// Its fragments are copied, not computed.
TEST_F(RepairerTest, ADrainedStoreIsNotNeededAnyMore) {
  PutObjects(24);
  Repair();
  int64_t held = 0;
  for (const auto& [key, bytes] : FragmentsOf(6)) held += static_cast<int64_t>(bytes.size());
  SetState(6, StoreState::kDraining);
  ExpectAllReadable();  // before anything has moved
  const RepairPass pass = Repair();
  EXPECT_EQ(pass.left, 0) << pass.trouble.ToString();
  EXPECT_EQ(pass.bytes_written, held);
  EXPECT_EQ(pass.bytes_read, held);
  Repair();
  for (const PlacementGroup& group : Map().groups) ASSERT_TRUE(group.previous.empty());
  Wipe(6);
  cluster_.store(6).SetDown(true);
  cluster_.store(2).SetDown(true);
  cluster_.store(3).SetDown(true);
  ExpectAllReadable();
}

// A drained store is empty of bytes too, but not before readers with an older map are gone, and of nothing else's copies.
TEST_F(RepairerTest, OldCopiesAreDroppedOnceAllShardsStandInTheirPlaces) {
  PutObjects(24);
  Repair();
  const Fragments before = AllFragments();
  SetState(6, StoreState::kDraining);
  const auto drop = [&] {
    const Result<CopiesPass> pass = MakeRepairer().DropOldCopies(TestContext());
    EXPECT_OK(pass);
    return pass.ok() ? *pass : CopiesPass{};
  };
  EXPECT_EQ(drop().dropped, 0) << "nothing has moved yet";
  Repair();
  Repair();
  const Fragments both = AllFragments();
  const Fragments old = FragmentsOf(6);
  ASSERT_EQ(both.size(), before.size() + old.size());
  CopiesPass pass = drop();
  EXPECT_EQ(pass.dropped, 0) << "too early";
  EXPECT_EQ(pass.waiting, static_cast<int64_t>(old.size()));

  clock_.Advance(1'800'000'000);
  // Of this one a shard is lost meanwhile, and nobody has noticed: all its copies stay.
  const auto victim = std::find_if(both.begin(), both.end(), [&](const auto& row) {
    return !old.contains(row.first) && row.first.second == old.begin()->first.second;
  });
  ASSERT_NE(victim, both.end());
  ASSERT_TRUE(cluster_.disk(static_cast<int>(victim->first.first.value) - 1).Lose(victim->first.second));
  pass = drop();
  EXPECT_EQ(pass.dropped, static_cast<int64_t>(old.size()) - 1);
  EXPECT_EQ(pass.waiting, 1);
  EXPECT_TRUE(FragmentsOf(6).contains(old.begin()->first));
  EXPECT_EQ(Repair().shards, 1);
  clock_.Advance(1'800'000'000);
  EXPECT_EQ(drop().dropped, 1);
  EXPECT_TRUE(FragmentsOf(6).empty());
  ExpectAllReadable();

  // Its places come back, and so do the fragments.
  SetState(6, StoreState::kUp);
  EXPECT_EQ(Repair().left, 0);
  Repair();
  EXPECT_EQ(FragmentsOf(6), old);
  clock_.Advance(1'800'000'000);
  drop();
  EXPECT_EQ(AllFragments(), before);
}

/// Two stores share a domain of failures, and a bucket with one parity shard may have one shard in each: then shard j does not stand
/// at the j-th place of its group where the list has two of a domain before that.
class SharedDomainsTest : public RepairerTest {
 protected:
  void SetUp() override {
    for (int i = 0; i < cluster_.stores(); ++i) {
      StoreInfo info = *Map().FindStore(TwinCluster::IdOf(i));
      info.domain = "rack-" + std::to_string(i / 2);
      ASSERT_OK(cluster_.catalog().PutStore(TestContext(), info));
    }
    client_ = cluster_.NewClient();
    BucketSettings settings;
    settings.name = "b";
    settings.k = 2, settings.m = 1;
    ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->CreateBucket(TestContext(), settings));
    bucket_ = std::make_unique<Bucket>(std::move(bucket));
    PutObjects(40);
    Repair();
  }
};

TEST_F(SharedDomainsTest, NoCopyInItsPlaceIsDropped) {
  const Fragments before = AllFragments();
  clock_.Advance(1'800'000'000);
  ASSERT_OK_AND_ASSIGN(const CopiesPass pass, MakeRepairer().DropOldCopies(TestContext()));
  EXPECT_EQ(pass.dropped, 0);
  EXPECT_EQ(pass.waiting, 0);
  EXPECT_EQ(AllFragments(), before);
}

TEST_F(SharedDomainsTest, WhatAStoreReportsAsBadIsMarkedWhereverItsPlaceIs) {
  int64_t bad = 0;
  for (int store = 0; store < cluster_.stores(); ++store) {
    for (const auto& [key, bytes] : FragmentsOf(store)) {
      ASSERT_TRUE(cluster_.disk(store).Damage(key.second, static_cast<int64_t>(bytes.size()) / 2));
      ++bad;
    }
    FragmentsOf(store);  // the store has seen them now, as its scrub would have
  }
  EXPECT_EQ(*MakeRepairer().MarkCorrupt(TestContext()), bad);
}

TEST_F(RepairerTest, AStoreIsGoneThroughForOldCopiesOnceForEachChange) {
  PutObjects(8);
  Repair();
  clock_.Advance(1'800'000'000);
  Repairer repairer = MakeRepairer();
  EXPECT_EQ(repairer.DropOldCopies(TestContext())->stores, 8);
  EXPECT_EQ(repairer.DropOldCopies(TestContext())->stores, 0);
  SetState(6, StoreState::kDraining);
  ASSERT_OK_AND_ASSIGN(const CopiesPass pass, repairer.DropOldCopies(TestContext()));
  EXPECT_EQ(pass.waiting, static_cast<int64_t>(FragmentsOf(6).size()));
  EXPECT_EQ(pass.stores, 7) << "all but the one whose fragments have not moved yet";
}

// They may be of an upload that is not committed yet. What is purged is the collector's to delete, and its id never used again.
TEST_F(RepairerTest, FragmentsOfNoLiveBodyAreLeftAlone) {
  PutObjects(4);
  for (const auto& [name, content] : contents_) ASSERT_OK(bucket_->Unbind(TestContext(), name));
  clock_.Advance(120'000'000);
  MemoryCatalog& catalog = cluster_.catalog();
  ASSERT_OK(catalog.AdvanceFloor(TestContext()));
  ASSERT_OK(catalog.Reap(TestContext(), 10));
  for (int i = 0; i < 8; ++i) ASSERT_OK(catalog.DropRows(TestContext(), 10));
  ASSERT_OK(catalog.PurgeMark(TestContext(), {}, 100));
  const Fragments before = AllFragments();
  ASSERT_FALSE(before.empty());
  for (const int store : {5, 6}) SetState(store, StoreState::kDraining);
  Repair();
  clock_.Advance(1'800'000'000);
  ASSERT_OK_AND_ASSIGN(const CopiesPass pass, MakeRepairer().DropOldCopies(TestContext()));
  EXPECT_EQ(pass.dropped, 0);
  EXPECT_EQ(pass.waiting, 0);
  EXPECT_EQ(AllFragments(), before);
}

TEST_F(RepairerTest, AStoreThatComesMovesItsShare) {
  SetState(7, StoreState::kDraining);
  PutObjects(40);
  Repair();
  int64_t all = 0;
  for (const auto& [key, bytes] : AllFragments()) all += static_cast<int64_t>(bytes.size());
  SetState(7, StoreState::kUp);
  const RepairPass pass = Repair();
  EXPECT_EQ(pass.left, 0) << pass.trouble.ToString();
  EXPECT_EQ(pass.bytes_read, pass.bytes_written) << "all of it copied";
  EXPECT_GT(pass.bytes_written, 0);
  EXPECT_LT(pass.bytes_written, all / 4) << "an eighth, about";
  Repair();
  EXPECT_EQ(Now().backfilling, 0);
  ExpectAllReadable();
}

// F18, format 5.1: one shard more than k shows that one is wrong, two more which.
TEST_F(RepairerTest, ALieIsNotWrittenOn) {
  PutObjects(4);
  const Fragments before = AllFragments();
  const auto victim = std::find_if(before.begin(), before.end(), [](const auto& row) {
    return row.second.size() > 50'000 && row.first.second.shard == 5;
  });
  const EncodingId encoding = victim->first.second.encoding;
  const auto of = [&](uint8_t shard) {
    return std::find_if(before.begin(), before.end(), [&](const auto& row) {
      return row.first.second == FragmentKey{encoding, shard};
    });
  };
  const auto store_of = [&](uint8_t shard) { return static_cast<int>(of(shard)->first.first.value) - 1; };
  MakeLie(store_of(1), {encoding, 1}, of(1)->second);
  ASSERT_TRUE(cluster_.disk(store_of(5)).Lose({encoding, 5}));
  Repairer::Options always;
  always.extra_reads = 1;
  RepairPass pass = Repair(always);
  EXPECT_EQ(pass.suspects, 1) << "five shards are here, one lies: which cannot be told";
  EXPECT_EQ(pass.shards, 0);
  EXPECT_EQ(Now().suspects, 1);
  // A further one, another body's: six are here, the lie is located, and the right bytes are written.
  ASSERT_OK(cluster_.disk(store_of(5)).Stat(TestContext()));
  ExpectAllReadable();
}

TEST_F(RepairerTest, WithLeavesALieIsLocatedFromAnyKHonestShards) {
  MakeBucket(Integrity::kSha256);
  PutObjects(4);
  const Fragments before = AllFragments();
  const auto victim = std::find_if(before.begin(), before.end(), [](const auto& row) {
    return row.second.size() > 50'000 && row.first.second.shard == 5;
  });
  const EncodingId encoding = victim->first.second.encoding;
  for (const auto& [key, bytes] : before) {
    const int store = static_cast<int>(key.first.value) - 1;
    if (key.second == FragmentKey{encoding, 1}) MakeLie(store, key.second, bytes);
    if (key.second == FragmentKey{encoding, 5}) cluster_.disk(store).Lose(key.second);
  }
  const RepairPass pass = Repair();
  EXPECT_EQ(pass.shards, 1);
  EXPECT_EQ(pass.suspects, 0);
  EXPECT_EQ(FragmentsOf(static_cast<int>(victim->first.first.value) - 1).at(victim->first), victim->second);
}

TEST_F(RepairerTest, WhatCannotBeRepairedStaysMarked) {
  PutObjects(4);
  for (const int store : {0, 1, 2}) Wipe(store);
  RepairPass pass = Repair();
  EXPECT_GT(pass.left, 0);
  EXPECT_CODE(pass.trouble, kUnavailable);
  EXPECT_FALSE(Now().degraded.empty());
}

// The place of a shard does not answer: the others are brought to theirs meanwhile, and it gets its own when it is back.
TEST_F(RepairerTest, AStoreThatIsAwayIsWaitedFor) {
  PutObjects(8);
  const size_t gone = FragmentsOf(1).size(), of_away = FragmentsOf(2).size();
  const Fragments before = AllFragments();
  Wipe(1);
  Wipe(2);
  cluster_.store(2).SetDown(true);
  RepairPass pass = Repair();
  EXPECT_EQ(checked_.groups + checked_.waiting, kPlacementGroups);
  EXPECT_GT(checked_.waiting, 0) << "who does not answer is not accounted for";
  EXPECT_EQ(pass.shards, static_cast<int64_t>(gone));
  cluster_.store(2).SetDown(false);
  pass = Repair();
  EXPECT_EQ(pass.shards, static_cast<int64_t>(of_away));
  EXPECT_EQ(pass.left, 0) << pass.trouble.ToString();
  EXPECT_EQ(AllFragments(), before);
}

}  // namespace
}  // namespace pbfs::repairer
