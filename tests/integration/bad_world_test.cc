// What a person reads when the world around PBFS is bad: configurations, ports, directories, disks, databases. Each answer
// says what to do, and nothing is lost or half visible (docs/design/bad-input.md).
#include <fmt/format.h>
#include <signal.h>

#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class BadWorld : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    running_ = new pbfs::testing::RunningCluster(3, 2);
    ASSERT_OK(running_->status());
    ASSERT_EQ(running_->Pbfs({"bucket", "create", "b", "--k", "2", "--m", "1"}).exit_code, 0);
  }
  static void TearDownTestSuite() { delete running_; }

  static local::ProgramOutcome Pbfs(std::vector<std::string> arguments, const std::string& input = "") {
    return running_->Pbfs(std::move(arguments), input);
  }
  static nlohmann::json ConfigOf(const std::string& process) {
    const auto text = local::ReadTextFile(running_->cluster().directory() + "/" + process + ".json");
    PBFS_CHECK(text.ok(), text.status().ToString());
    return nlohmann::json::parse(*text);
  }
  /// Runs a service that is expected to end by itself.
  static local::ProgramOutcome Serve(const std::string& program, const nlohmann::json& config,
                                     std::vector<std::string> more = {}) {
    const std::string path = running_->directory() + "/bad-service.json";
    EXPECT_OK(local::WriteTextFile(path, config.dump(), 0600));
    const auto found = local::FindProgram(program);
    PBFS_CHECK(found.ok(), found.status().ToString());
    std::vector<std::string> argv = {*found, "--config", path};
    argv.insert(argv.end(), more.begin(), more.end());
    const auto outcome = local::RunToEnd(TestContext(), {.argv = argv});
    PBFS_CHECK(outcome.ok(), outcome.status().ToString());
    return *outcome;
  }
  static std::string ProgramOf(const std::string& process) {
    return process.starts_with("store") ? "pbfs-fragment-store" : "pbfs-catalog";
  }
  static void Restart(const std::string& process) {
    ASSERT_OK(running_->cluster().Kill(TestContext(), process, SIGKILL));
    ASSERT_OK(running_->cluster().Start(TestContext(), process));
  }

  static pbfs::testing::RunningCluster* running_;
};
pbfs::testing::RunningCluster* BadWorld::running_ = nullptr;

TEST_F(BadWorld, AnUnknownFieldOfAServicesConfigurationIsRefusedByName) {
  for (const std::string process : {"store-1", "catalog-1"}) {
    auto config = ConfigOf(process);
    config["limits"]["cacheBytes"] = 1;
    for (const std::vector<std::string>& more : {std::vector<std::string>{"--check-config"}, {}}) {
      const auto outcome = Serve(ProgramOf(process), config, more);
      EXPECT_EQ(outcome.exit_code, 2);
      EXPECT_THAT(outcome.error, AllOf(HasSubstr("bad-service.json"), HasSubstr("cacheBytes")));
    }
    EXPECT_EQ(Serve(ProgramOf(process), ConfigOf(process), {"--check-config"}).exit_code, 0);
  }
}

TEST_F(BadWorld, APortInUseIsNamed) {
  for (const std::string process : {"store-1", "catalog-1"}) {
    auto config = ConfigOf(process);
    if (config.contains("dataDirectory")) config["dataDirectory"] = running_->directory() + "/fresh";
    config.erase("metrics");  // their port is taken too
    const auto outcome = Serve(ProgramOf(process), config);
    EXPECT_EQ(outcome.exit_code, 3);
    EXPECT_THAT(outcome.error,
                AllOf(HasSubstr(config["listen"]), HasSubstr("in use by another process; stop it or change `listen`")));
  }
}

TEST_F(BadWorld, ADirectoryInUseIsNamed) {
  auto config = ConfigOf("store-1");
  config["listen"] = "127.0.0.1:0";
  config.erase("metrics");
  const auto in_use = Serve("pbfs-fragment-store", config);
  EXPECT_EQ(in_use.exit_code, 2);
  EXPECT_THAT(in_use.error, AllOf(HasSubstr(config["dataDirectory"]), HasSubstr("another process uses")));
}

TEST_F(BadWorld, WithoutItsPrimaryWritesAreRefusedReadsGoOnAndNothingIsHalfVisible) {
  const std::string content(300'000, 'x');
  ASSERT_EQ(Pbfs({"put", "-", "b/before"}, content).exit_code, 0);
  ASSERT_OK(running_->cluster().Kill(TestContext(), "postgres-1", SIGKILL));
  const auto put = Pbfs({"--timeout", "3s", "put", "-", "b/meanwhile"}, content);
  EXPECT_EQ(put.exit_code, 5) << put.error;
  EXPECT_THAT(put.error, HasSubstr("pbfs local status"));
  const auto get = Pbfs({"get", "b/before", "-"});
  EXPECT_EQ(get.exit_code, 0) << get.error;
  EXPECT_TRUE(get.output == content);
  ASSERT_OK(running_->cluster().Start(TestContext(), "postgres-1"));
  const auto after = Pbfs({"get", "b/meanwhile", "-"});
  EXPECT_TRUE(after.exit_code == 3 || (after.exit_code == 0 && after.output == content))
      << "there whole or not there: " << after.exit_code << " " << after.error;
  EXPECT_EQ(Pbfs({"put", "-", "b/afterwards"}, content).exit_code, 0);
}

TEST_F(BadWorld, FullStoresRefuseWritesSayWhatToDoAndServeReads) {
  const std::string content(300'000, 'y');
  ASSERT_EQ(Pbfs({"put", "-", "b/kept"}, content).exit_code, 0);
  for (int store = 1; store <= 3; ++store) {
    const std::string name = fmt::format("store-{}", store);
    auto config = ConfigOf(name);
    config["capacityBytes"] = 1 << 20;  // less than the reserve: full from the start
    ASSERT_OK(local::WriteTextFile(running_->cluster().directory() + "/" + name + ".json", config.dump(), 0600));
    Restart(name);
  }
  const auto put = Pbfs({"put", "-", "b/too-much"}, content);
  EXPECT_EQ(put.exit_code, 8) << put.error;
  EXPECT_THAT(put.error,
              AllOf(HasSubstr("the store is full: write to another, or add stores"), HasSubstr("add space")));
  EXPECT_EQ(Pbfs({"stat", "b/too-much"}).exit_code, 3);
  EXPECT_TRUE(Pbfs({"get", "b/kept", "-"}).output == content);
  EXPECT_EQ(Pbfs({"put", "-", "b/inline"}, "small ones need no store").exit_code, 0);
}

}  // namespace
}  // namespace pbfs
