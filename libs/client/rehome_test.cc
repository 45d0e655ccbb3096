// What a rehome leaves behind: every byte as it was, in as few extents as the frontier allows.
#include <algorithm>
#include <atomic>
#include <optional>
#include <set>

#include "libs/base/testing.h"
#include "libs/client/client.h"
#include "libs/client/testing/scripted_catalog.h"
#include "libs/client/twin_cluster.h"
#include "libs/format/op_record.h"

namespace pbfs {
namespace {

constexpr int64_t kSize = 300'000;

class RehomeTest : public testing::Test {
 protected:
  RehomeTest() : client(cluster.NewClient({}, faulty.ports(), cluster.keys())) {
    BucketSettings settings;
    settings.name = "b";
    auto made = client->CreateBucket(TestContext(), settings);
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket.emplace(*made);
    model = Data(kSize);
    object = bucket->Put(TestContext(), "x", model)->object;
  }
  Bytes Data(size_t size) {
    Bytes bytes(size);
    random.Fill(bytes);
    return bytes;
  }
  Order Write(int64_t at, size_t size) {
    const Bytes patch = Data(size);
    const auto done = bucket->Write(TestContext(), object, at, ByteSpan(patch));
    EXPECT_OK(done);
    std::copy(patch.begin(), patch.end(), model.begin() + at);
    return done->order;
  }
  void WriteOften(int times) {
    for (int i = 0; i < times; ++i) Write(static_cast<int64_t>(random.Below(kSize - 9000)), 1 + random.Below(9000));
  }
  RehomeReport Rehome(const RehomePolicy& policy) {
    const auto report = bucket->Rehome(TestContext(), object, policy);
    EXPECT_OK(report);
    return *report;
  }
  static RehomePolicy Rewriting() {
    RehomePolicy policy;
    policy.always_rewrite = true;
    return policy;
  }
  std::vector<VisibleExtent> Extents() { return *bucket->Extents(TestContext(), object, 0, kSize); }
  void ExpectContent() {
    Bytes out(kSize);
    ASSERT_OK_AND_ASSIGN(const int64_t got, bucket->Read(TestContext(), object, 0, out));
    EXPECT_EQ(got, kSize);
    EXPECT_TRUE(out == model);
  }

