// The garbage collector of a real cluster: what was deleted or patched over leaves the stores, what lives stays.
#include <fstream>
#include <functional>

#include "libs/base/random.h"
#include "libs/client/client.h"
#include "libs/runtime/connection.h"
#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using testing::RunningCluster;

class CollectedCluster : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(running_.status());
    ASSERT_OK_AND_ASSIGN(connection_, Connection::Open(running_.cluster().client_config()));
    BucketSettings settings;
    settings.name = "b";
    settings.k = 2, settings.m = 1;
    ASSERT_OK_AND_ASSIGN(Bucket bucket, connection_->client().CreateBucket(TestContext(), settings));
    bucket_ = std::make_unique<Bucket>(std::move(bucket));
  }
  /// A collector that is in a hurry. Bodies that a rehome replaced keep their hold.
  void RestartCollector() {
    const std::string path = running_.cluster().directory() + "/garbage-collector.json";
    std::ifstream in(path);
    nlohmann::ordered_json config = nlohmann::ordered_json::parse(in);
    config["graceMs"] = 1, config["intervalMs"] = 100;
    ASSERT_OK(local::WriteTextFile(path, config.dump(2), 0600));
    ASSERT_OK(running_.cluster().Kill(TestContext(), "garbage-collector", SIGKILL));
    ASSERT_OK(running_.cluster().Start(TestContext(), "garbage-collector"));
  }
  Bytes Random(size_t size) {
    Bytes bytes(size);
    random_.Fill(bytes);
    return bytes;
  }
  /// The site's floor, which follows the clock a minute behind, to now: what lost its name before may be reaped.
  void RaiseFloor() {
    const auto psql = local::FindProgram("psql");
    ASSERT_OK(psql);
    ASSERT_OK(local::RunProgram(
        TestContext(),
        {.argv = {*psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-d", running_.cluster().AdminConnectionString(1), "-c",
                  "UPDATE pbfs.site_self SET floor_hlc = pbfs.now_ms() << 16"}}));
  }
  /// Of all stores together, as they say.
  StoreStat Stores() {
    StoreStat all;
    for (uint32_t i = 1; i <= 3; ++i) {
      const auto store = connection_->stores().Find(StoreId{i});
      EXPECT_OK(store);
      const auto stat = (*store)->Stat(TestContext());
      EXPECT_OK(stat);
      all.fragments += stat->fragments, all.used += stat->used, all.live += stat->live;
    }
    return all;
  }
  int64_t Fragments() { return Stores().fragments; }
  /// What the stores' files take of the disk.
  int64_t DiskBytes() {
    int64_t all = 0;
    for (int i = 1; i <= 3; ++i)
      all += local::DataBytes(running_.cluster().directory() + "/store-" + std::to_string(i));
    return all;
  }
  void Await(const std::function<bool()>& condition) {
    const Context patience = Context::WithTimeout(std::chrono::minutes(2));
    while (!condition()) {
      ASSERT_OK(patience.Check());
      SleepFor(std::chrono::milliseconds(100));  // a poll of other processes, bounded by `patience`
    }
  }

  RunningCluster running_{3, 2};
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Bucket> bucket_;
  SeededRandom random_{TestSeed()};
};

TEST_F(CollectedCluster, WhatNobodyNeedsLeavesTheStores) {
  constexpr size_t kSize = 1 << 20;
  const Bytes live = Random(kSize), patch = Random(kSize);
  ASSERT_OK(bucket_->Put(TestContext(), "live", live));
  ASSERT_OK_AND_ASSIGN(const Written patched, bucket_->Put(TestContext(), "patched", Random(kSize)));
  ASSERT_OK(bucket_->Write(TestContext(), patched.object, 0, patch));
  ASSERT_OK(bucket_->Put(TestContext(), "deleted", Random(kSize)));
  ASSERT_OK(bucket_->Unbind(TestContext(), "deleted"));
  EXPECT_EQ(Fragments(), 4 * 3);
  ASSERT_NO_FATAL_FAILURE(RaiseFloor());
  ASSERT_NO_FATAL_FAILURE(RestartCollector());
  ASSERT_NO_FATAL_FAILURE(Await([&] { return Fragments() <= 2 * 3; }));
  EXPECT_EQ(Fragments(), 2 * 3);
  for (const auto& [name, want] : {std::pair{"live", &live}, std::pair{"patched", &patch}}) {
    Bytes got(kSize);
    ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket_->Find(TestContext(), name));
    ASSERT_OK(bucket_->Read(TestContext(), object, 0, got));
    EXPECT_EQ(got, *want) << name;
  }
}

TEST_F(CollectedCluster, WhatWaitsIsShownAndAPassIsMadeAtOnce) {
  ASSERT_OK_AND_ASSIGN(const Written made, bucket_->Put(TestContext(), "a", Random(1 << 20)));
  ASSERT_OK(bucket_->Write(TestContext(), made.object, 0, Random(1 << 20)));
  const auto before = running_.PbfsJson({"cluster", "gc"});
  EXPECT_EQ(before.at("frozen"), false);
  EXPECT_EQ(before.at("bodies"), 1);
  EXPECT_EQ(before.at("bytes"), (1 << 20) * 3 / 2);
  EXPECT_TRUE(before.contains("since_ms"));
  const auto now = running_.PbfsJson({"cluster", "gc", "--now", "--wait"});
  ASSERT_EQ(now.at("passes").size(), 3u);
  for (const auto& pass : now.at("passes")) EXPECT_EQ(pass.at("trouble"), "") << pass;
  EXPECT_EQ(now.at("bodies"), 1) << "its grace is not over";
  const auto text = running_.Pbfs({"cluster", "gc"});
  EXPECT_NE(text.output.find("1 bodies that lost a row, 1.5 MiB"), std::string::npos) << text.output;
  EXPECT_NE(text.output.find("stores"), std::string::npos) << text.output;
  EXPECT_EQ(running_.Pbfs({"cluster", "gc", "--wait"}).exit_code, 2) << "for what?";
}

// Nine tenths of the data go, and of the disk at least four fifths of them come back.
TEST_F(CollectedCluster, SpaceComesBackOnTheDisks) {
  constexpr int kObjects = 10;
  const Bytes content = Random(16 << 20);
  for (int i = 0; i < kObjects; ++i) ASSERT_OK(bucket_->Put(TestContext(), "o" + std::to_string(i), content));
  const int64_t before = DiskBytes(), deleted = Stores().live * (kObjects - 1) / kObjects;
  for (int i = 1; i < kObjects; ++i) ASSERT_OK(bucket_->Unbind(TestContext(), "o" + std::to_string(i)));
  ASSERT_NO_FATAL_FAILURE(RaiseFloor());
  ASSERT_NO_FATAL_FAILURE(RestartCollector());
  ASSERT_NO_FATAL_FAILURE(Await([&] { return before - DiskBytes() >= deleted * 8 / 10; }));
  Bytes got(content.size());
  ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket_->Find(TestContext(), "o0"));
  ASSERT_OK(bucket_->Read(TestContext(), object, 0, got));
  EXPECT_EQ(got, content);
}

}  // namespace
}  // namespace pbfs
