#include "services/repairer/body_recode.h"

#include <functional>
#include <tuple>
#include <utility>

#include "libs/catalog/catalog_decorator.h"
#include "libs/model/scheme.h"
#include "services/repairer/repairer_fixture.h"

namespace pbfs::repairer {
namespace {

using ::testing::HasSubstr;

/// The cluster's catalog, with something that happens after the next List.
class HookedCatalog final : public CatalogDecorator {
 public:
  explicit HookedCatalog(Catalog to) : to_(to) {}
  Result<ListReply> List(const Context& context, const ListRequest& request) override {
    Result<ListReply> reply = CatalogDecorator::List(context, request);
    if (hook) std::exchange(hook, nullptr)();
    return reply;
  }
  std::function<void()> hook;

 private:
  Status Around(const Context& context, const Call& call) override { return call(context, to_); }
  Catalog to_;
};

class RecodeTest : public RepairerTest {
 protected:
  void SetScheme(uint8_t k, uint8_t m) {
    ASSERT_OK_AND_ASSIGN(const BucketInfo now, catalog().FindBucket(TestContext(), bucket_->info().settings.name, 0));
    ASSERT_OK(catalog().SetScheme(TestContext(), now.id, SchemeOf(now.settings), {k, m, {}}));
  }
  MemoryCatalog& catalog() { return cluster_.catalog(); }
  /// Until there is no more to do at once, by a new repairer.
  RecodePass Recode() {
    Repairer repairer = MakeRepairer();
    RecodePass all;
    for (bool more = true; more;) {
      const Result<RecodePass> pass = repairer.RecodeBuckets(TestContext());
      EXPECT_OK(pass);
      if (!pass.ok()) break;
      all.bodies += pass->bodies, all.left += pass->left, all.suspects += pass->suspects;
      all.bytes_read += pass->bytes_read, all.bytes_written += pass->bytes_written;
      if (all.trouble.ok()) all.trouble = pass->trouble;
      more = pass->more;
    }
    return all;
  }
  std::vector<EncodedBody> Otherwise() {
    return catalog().ListOtherwise(TestContext(), bucket_->info().id, {}, 10'000)->bodies;
  }
  std::optional<BodyCount> Left() {
    const std::vector<Recoding> all = *catalog().ListRecodings(TestContext());
    for (const Recoding& recoding : all) {
      if (recoding.bucket == bucket_->info().id) return recoding.left;
    }
    return {};
  }
  /// Every fragment of encodings that were replaced goes.
  void DeleteRetired() {
    const auto due = *catalog().ListRetired(TestContext(), {}, 10'000);
    for (int i = 0; i < cluster_.stores(); ++i) {
      for (const auto& [key, bytes] : FragmentsOf(i)) {
        const auto is_this = [&](const RetiredEncoding& row) { return row.encoding == key.second.encoding; };
        if (std::none_of(due.begin(), due.end(), is_this)) continue;
        EXPECT_TRUE(cluster_.disk(i).Lose(key.second));
      }
    }
    for (const RetiredEncoding& row : due) {
      const EncodingId done[] = {row.encoding};
      EXPECT_OK(catalog().RetiredDone(TestContext(), done));
    }
  }
  /// Of eight objects, two of each size: 1+2 for those of 5,000 bytes, else 4+2.
  void ChangeAgainAndAgain() {
    const std::vector<std::tuple<int, int, int>> steps = {{2, 1, 8}, {4, 2, 8}, {6, 2, 6}, {1, 2, 6}, {3, 3, 8}};
    for (const auto& [k, m, changed] : steps) {
      SCOPED_TRACE(std::to_string(k) + "+" + std::to_string(m));
      SetScheme(static_cast<uint8_t>(k), static_cast<uint8_t>(m));
      EXPECT_EQ(Left(), std::nullopt);
      const RecodePass pass = Recode();
      EXPECT_OK(pass.trouble);
      EXPECT_EQ(pass.bodies, changed);
      EXPECT_EQ(pass.left, 0);
      EXPECT_TRUE(Otherwise().empty());
      EXPECT_EQ(Left(), BodyCount{});
      ASSERT_NO_FATAL_FAILURE(ExpectAllReadable());
      DeleteRetired();
      ASSERT_NO_FATAL_FAILURE(ExpectAllReadable());
    }
    EXPECT_TRUE(Now().degraded.empty());
    EXPECT_EQ(Now().suspects, 0);
  }
  int StoreOf(const Fragments& fragments, const FragmentKey& key) {
    for (const auto& [at, bytes] : fragments) {
      if (at.second == key) return static_cast<int>(at.first.value) - 1;
    }
    ADD_FAILURE() << "nobody has this fragment";
    return 0;
  }
  RepairSite Site(
      const ClusterMap& map, std::function<bool(StoreId)> is_silent = [](StoreId) { return false; }) {
    return {map, cluster_.fragment_stores(), {}, std::move(is_silent), [](StoreId) {}, pacer_};
  }
  Encoding NewEncoding(const EncodedBody& like, uint8_t k, uint8_t n) {
    const uint16_t group = PlacementGroupOf(like.encoding.id);
    return {NewEncodingId(clock_.NowMillis(), group, cluster_.random()), static_cast<uint8_t>(k == 1 ? 1 : 2), k, n};
  }
  Pacer pacer_{0};
};

TEST_F(RecodeTest, AllBodiesOfABucketGetItsNewScheme) {
  PutObjects(8);
  ChangeAgainAndAgain();
}

TEST_F(RecodeTest, BodiesWithLeavesKeepThem) {
  MakeBucket(Integrity::kSha256);
  PutObjects(8);
  ChangeAgainAndAgain();
}

// They are what a repair makes of the others, byte for byte.
TEST_F(RecodeTest, TheNewFragmentsFitTogether) {
  PutObjects(8);
  SetScheme(3, 2);
  ASSERT_EQ(Recode().left, 0);
  DeleteRetired();
  const Fragments before = AllFragments();
  Wipe(1);
  Wipe(6);
  EXPECT_EQ(Repair().left, 0);
  EXPECT_EQ(AllFragments(), before);
}

TEST_F(RecodeTest, NothingIsDoneWhereNothingIsWanted) {
  PutObjects(4);
  EXPECT_EQ(Recode().bodies, 0);
  SetScheme(2, 1);
  Recode();
  const Fragments before = AllFragments();
  EXPECT_EQ(Recode().bytes_read, 0);
  EXPECT_EQ(AllFragments(), before);
}

// A client with the old scheme goes on writing so, one that opens the bucket anew does not; the next round has the rest.
TEST_F(RecodeTest, WhatAClientWithTheOldSchemeWroteIsCodedLater) {
  SetScheme(2, 1);
  Recode();
  PutObjects(4);  // opened before the change
  EXPECT_EQ(Otherwise().size(), 4u);
  const auto anew = cluster_.NewClient();
  ASSERT_OK_AND_ASSIGN(Bucket bucket, anew->OpenBucket(TestContext(), bucket_->info().settings.name));
  ASSERT_OK(bucket.Put(TestContext(), "new", Bytes(300'000, 1)));
  EXPECT_EQ(Otherwise().size(), 4u);
  EXPECT_EQ(Recode().bodies, 4);
  ExpectAllReadable();
}

// ---- readers ---------------------------------------------------------------------------------------------------------------------

TEST_F(RecodeTest, AReaderGoesOnWithWhatItListed) {
  PutObjects(4);
  SetScheme(2, 1);
  HookedCatalog between(cluster_.catalog().ports());
  const auto reader = cluster_.NewClient({}, between.ports(), cluster_.keys());
  ASSERT_OK_AND_ASSIGN(Bucket bucket, reader->OpenBucket(TestContext(), bucket_->info().settings.name));
  const auto read = [&](const std::string& name) {
    ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket.Find(TestContext(), name));
    Bytes got(contents_[name].second.size());
    ASSERT_OK(bucket.Read(TestContext(), object, 0, got));
    EXPECT_EQ(got, contents_[name].second);
  };
  between.hook = [&] { EXPECT_EQ(Recode().bodies, 4); };
  read("o3");
  EXPECT_EQ(reader->Stats().lists_again, 0) << "the old fragments are there still";
  SetScheme(4, 2);
  between.hook = [&] { Recode(), DeleteRetired(); };
  read("o3");
  EXPECT_EQ(reader->Stats().lists_again, 1) << "they are gone: it lists anew, and sees where the bytes are now";
}

// ---- stores that lie, lose, or are away ------------------------------------------------------------------------------------------

TEST_F(RecodeTest, ALieIsNotWrittenOn) {
  PutObjects(4);
  const Fragments before = AllFragments();
  const auto victim = std::find_if(before.begin(), before.end(), [](const auto& row) {
    return row.second.size() > 50'000 && row.first.second.shard == 2;
  });
  MakeLie(StoreOf(before, victim->first.second), victim->first.second, victim->second);
  SetScheme(3, 1);
  const RecodePass pass = Recode();
  EXPECT_EQ(pass.bodies, 4) << pass.trouble.ToString();
  EXPECT_EQ(pass.suspects, 0) << "six shards are here: which one lies can be told";
  DeleteRetired();
  ExpectAllReadable();
}

TEST_F(RecodeTest, WhereALieCannotBeLocatedTheBodyStaysAsItIs) {
  PutObjects(4);
  const Fragments before = AllFragments();
  const auto victim = std::find_if(before.begin(), before.end(), [](const auto& row) {
    return row.second.size() > 50'000 && row.first.second.shard == 2;
  });
  const EncodingId encoding = victim->first.second.encoding;
  MakeLie(StoreOf(before, {encoding, 2}), {encoding, 2}, victim->second);
  ASSERT_TRUE(cluster_.disk(StoreOf(before, {encoding, 5})).Lose({encoding, 5}));
  SetScheme(3, 1);
  const RecodePass pass = Recode();
  EXPECT_EQ(pass.bodies, 3);
  EXPECT_EQ(pass.left, 1);
  EXPECT_EQ(pass.suspects, 1);
  EXPECT_CODE(pass.trouble, kDataLoss);
  ASSERT_EQ(Otherwise().size(), 1u);
  EXPECT_EQ(Otherwise()[0].encoding.id, encoding);
  EXPECT_EQ(Now().suspects, 1);
  EXPECT_EQ(Left()->bodies, 1);
  ExpectAllReadable();
}

// Without leaves k shards say nothing of a lie, and the old encoding goes: so a body that has no more waits for its repair (ADR 0016).
TEST_F(RecodeTest, ABodyWithKShardsIsRepairedFirst) {
  PutObjects(12);
  Wipe(0);
  Wipe(1);
  SetScheme(2, 1);
  RecodePass pass = Recode();
  EXPECT_GT(pass.left, 0);
  EXPECT_CODE(pass.trouble, kUnavailable);
  EXPECT_THAT(pass.trouble.message(), HasSubstr("repaired first"));
  EXPECT_EQ(Repair().left, 0);
  pass = Recode();
  EXPECT_EQ(pass.left, 0) << pass.trouble.ToString();
  EXPECT_TRUE(Otherwise().empty());
  DeleteRetired();
  ExpectAllReadable();
}

TEST_F(RecodeTest, WithLeavesKShardsAreEnough) {
  MakeBucket(Integrity::kSha256);
  PutObjects(4);
  for (const int store : {0, 1}) Wipe(store);
  SetScheme(2, 1);
  const RecodePass pass = Recode();
  EXPECT_EQ(pass.bodies, 4) << pass.trouble.ToString();
  DeleteRetired();
  ExpectAllReadable();
}

TEST_F(RecodeTest, BodiesGoToGroupsWhoseStoresAreAllUp) {
  PutObjects(12);
  cluster_.store(3).SetDown(true);
  SetState(3, StoreState::kSuspect);
  SetScheme(2, 1);
  const RecodePass pass = Recode();
  EXPECT_EQ(pass.bodies, 12) << pass.trouble.ToString();
  EXPECT_TRUE(Now().degraded.empty()) << "no shard of them is missing";
  DeleteRetired();
  ExpectAllReadable();
}

TEST_F(RecodeTest, WhereThereAreTooFewStoresBodiesStayAsTheyAre) {
  PutObjects(4);
  SetScheme(6, 2);
  cluster_.store(3).SetDown(true);
  SetState(3, StoreState::kSuspect);
  RecodePass pass = Recode();
  EXPECT_EQ(pass.bodies, 0);
  EXPECT_EQ(pass.left, 3);
  EXPECT_CODE(pass.trouble, kUnavailable);
  ExpectAllReadable();
  cluster_.store(3).SetDown(false);
  SetState(3, StoreState::kUp);
  pass = Recode();
  EXPECT_EQ(pass.bodies, 3) << pass.trouble.ToString();
}

TEST_F(RecodeTest, MoreShardsThanStoresAreRefused) {
  ASSERT_OK_AND_ASSIGN(const BucketInfo now, catalog().FindBucket(TestContext(), bucket_->info().settings.name, 0));
  const Status refused = catalog().SetScheme(TestContext(), now.id, SchemeOf(now.settings), {8, 3, {}});
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), HasSubstr("3 stores are missing"));
}

// Until the last body is coded anew, a drain counts on the widest that may be there.
TEST_F(RecodeTest, StoresStayUntilTheWideBodiesAreGone) {
  SetScheme(6, 2);
  Recode();
  PutObjects(4);
  const auto anew = cluster_.NewClient();
  ASSERT_OK_AND_ASSIGN(Bucket bucket, anew->OpenBucket(TestContext(), bucket_->info().settings.name));
  ASSERT_OK(bucket.Put(TestContext(), "wide", Bytes(300'000, 1)));
  SetScheme(2, 1);
  StoreInfo store = *Map().FindStore(TwinCluster::IdOf(7));
  store.state = StoreState::kDraining;
  EXPECT_CODE(catalog().PutStore(TestContext(), store), kFailedPrecondition);
  EXPECT_EQ(Recode().left, 0);
  EXPECT_OK(catalog().PutStore(TestContext(), store)) << "the site's own 4+2 have room in seven";
}

// ---- crashes, races --------------------------------------------------------------------------------------------------------------

TEST_F(RecodeTest, WhatWasWrittenBeforeACrashIsSwept) {
  PutObjects(4);
  SetScheme(2, 1);
  const EncodedBody body = Otherwise().at(0);
  const Encoding encoding = NewEncoding(body, 2, 3);
  const ClusterMap map = Map();
  const BodyRecode recode = RecodeBody(TestContext(), Site(map), body, encoding);
  ASSERT_OK(recode.status);
  EXPECT_EQ(recode.receipts.size(), 3u);
  EXPECT_EQ(Otherwise().size(), 4u) << "nobody was told";
  ExpectAllReadable();
  clock_.Advance(int64_t{25} * 3'600'000'000);
  const EncodingId reported[] = {encoding.id, body.encoding.id};
  ASSERT_OK(catalog().SweepMark(TestContext(), reported));
  ASSERT_OK(catalog().SweepArm(TestContext()));
  ASSERT_OK_AND_ASSIGN(const auto confirmed, catalog().SweepConfirm(TestContext(), 10));
  EXPECT_EQ(confirmed, std::vector<EncodingId>{encoding.id});
}

TEST_F(RecodeTest, TheSweepLeavesAnEncodingThatIsRetired) {
  PutObjects(1);
  SetScheme(2, 1);
  const EncodingId old = Otherwise().at(0).encoding.id;
  Recode();
  clock_.Advance(int64_t{25} * 3'600'000'000);
  const EncodingId reported[] = {old};
  const auto confirmed = [&] {
    EXPECT_OK(catalog().SweepMark(TestContext(), reported));
    EXPECT_OK(catalog().SweepArm(TestContext()));
    return *catalog().SweepConfirm(TestContext(), 10);
  };
  EXPECT_TRUE(confirmed().empty());
  DeleteRetired();
  EXPECT_EQ(confirmed(), std::vector<EncodingId>{old}) << "what a store that was away has of it";
}

TEST_F(RecodeTest, OfTwoRepairersOneIsFirstAndNothingIsWrong) {
  PutObjects(4);
  SetScheme(2, 1);
  const EncodedBody body = Otherwise().at(3);
  const ClusterMap map = Map();
  const Encoding one = NewEncoding(body, 2, 3);
  const BodyRecode slow = RecodeBody(TestContext(), Site(map), body, one);
  ASSERT_OK(slow.status);
  EXPECT_EQ(Recode().bodies, 4);
  EXPECT_CODE(catalog().SetEncoding(TestContext(), {body.body, body.encoding.id, one, slow.receipts}), kAborted);
  DeleteRetired();
  ExpectAllReadable();
}

// A repair of the old encoding that ends after the switch says nothing of the new one.
TEST_F(RecodeTest, ARepairThatIsLateTouchesNothing) {
  PutObjects(12);
  const auto marked = Wipe(2);
  EXPECT_GT(marked, 0);
  Repairer repairer = MakeRepairer();
  ASSERT_OK(repairer.CheckGroups(TestContext()));
  const std::vector<EncodedBody> degraded = *catalog().ListDegraded(TestContext(), {}, 100);
  ASSERT_FALSE(degraded.empty());
  SetScheme(2, 1);
  ASSERT_EQ(Recode().left, 0);
  const ClusterMap map = Map();
  for (const EncodedBody& body : degraded) {
    const BodyRepair repair = RepairBody(TestContext(), Site(map), body);
    ASSERT_OK(repair.status);
    std::vector<PlacedShard> restored;
    for (const uint8_t shard : repair.restored)
      restored.push_back({{body.encoding.id, shard}, map.groups[PlacementGroupOf(body.encoding.id)].version});
    ASSERT_OK(catalog().ClearMissing(TestContext(), restored));
  }
  EXPECT_TRUE(Now().degraded.empty());
  DeleteRetired();
  ExpectAllReadable();
}

TEST_F(RecodeTest, ABodyThatGoesMeanwhileIsNoTrouble) {
  PutObjects(1);
  SetScheme(2, 1);
  const EncodedBody body = Otherwise().at(0);
  const ClusterMap map = Map();
  const Encoding encoding = NewEncoding(body, 1, 2);
  const BodyRecode recode = RecodeBody(TestContext(), Site(map), body, encoding);
  ASSERT_OK(recode.status);
  ASSERT_OK(bucket_->Unbind(TestContext(), "o0"));
  clock_.Advance(120'000'000);
  ASSERT_OK(catalog().AdvanceFloor(TestContext()));
  ASSERT_OK(catalog().Reap(TestContext(), 10));
  for (int i = 0; i < 3; ++i) ASSERT_OK(catalog().DropRows(TestContext(), 10));
  ASSERT_OK(catalog().PurgeMark(TestContext(), {}, 100));
  EXPECT_CODE(catalog().SetEncoding(TestContext(), {body.body, body.encoding.id, encoding, recode.receipts}),
              kNotFound);
  EXPECT_TRUE(Otherwise().empty());
}

// What a store gives back is held against what was written, before the catalog is told.
TEST_F(RecodeTest, WhatIsReadBackMustBeWhatWasWritten) {
  std::optional<EncodedBody> body;
  SetScheme(2, 1);
  for (int i = 0; i < 400 && !body; ++i) {
    ASSERT_OK(bucket_->Put(TestContext(), "x" + std::to_string(i), Bytes(40'000, 1)));
    for (const EncodedBody& some : Otherwise()) {
      if (some.body.bytes[15] % kReadBackOneIn == 0) body = some;
    }
  }
  ASSERT_TRUE(body);
  const Encoding encoding = NewEncoding(*body, 2, 3);
  const ClusterMap map = Map();
  bool lied = false;
  const auto lie_once_all_is_there = [&](StoreId) {
    if (lied) return false;
    const Fragments all = AllFragments();
    const auto is_new = [&](const auto& row) { return row.first.second.encoding == encoding.id; };
    if (std::count_if(all.begin(), all.end(), is_new) < 3) return false;
    lied = true;
    for (const auto& [at, bytes] : all) {
      if (at.second == FragmentKey{encoding.id, 2}) MakeLie(static_cast<int>(at.first.value) - 1, at.second, bytes);
    }
    return false;
  };
  const BodyRecode recode = RecodeBody(TestContext(), Site(map, lie_once_all_is_there), *body, encoding);
  EXPECT_TRUE(lied);
  EXPECT_CODE(recode.status, kDataLoss);
}

}  // namespace
}  // namespace pbfs::repairer