  SeededRandom random{TestSeed()};
  TwinCluster cluster;
  ScriptedCatalog faulty{cluster.catalog().ports()};
  std::unique_ptr<Client> client;
  std::optional<Bucket> bucket;
  ObjectId object;
  Bytes model;
};

TEST_F(RehomeTest, ARewriteLeavesOneExtentOfTheNewestOrder) {
  WriteOften(40);
  const Order newest = Write(100, 100);
  const RehomeReport report = Rehome(Rewriting());
  EXPECT_EQ(report.merged, 1);
  EXPECT_EQ(report.kept, 0);
  EXPECT_GT(report.removed, 30);
  const auto extents = Extents();
  ASSERT_EQ(extents.size(), 1u);
  EXPECT_EQ(extents[0].order, newest);
  EXPECT_EQ(cluster.catalog().Stat(TestContext(), {bucket->info().id, object})->extents, 1);
  ExpectContent();
  Write(5, 10);
  ExpectContent();
  EXPECT_EQ(Rehome(Rewriting()).merged, 1);
  EXPECT_EQ(Rehome(Rewriting()).merged, 0) << "one body that is all visible";
}

// I10: a peer may still send ops above its floor, so what is above it keeps its order.
TEST_F(RehomeTest, OrdersAreRaisedOnlyBelowTheFrontier) {
  Write(1000, 100);
  const Order below = Write(5000, 100);
  const Order above = Write(1000, 50), higher = Write(90'000, 9000);
  faulty.ForgeLists([&](ListReply& reply) { reply.frontier = below.hlc; });
  const RehomeReport report = Rehome(Rewriting());
  EXPECT_EQ(report.merged, 1);
  EXPECT_EQ(report.kept, 0);
  std::vector<Order> orders;
  for (const VisibleExtent& extent : Extents()) orders.push_back(extent.order);
  EXPECT_EQ(orders, (std::vector<Order>{below, above, below, higher, below}));
  ExpectContent();
}

TEST_F(RehomeTest, WithoutAFrontierEveryRunKeepsItsOrder) {
  WriteOften(10);
  std::vector<std::pair<int64_t, Order>> before, after;
  for (const VisibleExtent& extent : Extents()) before.emplace_back(extent.lo, extent.order);
  faulty.ForgeLists([&](ListReply& reply) { reply.frontier = 0; });
  Rehome(Rewriting());
  for (const VisibleExtent& extent : Extents()) after.emplace_back(extent.lo, extent.order);
  EXPECT_EQ(after, before);
  ExpectContent();
}

TEST_F(RehomeTest, ZerosAndWhatNobodyWroteStayAsTheyAre) {
  ASSERT_OK(bucket->Zero(TestContext(), object, 50'000, 60'000));
  std::fill(model.begin() + 50'000, model.begin() + 60'000, uint8_t{0});
  WriteOften(5);
  Write(55'000, 10);
  EXPECT_EQ(Rehome(Rewriting()).kept, 0);
  ExpectContent();
  ASSERT_OK(bucket->Write(TestContext(), object, kSize + 10'000, Bytes(10, 1)));
  Rehome(Rewriting());
  EXPECT_EQ(bucket->Stat(TestContext(), object)->size, kSize + 10'010);
  ExpectContent();
}

TEST_F(RehomeTest, ARegionOfMoreExtentsThanARecordHoldsGoesStretchByStretch) {
  WriteOften(60);
  RehomePolicy policy = Rewriting();
  policy.merge_extents = 10;
  const RehomeReport report = Rehome(policy);
  EXPECT_GT(report.merged, 3);
  EXPECT_EQ(report.kept, 0);
  EXPECT_EQ(static_cast<int64_t>(Extents().size()), report.merged);
  EXPECT_EQ(cluster.catalog().Stat(TestContext(), {bucket->info().id, object})->extents, report.merged)
      << "the large body beneath went with the last stretch";
  ExpectContent();
}

TEST_F(RehomeTest, GatheredBodiesOfLikeSizeAreMergedAgain) {
  RehomePolicy policy;
  policy.gather_bodies = 4;
  policy.tier_bodies = 3;
  int64_t merged = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5; ++i) Write(round * 50'000 + i * 5000, 500);
    merged += Rehome(policy).merged;
  }
  EXPECT_EQ(merged, 4) << "and at last the three gathered ones";
  EXPECT_EQ(Rehome(policy).merged, 0);
  ExpectContent();
}

/// A catalog that holds the first rehome's Commit back, after `meanwhile`, until a second one has been committed.
class HeldRehome final : public CatalogDecorator {
 public:
  HeldRehome(const Catalog& inner, std::function<void()> meanwhile) : inner_(inner), meanwhile_(std::move(meanwhile)) {}
  Result<CommitReply> Commit(const Context& context, const CommitRequest& request) override {
    if (DecodeRecord(request.records.at(0))->kind != OpKind::kRehome) return CatalogDecorator::Commit(context, request);
    if (begun_++ == 0) {
      meanwhile_();
      while (done_ == 0 && context.Check().ok()) SleepFor(std::chrono::milliseconds(5));
    }
    Result<CommitReply> reply = CatalogDecorator::Commit(context, request);
    ++done_;
    return reply;
  }

 private:
  Status Around(const Context& context, const Call& call) override { return call(context, inner_); }
  const Catalog inner_;
  const std::function<void()> meanwhile_;
  std::atomic<int> begun_ = 0, done_ = 0;
};

TEST_F(RehomeTest, WhatIsPatchedDuringARewriteIsGatheredBesideIt) {
  WriteOften(20);
  HeldRehome held(cluster.catalog().ports(), [this] {
    for (int i = 0; i < 8; ++i) Write(1000 + i * 5000, 500);
  });
  const auto other = cluster.NewClient({}, held.ports(), cluster.keys());
  ASSERT_OK_AND_ASSIGN(Bucket same, other->OpenBucket(TestContext(), "b"));
  RehomePolicy policy = Rewriting();
  policy.gather_bodies = 4;
  ASSERT_OK_AND_ASSIGN(const RehomeReport report, same.Rehome(TestContext(), object, policy));
  EXPECT_EQ(report.merged, 2);
  EXPECT_EQ(report.kept, 0);
  std::set<BodyId> bodies;
  for (const VisibleExtent& extent : Extents()) bodies.insert(extent.source.body);
  EXPECT_EQ(bodies.size(), 2u);
  ExpectContent();
}

}  // namespace
}  // namespace pbfs
