// Sweeps over the in-memory twins.
#include "tools/pbfs/rehome_sweep.h"

#include "libs/base/testing.h"
#include "libs/client/twin_cluster.h"
#include "libs/model/limits.h"

namespace pbfs::cli {
namespace {

class RehomeSweepTest : public testing::Test {
 protected:
  RehomeSweepTest() : client(cluster.NewClient()) {
    BucketSettings settings;
    settings.name = "b";
    policy.gather_bodies = 4;
    auto made = client->CreateBucket(TestContext(), settings);
    PBFS_CHECK(made.ok(), made.status().ToString());
    bucket.emplace(*made);
  }
  // An object of 100 kB under `patches` small ones.
  ObjectId Put(const std::string& name, int patches) {
    const ObjectId object = bucket->Put(TestContext(), name, Bytes(100'000, 1))->object;
    for (int i = 0; i < patches; ++i) EXPECT_OK(bucket->Write(TestContext(), object, i * 1000, Bytes(10, 2)));
    return object;
  }
  RehomeSweep Sweep(int parallel = 2) {
    return RehomeSweep(*bucket, policy, parallel, [this](int64_t bytes) {
      EXPECT_GT(bytes, seen);
      seen = bytes;
    });
  }

  TwinCluster cluster;
  std::unique_ptr<Client> client;
  std::optional<Bucket> bucket;
  RehomePolicy policy;
  int64_t seen = 0;
};

TEST_F(RehomeSweepTest, AWholeBucketAndThenNothingIsLeftToDo) {
  for (int i = 0; i < 20; ++i) Put("x" + std::to_string(i), 10);
  ASSERT_OK_AND_ASSIGN(const SweepReport first, Sweep(4).RunPrefix(TestContext(), ""));
  EXPECT_EQ(first.objects, 20);
  EXPECT_EQ(first.done.regions, 20);
  EXPECT_EQ(first.done.merged, 20);
  EXPECT_EQ(first.done.bytes, 20 * 100'000) << "what was put is small as well";
  EXPECT_EQ(first.done.kept, 0);
  EXPECT_EQ(seen, 20 * 100'000);
  EXPECT_EQ(*Sweep().SizeOf(TestContext(), ""), seen);
  seen = 0;
  ASSERT_OK_AND_ASSIGN(const SweepReport again, Sweep().RunPrefix(TestContext(), ""));
  EXPECT_EQ(again.done.regions, 20);
  EXPECT_EQ(again.done.merged, 0);
}

TEST_F(RehomeSweepTest, APrefixLeavesTheOthersAlone) {
  Put("a/1", 10);
  Put("a/2", 2);
  Put("c", 10);
  ASSERT_OK_AND_ASSIGN(const SweepReport report, Sweep().RunPrefix(TestContext(), "a/"));
  EXPECT_EQ(report.objects, 2);
  EXPECT_EQ(report.done.merged, 1);
}

TEST_F(RehomeSweepTest, TheRegionsOfOneObjectGoSideBySide) {
  const ObjectId object = Put("x", 0);
  for (int64_t region = 0; region < 4; ++region) {
    for (int i = 0; i < 6; ++i)
      ASSERT_OK(bucket->Write(TestContext(), object, region * kRegionSize + 200'000 + i * 1000, Bytes(10, 3)));
  }
  ASSERT_OK_AND_ASSIGN(const ObjectStat stat, bucket->Stat(TestContext(), object));
  ASSERT_OK_AND_ASSIGN(const SweepReport report, Sweep(3).RunObject(TestContext(), "x", stat));
  EXPECT_EQ(report.objects, 1);
  EXPECT_EQ(report.done.regions, 4);
  EXPECT_EQ(report.done.merged, 4);
  EXPECT_EQ(seen, stat.size);
}

TEST_F(RehomeSweepTest, DamagedObjectsAreToldAndTheOthersAreDone) {
  Put("a", 10);
  policy.always_rewrite = true;
  for (int i = 0; i < cluster.stores(); ++i) cluster.store(i).SetCorruptReads(true);
  ASSERT_OK_AND_ASSIGN(const SweepReport report, Sweep().RunPrefix(TestContext(), ""));
  ASSERT_EQ(report.damaged.size(), 1u);
  EXPECT_EQ(report.damaged[0].substr(0, 3), "a: ");
  EXPECT_EQ(report.done.merged, 0);
}

TEST_F(RehomeSweepTest, AnInterruptionEndsItAndTheNextRunDoesTheRest) {
  for (int i = 0; i < 20; ++i) Put("x" + std::to_string(i), 10);
  const Context context = TestContext();
  RehomeSweep sweep(*bucket, policy, 1, [&](int64_t bytes) {
    if (bytes == 500'000) context.Cancel();
  });
  EXPECT_CODE(sweep.RunPrefix(context, ""), kCancelled);
  ASSERT_OK_AND_ASSIGN(const SweepReport rest, Sweep().RunPrefix(TestContext(), ""));
  EXPECT_GE(rest.done.merged, 14);
  EXPECT_LE(rest.done.merged, 15);
}

}  // namespace
}  // namespace pbfs::cli
