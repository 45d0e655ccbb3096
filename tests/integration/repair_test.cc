// The repairer of a real cluster: a store that is lost for good is made up for, one that is drained can be removed, a bucket is coded
// anew.
#include <atomic>
#include <filesystem>
#include <fstream>
#include <set>

#include "libs/base/executor.h"
#include "libs/base/random.h"
#include "libs/client/client.h"
#include "libs/runtime/connection.h"
#include "tests/integration/cluster_fixture.h"

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
    ASSERT_OK_AND_ASSIGN(connection_, Connection::Open(running_.cluster().client_config()));
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
  std::unique_ptr<Connection> connection_;
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

// ---- another scheme ----------------------------------------------------------------------------------------------------------------

/// A client of its own that puts and patches objects, and reads all of its own again and again, until it is told to stop.
class Worker {
 public:
  Worker(const std::string& config, std::string name, uint64_t seed) : name_(std::move(name)), random_(seed) {
    auto connection = Connection::Open(config);
    PBFS_CHECK(connection.ok(), connection.status().message());
    connection_ = *std::move(connection);
    auto bucket = connection_->client().OpenBucket(TestContext(), "w");
    PBFS_CHECK(bucket.ok(), bucket.status().message());
    bucket_ = std::make_unique<Bucket>(*std::move(bucket));
  }
  void Run(const std::atomic<bool>& stop) {
    for (int i = 0; !stop; ++i) {
      if (contents_.size() < 60) Put(i);
      if (i % 7 == 3) Patch();
      ReadAll();
    }
  }
  /// One body for each put and each patch, none inline or replicated, all of them visible.
  int64_t bodies() const { return bodies_; }
  void ReadAll() {
    for (const auto& [name, object] : contents_) {
      Bytes got(object.second.size());
      EXPECT_OK(bucket_->Read(TestContext(), object.first, 0, got));
      EXPECT_TRUE(got == object.second) << name;
    }
  }

 private:
  void Put(int i) {
    Bytes content(i % 3 == 0 ? 1'000'000 : 40'000);
    random_.Fill(content);
    const std::string name = name_ + std::to_string(i);
    const Result<Written> written = bucket_->Put(TestContext(), name, content);
    ASSERT_OK(written);
    contents_[name] = {written->object, std::move(content)};
    ++bodies_;
  }
  // In the middle of one that has none yet, so that what was there stays visible.
  void Patch() {
    for (auto& [name, object] : contents_) {
      if (object.second.size() < 100'000 || !patched_.insert(name).second) continue;
      Bytes patch(30'000);
      random_.Fill(patch);
      ASSERT_OK(bucket_->Write(TestContext(), object.first, 50'000, patch));
      std::copy(patch.begin(), patch.end(), object.second.begin() + 50'000);
      ++bodies_;
      return;
    }
  }

  const std::string name_;
  SeededRandom random_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Bucket> bucket_;
  std::map<std::string, std::pair<ObjectId, Bytes>> contents_;
  std::set<std::string> patched_;
  std::atomic<int64_t> bodies_ = 0;
};

class RecodedCluster : public RepairedCluster {
 protected:
  int64_t Fragments() {
    int64_t all = 0;
    const Json stores = running_.PbfsJson({"cluster", "stores"}).at("stores");
    for (const Json& store : stores) all += store.at("fragments").get<int64_t>();
    return all;
  }
  /// Bodies of bucket w that are coded otherwise; -1: nobody has counted them yet.
  int64_t Left() {
    const Json recodings = Status().at("recodings");
    for (const Json& bucket : recodings) {
      if (bucket.at("bucket") == "w") return bucket.value("bodies_left", int64_t{-1});
    }
    return 0;
  }
  template <typename Condition>
  void Await(const Condition& condition) {
    const Context patience = Context::WithTimeout(std::chrono::minutes(4));
    while (!condition()) {
      ASSERT_OK(patience.Check());
      SleepFor(std::chrono::milliseconds(200));  // a poll of other processes, bounded by `patience`
    }
  }
};

TEST_F(RecodedCluster, ABucketIsCodedAnewWhileItIsWrittenAndRead) {
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({}));
  const int64_t of_others = Fragments();
  BucketSettings settings;
  settings.name = "w";
  settings.k = 2, settings.m = 1;
  ASSERT_OK(connection_->client().CreateBucket(TestContext(), settings));
  std::vector<std::unique_ptr<Worker>> workers;
  for (const char* name : {"a", "b"})
    workers.push_back(std::make_unique<Worker>(running_.cluster().client_config(), name, random_.U64()));
  const auto bodies = [&] { return workers[0]->bodies() + workers[1]->bodies(); };
  std::atomic<bool> stop = false;
  std::atomic<int> running = 2;
  Executor executor("workers", 2, 2);
  for (const auto& worker : workers) {
    ASSERT_OK(executor.Submit([&] {
      worker->Run(stop);
      --running;
    }));
  }
  ASSERT_NO_FATAL_FAILURE(Await([&] { return bodies() > 40; }));

  const auto refused = running_.Pbfs({"bucket", "set", "w", "--k", "8", "--m", "3"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_NE(refused.error.find("3 stores are missing"), std::string::npos) << refused.error;
  Hurry("garbage-collector", {{"graceMs", 8000}, {"intervalMs", 200}});  // a busy machine reads slowly
  running_.PbfsJson({"bucket", "set", "w", "--k", "4", "--m", "2", "--wait"});
  EXPECT_EQ(running_.PbfsJson({"bucket", "show", "w"}).at("k"), 4);
  stop = true;
  ASSERT_NO_FATAL_FAILURE(Await([&] { return running == 0; }));
  // They had opened the bucket before, and wrote 2+1 to the end. A repairer that begins looks at everything.
  Hurry("repairer", Json::object());
  // Three a body go, six are there. Some more may be of uploads that were begun again in another group: those are swept tomorrow.
  const auto is_done = [&] {
    const int64_t needless = Fragments() - of_others - 6 * bodies();
    return needless >= 0 && needless < bodies() / 4;
  };
  ASSERT_NO_FATAL_FAILURE(Await([&] { return Left() == 0 && is_done(); }));
  for (const auto& worker : workers) worker->ReadAll();
  ASSERT_NO_FATAL_FAILURE(AwaitTroubles({}));
  // Two stores may be lost now.
  ASSERT_NO_FATAL_FAILURE(LoseStore(2));
  ASSERT_NO_FATAL_FAILURE(LoseStore(7));
  for (const auto& worker : workers) worker->ReadAll();
}

}  // namespace
}  // namespace pbfs
