// What compaction costs: bytes that rehomes write per byte patched, for patterns of patches, held against the
// byte-array model. All in small: an object of 4 MiB under a policy whose numbers are those of a region of 64 MiB
// divided by 16.
#include <algorithm>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "libs/base/testing.h"
#include "libs/client/client.h"
#include "libs/client/twin_cluster.h"

namespace pbfs {
namespace {

constexpr int64_t kSize = 4 << 20;

RehomePolicy Small() {
  RehomePolicy policy;
  policy.gather_bodies = 32;
  policy.small_body = 16 << 10;
  policy.gather_inline = 64 << 10;
  policy.rewrite_extents = 512;
  policy.merge_extents = 1024;
  policy.bytes_per_second = 0;
  return policy;
}

struct Patch {
  int64_t lo = 0;
  int64_t size = 0;
};
using Pattern = std::function<Patch(Random& random, int64_t i)>;

/// What a run of patches did and cost.
struct Outcome {
  int64_t patched = 0;
  int64_t rewritten = 0;
  int64_t most_extents = 0;  // that the catalog ever had
  int64_t most_bodies = 0;   // that were ever visible
  double Ratio() const { return static_cast<double>(rewritten) / static_cast<double>(patched); }
};

class RehomeCostTest : public testing::Test {
 protected:
  RehomeCostTest() : client(cluster.NewClient(Off())) {
    BucketSettings settings;
    settings.name = "b";
    bucket.emplace(*client->CreateBucket(TestContext(), settings));
  }
  static ClientOptions Off() {
    ClientOptions options;
    options.rehome_offers.enabled = false;
    return options;
  }
  static TwinCluster::Options Seeded() {
    TwinCluster::Options options;
    options.seed = TestSeed();
    return options;
  }
  // Patches until `times` the size of the object was patched; a rehome after as many patches as a client offers one.
  Outcome PatchAndRehome(int64_t size, double times, const Pattern& pattern) {
    Bytes model(static_cast<size_t>(size));
    random.Fill(model);
    const Written put = *bucket->Put(TestContext(), "x", model);
    Outcome run;
    int64_t since = 0;
    for (int64_t i = 0; static_cast<double>(run.patched) < times * static_cast<double>(size); ++i) {
      const Patch patch = pattern(random, i);
      Bytes bytes(static_cast<size_t>(patch.size));
      random.Fill(bytes);
      EXPECT_OK(bucket->Write(TestContext(), put.object, patch.lo, bytes));
      model.resize(std::max(model.size(), static_cast<size_t>(patch.lo + patch.size)));
      std::copy(bytes.begin(), bytes.end(), model.begin() + patch.lo);
      run.patched += patch.size;
      if (++since <= Small().gather_bodies) continue;
      since = 0;
      Look(put.object, run);
      const auto report = bucket->Rehome(TestContext(), put.object, Small());
      EXPECT_OK(report);
      EXPECT_EQ(report->kept, 0);
      run.rewritten += report->bytes;
    }
    ExpectContent(put.object, model);
    ExpectCost(put.object, size, run);
    RecordProperty("rewritten_per_patched_percent", static_cast<int>(run.Ratio() * 100));
    RecordProperty("most_extents", static_cast<int>(run.most_extents));
    RecordProperty("most_bodies", static_cast<int>(run.most_bodies));
    return run;
  }
  void Look(ObjectId object, Outcome& run) {
    const auto stat = cluster.catalog().Stat(TestContext(), {bucket->info().id, object});
    run.most_extents = std::max(run.most_extents, stat->extents);
    ASSERT_OK_AND_ASSIGN(const auto extents, bucket->Extents(TestContext(), object, 0, 2 * kSize));
    std::set<BodyId> bodies;
    for (const VisibleExtent& extent : extents) bodies.insert(extent.source.body);
    run.most_bodies = std::max(run.most_bodies, static_cast<int64_t>(bodies.size()));
  }
  void ExpectContent(ObjectId object, const Bytes& model) {
    MemorySink sink;
    ASSERT_OK(bucket->Read(TestContext(), object, 0, kMaxObjectSize, sink));
    EXPECT_TRUE(sink.bytes() == model);
  }
  // What the object's records say of it is what happened.
  void ExpectCost(ObjectId object, int64_t put, const Outcome& run) {
    ASSERT_OK_AND_ASSIGN(const RehomeCost cost, bucket->CostOfRehomes(TestContext(), object, 1'000'000));
    EXPECT_TRUE(cost.complete);
    EXPECT_EQ(cost.put_bytes, put);
    EXPECT_EQ(cost.patched_bytes, run.patched);
    EXPECT_EQ(cost.rewritten_bytes, run.rewritten);
    ASSERT_OK_AND_ASSIGN(const RehomeCost some, bucket->CostOfRehomes(TestContext(), object, 10));
    EXPECT_FALSE(some.complete);
    EXPECT_LT(some.ops, 20);
    EXPECT_EQ(some.put_bytes, 0);
  }

