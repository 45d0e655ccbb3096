// The repairer of a real cluster: a store that is lost for good is made up for, one that is drained can be removed.
#include <filesystem>
#include <fstream>

#include "libs/base/random.h"
#include "libs/client/client.h"
#include "tests/integration/cluster_fixture.h"
#include "tools/pbfs/connection.h"

namespace pbfs {
namespace {

using testing::RunningCluster;
using Json = nlohmann::json;

class RepairedCluster : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(running_.status());
    for (const char* catalog : {"catalog-1", "catalog-2"}) Hurry(catalog, {{"downAfterMs", 1000}});
    Hurry("repairer", {{"intervalMs", 200}, {"bytesPerSecond", -1}, {"oldCopiesMs", 1000}});
    ASSERT_OK_AND_ASSIGN(connection_, cli::Connection::Open(running_.cluster().client_config()));
    BucketSettings settings;
    settings.name = "b";
    ASSERT_OK_AND_ASSIGN(Bucket bucket, connection_->client().CreateBucket(TestContext(), settings));
    bucket_ = std::make_unique<Bucket>(std::move(bucket));
    Put(24);
  }
  /// Restarts a service with other settings.
  void Hurry(const std::string& name, const Json& settings) {
    const std::string path = running_.cluster().directory() + "/" + name + ".json";
    std::ifstream in(path);
    Json config = Json::parse(in);
    config.update(settings);
    ASSERT_OK(local::WriteTextFile(path, config.dump(2), 0600));
    ASSERT_OK(running_.cluster().Kill(TestContext(), name, SIGKILL));
    ASSERT_OK(running_.cluster().Start(TestContext(), name));
  }
  void Put(int count) {
    constexpr size_t kSizes[] = {9'000, 100'000, 2'000'000};
    for (int i = 0; i < count; ++i) {
      Bytes content(kSizes[static_cast<size_t>(i) % std::size(kSizes)]);
      random_.Fill(content);
      const std::string name = "o" + std::to_string(contents_.size());
      ASSERT_OK(bucket_->Put(TestContext(), name, content));
      contents_[name] = std::move(content);
    }
  }
  Json Status() { return running_.PbfsJson({"cluster", "status"}); }
  static std::vector<std::string> Troubles(const Json& status) {
    return status.at("troubles").get<std::vector<std::string>>();
  }
  /// Until all that is wrong is `expected`.
  void AwaitTroubles(const std::vector<std::string>& expected) {
    const Context patience = Context::WithTimeout(std::chrono::minutes(3));
    std::vector<std::string> troubles;
    do {
      ASSERT_OK(patience.Check()) << Json(troubles).dump();
      SleepFor(std::chrono::milliseconds(200));  // a poll of other processes, bounded by `patience`
      troubles = Troubles(Status());
    } while (troubles != expected);
  }
  int64_t FragmentsOf(int store) {
    const Json stores = running_.PbfsJson({"cluster", "stores"}).at("stores");
    for (const Json& row : stores)
      if (row.at("id") == store) return row.at("fragments");
    return -1;
  }
  void AwaitEmpty(int store) {
    const Context patience = Context::WithTimeout(std::chrono::minutes(3));
    while (FragmentsOf(store) != 0) {
      ASSERT_OK(patience.Check());
      SleepFor(std::chrono::milliseconds(200));  // a poll of other processes, bounded by `patience`
    }
  }
  void LoseStore(int store) {
    const std::string name = "store-" + std::to_string(store);
    ASSERT_OK(running_.cluster().Kill(TestContext(), name, SIGKILL));
    std::filesystem::remove_all(running_.cluster().directory() + "/" + name);
  }
  void ExpectAllReadable() {
    for (const auto& [name, content] : contents_) {
      ASSERT_OK_AND_ASSIGN(const ObjectId object, bucket_->Find(TestContext(), name));
      Bytes got(content.size());
      ASSERT_OK(bucket_->Read(TestContext(), object, 0, got));
      EXPECT_EQ(got, content) << name;
    }
  }

  RunningCluster running_;
  std::unique_ptr<cli::Connection> connection_;
  std::unique_ptr<Bucket> bucket_;
  SeededRandom random_{TestSeed()};
  std::map<std::string, Bytes> contents_;
};

TEST_F(RepairedCluster, AStoreLostForGoodIsMadeUpForWithoutHelp) {
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({}));
  EXPECT_TRUE(Status().at("healthy"));
  ASSERT_NO_FATAL_FAILURE(LoseStore(3));
  ASSERT_NO_FATAL_FAILURE(Put(6));  // the others go on
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({"store 3 is down"}));
  // Full redundancy again: two more may go.
  ASSERT_NO_FATAL_FAILURE(LoseStore(1));
  ASSERT_NO_FATAL_FAILURE(LoseStore(8));
  ExpectAllReadable();
}

// Nobody has to find out: it comes back under its number, and its disk is an empty one.
TEST_F(RepairedCluster, AStoreThatComesBackEmptyIsFilledAgain) {
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({}));
  const int64_t held = FragmentsOf(4);
  ASSERT_NO_FATAL_FAILURE(LoseStore(4));
  std::filesystem::create_directory(running_.cluster().directory() + "/store-4");
  ASSERT_OK(running_.cluster().Start(TestContext(), "store-4"));
  const Context patience = Context::WithTimeout(std::chrono::minutes(3));
  while (FragmentsOf(4) != held) {
    ASSERT_OK(patience.Check());
    SleepFor(std::chrono::milliseconds(200));  // a poll of other processes, bounded by `patience`
  }
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({}));
}

TEST_F(RepairedCluster, ADrainedStoreCanBeRemoved) {
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({}));
  EXPECT_NE(running_.Pbfs({"cluster", "remove", "5"}).exit_code, 0) << "it is in use";
  const auto drained = running_.PbfsJson({"cluster", "drain", "5", "--wait"});
  EXPECT_EQ(drained.at("groups"), 0);
  ASSERT_NO_FATAL_FAILURE(AwaitEmpty(5));
  running_.PbfsJson({"cluster", "remove", "5"});
  ASSERT_NO_FATAL_FAILURE(LoseStore(5));
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({}));
  running_.PbfsJson({"cluster", "drain", "6"});
  const auto refused = running_.Pbfs({"cluster", "drain", "7"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.error.find("add 1 before"), std::string::npos) << refused.error;
  running_.PbfsJson({"cluster", "uncordon", "6"});
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({}));
  ExpectAllReadable();
  EXPECT_EQ(running_.PbfsJson({"cluster", "map", "--group", "9"}).at("groups").at(0).at("stores").size(), 7u);
  running_.PbfsJson({"cluster", "repair", "--wait"});
}

}  // namespace
}  // namespace pbfs
