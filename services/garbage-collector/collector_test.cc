#include <atomic>

#include "libs/base/testing.h"
#include "libs/catalog/catalog_decorator.h"
#include "libs/client/twin_cluster.h"
#include "services/garbage-collector/collector_loop.h"

namespace pbfs::collector {
namespace {

constexpr int64_t kSize = 1 << 20;
constexpr auto kSweepAge = std::chrono::hours(25);  // L + M and a little more

/// What a client sees that dies between its uploads and its Commit.
class CommitsNothing final : public CatalogDecorator {
 public:
  explicit CommitsNothing(const Catalog& inner) : inner_(inner) {}
  Result<CommitReply> Commit(const Context&, const CommitRequest&) override { return InternalError("gone"); }

 private:
  Status Around(const Context& context, const Call& call) override { return call(context, inner_); }
  const Catalog inner_;
};

/// A client's buckets on a cluster in memory, a clock that the test sets, and a collector.
class CollectorTest : public testing::Test {
 protected:
  static TwinCluster::Options OptionsFor(const Clock& clock) {
    TwinCluster::Options options;
    options.seed = TestSeed();
    options.clock = &clock;
    return options;
  }
  void SetUp() override {
    client_ = cluster_.NewClient();
    ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->CreateBucket(TestContext(), Settings("b")));
    bucket_ = std::make_unique<Bucket>(std::move(bucket));
  }
  static BucketSettings Settings(const std::string& name, std::chrono::milliseconds history = {}) {
    BucketSettings settings;
    settings.name = name;
    settings.history_ms = history.count();
    return settings;
  }
  void Pass(Duration time) {
    clock_.Advance(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
    ASSERT_OK(cluster_.catalog().AdvanceFloor(TestContext()));
  }
  Collector MakeCollector(const Collector::Options& options = {}) {
    return Collector({cluster_.catalog(), cluster_.catalog(), cluster_.fragment_stores(), nullptr, clock_}, options);
  }
  CatalogPass Collect() {
    Result<CatalogPass> pass = MakeCollector().CollectCatalog(TestContext());
    EXPECT_OK(pass);
    return pass.ok() ? *pass : CatalogPass{};
  }
  /// Both passes over all stores and what lies between; fragments deleted.
  int64_t SweepAll() {
    int64_t deleted = 0;
    Collector collector = MakeCollector();
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < cluster_.stores(); ++i) {
        const Result<StorePass> pass = collector.SweepStore(TestContext(), TwinCluster::IdOf(i));
        EXPECT_OK(pass);
        if (pass.ok()) deleted += pass->deleted;
      }
      EXPECT_OK(collector.ConfirmOrphans(TestContext()));
    }
    return deleted;
  }
  ObjectId Put(const std::string& name, uint8_t fill) {
    const Result<Written> written = bucket_->Put(TestContext(), name, Bytes(kSize, fill));
    EXPECT_OK(written);
    return written.ok() ? written->object : ObjectId{};
  }
  /// Fragments of a body of 6 shards that no catalog ever hears of, `count` times.
  void Abandon(int count) {
    CommitsNothing catalog(cluster_.catalog().ports());
    const auto client = cluster_.NewClient({}, catalog.ports(), cluster_.keys());
    ASSERT_OK_AND_ASSIGN(Bucket bucket, client->OpenBucket(TestContext(), "b"));
    for (int i = 0; i < count; ++i) EXPECT_CODE(bucket.Put(TestContext(), "abandoned", Bytes(kSize, 9)), kInternal);
  }
  void ExpectReads(const std::string& name, uint8_t fill) {
    Bytes out(kSize);
    ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket_->Find(TestContext(), name));
    ASSERT_OK_AND_ASSIGN(const int64_t got, bucket_->Read(TestContext(), object, 0, out));
    EXPECT_EQ(got, kSize);
    EXPECT_EQ(out, Bytes(kSize, fill));
  }
  static bool Eventually(const std::function<bool()>& condition) {
    const Context patience = Context::WithTimeout(std::chrono::seconds(30));
    while (!condition() && patience.Check().ok()) SleepFor(std::chrono::milliseconds(1));
    return condition();
  }
  int64_t Fragments() {
    int64_t all = 0;
    for (int i = 0; i < cluster_.stores(); ++i) all += cluster_.disk(i).Stat(TestContext())->fragments;
    return all;
  }

  ManualClock clock_{int64_t{1'800'000'000} * 1'000'000};
  TwinCluster cluster_{OptionsFor(clock_)};
  std::unique_ptr<Client> client_;
  std::unique_ptr<Bucket> bucket_;
};

TEST_F(CollectorTest, DeletedAndOverwrittenDataLeavesTheStoresAfterTheGrace) {
  Put("live", 1), Put("deleted", 2);
  const ObjectId patched = Put("patched", 3);
  ASSERT_OK(bucket_->Write(TestContext(), patched, 0, Bytes(kSize, 4)));
  ASSERT_OK(bucket_->Unbind(TestContext(), "deleted"));
  EXPECT_EQ(Fragments(), 4 * 6);
  Pass(std::chrono::minutes(29));
  EXPECT_EQ(Collect().bodies, 0);
  Pass(std::chrono::minutes(2));
  CatalogPass pass = Collect();
  EXPECT_EQ(pass.bodies, 1);  // what was patched over; the deleted object's extents went just now
  EXPECT_EQ(pass.unreached, 0);
  EXPECT_EQ(Fragments(), 3 * 6);
  Pass(std::chrono::minutes(31));
  pass = Collect();
  EXPECT_EQ(pass.bodies, 1);
  EXPECT_EQ(Fragments(), 2 * 6);
  ExpectReads("live", 1), ExpectReads("patched", 4);
  Pass(std::chrono::hours(48));
  pass = Collect();
  EXPECT_EQ(pass.bodies + pass.objects + pass.extents, 0);
  EXPECT_EQ(SweepAll(), 0);
  ExpectReads("live", 1), ExpectReads("patched", 4);
}

TEST_F(CollectorTest, HistoryKeepsDataUntilItsTimeIsOver) {
  ASSERT_OK_AND_ASSIGN(Bucket bucket, client_->CreateBucket(TestContext(), Settings("history", std::chrono::hours(2))));
  bucket_ = std::make_unique<Bucket>(std::move(bucket));
  Put("a", 1);
  Pass(std::chrono::minutes(1));
  ASSERT_OK(bucket_->Unbind(TestContext(), "a"));
  Pass(std::chrono::minutes(100));
  EXPECT_EQ(Collect().objects, 0);
  ASSERT_OK(bucket_->Restore(TestContext(), "a"));
  ExpectReads("a", 1);
  ASSERT_OK(bucket_->Unbind(TestContext(), "a"));
  Pass(std::chrono::hours(3));
  EXPECT_EQ(Collect().objects, 1);
  Pass(std::chrono::hours(1));
  EXPECT_EQ(Collect().bodies, 1);
  EXPECT_EQ(Fragments(), 0);
}

TEST_F(CollectorTest, StoresThatWereAwayAreSweptLater) {
  const ObjectId object = Put("a", 1);
  std::vector<int> away;  // three that hold some of it
  for (int i = 0; i < cluster_.stores() && away.size() < 3; ++i) {
    if (cluster_.disk(i).Stat(TestContext())->fragments > 0) away.push_back(i);
  }
  ASSERT_OK(bucket_->Write(TestContext(), object, 0, Bytes(kSize, 2)));
  Pass(std::chrono::hours(1));
  for (const int i : away) cluster_.store(i).SetDown(true);
  const CatalogPass pass = Collect();
  for (const int i : away) cluster_.store(i).SetDown(false);
  EXPECT_EQ(pass.bodies, 1);
  EXPECT_GE(pass.unreached, 3);
  EXPECT_EQ(Fragments(), 6 + 3);
  EXPECT_EQ(SweepAll(), 0);  // too young: a Commit could still use them
  Pass(kSweepAge);
  EXPECT_EQ(SweepAll(), 3);
  EXPECT_EQ(Fragments(), 6);
  ExpectReads("a", 2);
}

TEST_F(CollectorTest, UploadThatWasNeverCommittedIsSwept) {
  Put("a", 1);
  Abandon(1);
  EXPECT_EQ(Fragments(), 2 * 6);
  EXPECT_EQ(SweepAll(), 0);
  Pass(kSweepAge);
  EXPECT_EQ(SweepAll(), 6);
  EXPECT_EQ(Fragments(), 6);
  ExpectReads("a", 1);
}

TEST_F(CollectorTest, BrakeLeavesEverythingWhereItIs) {
  Abandon(8);
  Pass(kSweepAge);
  EXPECT_EQ(SweepAll(), 8 * 6);
  Abandon(8);
  Pass(kSweepAge);
  Collector::Options options;
  options.page = 2;
  options.brake_fragments = 0;
  Collector careful = MakeCollector(options);
  for (int i = 0; i < cluster_.stores(); ++i) ASSERT_OK(careful.SweepStore(TestContext(), TwinCluster::IdOf(i)));
  ASSERT_OK(careful.ConfirmOrphans(TestContext()));
  for (int i = 0; i < cluster_.stores(); ++i) {
    if (cluster_.disk(i).Stat(TestContext())->fragments == 0) continue;
    EXPECT_CODE(careful.SweepStore(TestContext(), TwinCluster::IdOf(i)), kFailedPrecondition);
  }
  EXPECT_EQ(Fragments(), 8 * 6);
  EXPECT_EQ(SweepAll(), 8 * 6);
}

TEST_F(CollectorTest, LoopCollectsAndSweepsWhenItIsItsTurn) {
  const ObjectId object = Put("a", 1);
  ASSERT_OK(bucket_->Write(TestContext(), object, 0, Bytes(kSize, 2)));
  Abandon(1);
  Pass(kSweepAge);
  Collector collector = MakeCollector();
  std::atomic<bool> active = false;
  std::atomic<int64_t> asked = 0, passes = 0, orphans = 0;
  CollectorLoop::Options pace;
  pace.interval = std::chrono::milliseconds(1), pace.sweep_interval = std::chrono::hours(1);
  const CollectorLoop loop(
      {collector, cluster_.catalog(), cluster_.catalog(), clock_}, [&] { return ++asked, active.load(); },
      [&](const Collected& all) { passes = all.passes, orphans = all.orphans; }, pace);
  EXPECT_TRUE(Eventually([&] { return asked > 2; }));
  EXPECT_EQ(passes, 0);
  EXPECT_EQ(Fragments(), 3 * 6);
  active = true;
  EXPECT_TRUE(Eventually([&] { return orphans == 6; }));  // marked by one pass, deleted by the next
  EXPECT_GE(passes, 2);
  EXPECT_EQ(Fragments(), 6);
}

TEST_F(CollectorTest, LoopTakesUpWhatItIsAskedForAndSaysWhatItDid) {
  const ObjectId object = Put("a", 1);
  ASSERT_OK(bucket_->Write(TestContext(), object, 0, Bytes(kSize, 2)));
  Pass(kSweepAge);
  Collector collector = MakeCollector();
  CollectorLoop::Options pace;  // an hour away unless somebody asks
  pace.interval = std::chrono::hours(1), pace.listen_every = std::chrono::milliseconds(1);
  std::atomic<int> rounds = 0;
  const CollectorLoop loop(
      {collector, cluster_.catalog(), cluster_.catalog(), clock_}, [] { return true; },
      [&](const Collected&) { ++rounds; }, pace);
  ASSERT_OK_AND_ASSIGN(const GarbageState before, cluster_.catalog().GetGarbage(TestContext()));
  EXPECT_EQ(before.bodies, 1);
  EXPECT_TRUE(before.passes.empty());
  ASSERT_OK(cluster_.catalog().AskForPass(TestContext()));
  EXPECT_TRUE(Eventually([&] { return rounds == 1; }));
  ASSERT_OK_AND_ASSIGN(const GarbageState after, cluster_.catalog().GetGarbage(TestContext()));
  EXPECT_EQ(after.bodies, 0);
  EXPECT_FALSE(after.asked_ms);
  ASSERT_EQ(after.passes.size(), 3U);
  EXPECT_EQ(after.passes[0].kind, "catalog");
  EXPECT_EQ(after.passes[0].done.at("bodies"), 1);
  EXPECT_EQ(after.passes[1].kind, "stores");
  EXPECT_EQ(after.passes[1].done.at("fragments_looked_at"), 6);
  EXPECT_EQ(after.passes[2].kind, "tombstones");
  for (const CollectorPass& pass : after.passes) EXPECT_EQ(pass.trouble, "") << pass.kind;
}

TEST_F(CollectorTest, AStoreThatIsAwayIsTheTroubleOfItsPass) {
  Put("a", 1);
  cluster_.store(3).SetDown(true);
  Collector collector = MakeCollector();
  CollectorLoop::Options pace;
  pace.interval = std::chrono::hours(1), pace.listen_every = std::chrono::milliseconds(1);
  std::atomic<int64_t> failed = 0;
  ASSERT_OK(cluster_.catalog().AskForPass(TestContext()));
  const CollectorLoop loop(
      {collector, cluster_.catalog(), cluster_.catalog(), clock_}, [] { return true; },
      [&](const Collected& all) { failed = all.failed_passes; }, pace);
  EXPECT_TRUE(Eventually([&] { return failed == 1; }));
  ASSERT_OK_AND_ASSIGN(const GarbageState state, cluster_.catalog().GetGarbage(TestContext()));
  EXPECT_EQ(state.passes.at(0).trouble, "");
  EXPECT_NE(state.passes.at(1).trouble, "");
}

TEST_F(CollectorTest, TombstonesAndTheJournalGoInTime) {
  ASSERT_OK_AND_ASSIGN(const Written empty, bucket_->Put(TestContext(), "empty", Bytes()));
  ASSERT_OK(bucket_->Truncate(TestContext(), empty.object, 100));
  ASSERT_OK(bucket_->Truncate(TestContext(), empty.object, 50));
  Abandon(1);
  Pass(kSweepAge);
  EXPECT_EQ(SweepAll(), 6);
  ASSERT_OK_AND_ASSIGN(const TombstonesPass first, MakeCollector().CollectTombstones(TestContext()));
  EXPECT_EQ(first.zeros, 1);
  EXPECT_EQ(first.encodings, 0);
  EXPECT_EQ(first.journal_days, 0);
  Pass(std::chrono::hours(31 * 24));
  ASSERT_OK_AND_ASSIGN(const TombstonesPass second, MakeCollector().CollectTombstones(TestContext()));
  EXPECT_EQ(second.zeros, 0);
  EXPECT_EQ(second.encodings, 1);
  EXPECT_GE(second.journal_days, 1);
  Bytes out(100);
  ASSERT_OK_AND_ASSIGN(const int64_t got, bucket_->Read(TestContext(), empty.object, 0, out));
  EXPECT_EQ(got, 50);
}

}  // namespace
}  // namespace pbfs::collector