  SeededRandom random{TestSeed()};
  TwinCluster cluster{Seeded()};
  std::unique_ptr<Client> client;
  std::optional<Bucket> bucket;
};

int64_t Anywhere(Random& random, int64_t size) {
  return static_cast<int64_t>(random.Below(static_cast<uint64_t>(kSize - size + 1)));
}

TEST_F(RehomeCostTest, RandomSmallPatchesAreRewrittenAFewTimes) {
  const Outcome run = PatchAndRehome(kSize, 3, [](Random& random, int64_t) {
    return Patch{Anywhere(random, 4096) / 4096 * 4096, 4096};
  });
  EXPECT_LT(run.Ratio(), 5);
  EXPECT_LE(run.most_extents, 512 + 64);
  EXPECT_LE(run.most_bodies, 130);
}

TEST_F(RehomeCostTest, RandomPatchesOfAnySizeAtAnyOffset) {
  const Outcome run = PatchAndRehome(kSize, 3, [](Random& random, int64_t) {
    const auto size = static_cast<int64_t>(1 + random.Below(uint64_t{1} << (6 + random.Below(10))));
    return Patch{Anywhere(random, size), size};
  });
  EXPECT_LT(run.Ratio(), 5);
  EXPECT_LE(run.most_extents, 512 + 64);
  EXPECT_LE(run.most_bodies, 130);
}

TEST_F(RehomeCostTest, AHotSpotIsNotPaidForByTheRestOfTheRegion) {
  const Outcome run = PatchAndRehome(kSize, 2, [](Random& random, int64_t) {
    return Patch{kSize / 2 + static_cast<int64_t>(random.Below(kSize / 16)),
                 1 + static_cast<int64_t>(random.Below(8000))};
  });
  EXPECT_LT(run.Ratio(), 5);
  EXPECT_LE(run.most_extents, 512 + 64);
}

TEST_F(RehomeCostTest, SmallAppendsAreRewrittenAFewTimes) {
  int64_t end = 1000;
  const Outcome run = PatchAndRehome(1000, kSize / 2000.0, [&end](Random& random, int64_t) {
    const Patch patch{end, 1 + static_cast<int64_t>(random.Below(4000))};
    end += patch.size;
    return patch;
  });
  EXPECT_LT(run.Ratio(), 5);
  EXPECT_LE(run.most_bodies, 130);
}

// To bound the extents of a region costs what lies between them, however little was patched: so much for each patch.
TEST_F(RehomeCostTest, TinyPatchesCostNoMoreThanTheirShareOfTheRegion) {
  int64_t patches = 0;
  const Outcome run = PatchAndRehome(kSize, 0.02, [&patches](Random& random, int64_t) {
    ++patches;
    return Patch{Anywhere(random, 32), 32};
  });
  EXPECT_GT(patches, 2000);
  EXPECT_LE(run.rewritten / patches, 2 * kSize / Small().rewrite_extents);
  EXPECT_LE(run.most_extents, 512 + 64);
}

TEST_F(RehomeCostTest, ZerosThatCannotBeMergedAreNoReasonToRewriteAgainAndAgain) {
  const Written put = *bucket->Put(TestContext(), "x", Bytes(kSize, 1));
  for (int64_t lo = 0; lo < 600 * 4096; lo += 4096) ASSERT_OK(bucket->Zero(TestContext(), put.object, lo, lo + 100));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket->Rehome(TestContext(), put.object, Small())->bytes, 0);
}

TEST_F(RehomeCostTest, ASparseObjectIsGatheredAndNotRewrittenForItsExtents) {
  const Written put = *bucket->Put(TestContext(), "x", Bytes(1, 1));
  int64_t bytes = 0;
  for (int64_t i = 1; i <= 1500; ++i) {
    ASSERT_OK(bucket->Write(TestContext(), put.object, i * 20'000, Bytes(100, 2)));
    if (i % 33 == 0) bytes += bucket->Rehome(TestContext(), put.object, Small())->bytes;
  }
  EXPECT_LE(bytes, 5 * 150'000);
  EXPECT_EQ(bucket->Rehome(TestContext(), put.object, Small())->bytes, 0) << "nothing more to do";
}

TEST_F(RehomeCostTest, AFewPatchesThatCrossRegionsAreLeftAlone) {
  const Written put = *bucket->Put(TestContext(), "x", Bytes(1000, 1));
  ASSERT_OK(bucket->Write(TestContext(), put.object, kRegionSize - 1000, Bytes(100'000, 2)));
  EXPECT_EQ(bucket->Rehome(TestContext(), put.object)->bytes, 0) << "most of the body is visible, in the next region";
}

}  // namespace
}  // namespace pbfs
