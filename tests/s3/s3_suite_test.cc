// The S3 gateway of a real cluster, over HTTP and HTTPS: the behaviour suite, and a short storm of patches.
#include <iostream>

#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

class S3Suite : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    running_ = new pbfs::testing::RunningCluster();
    ASSERT_OK(running_->status());
  }
  static void TearDownTestSuite() { delete running_; }

  // Runs a Python program of this folder with what it needs to reach the gateway.
  static void Run(const std::string& program, std::vector<std::string> arguments) {
    const nlohmann::json key = running_->PbfsJson({"key", "create", "suite"});
    const std::string directory = running_->cluster().directory();
    const auto text = local::ReadTextFile(directory + "/gateway.json");
    ASSERT_OK(text);
    const nlohmann::json config = nlohmann::json::parse(*text);
    arguments.insert(arguments.begin(), {"/usr/bin/python3", PBFS_S3_TESTS "/" + program});
    const auto outcome =
        local::RunToEnd(Context::WithTimeout(std::chrono::minutes(20)),
                        {.argv = std::move(arguments),
                         .environment = {{"PBFS_S3_ENDPOINT", "http://" + config["http"].get<std::string>()},
                                         {"PBFS_S3_HTTPS_ENDPOINT", "https://" + config["https"].get<std::string>()},
                                         {"PBFS_S3_DOMAIN", config["domains"][0].get<std::string>()},
                                         {"PBFS_S3_CA", directory + "/tls/ca.pem"},
                                         {"PBFS_S3_ACCESS_KEY", key["id"].get<std::string>()},
                                         {"PBFS_S3_SECRET_KEY", key["secret"].get<std::string>()}}});
    ASSERT_OK(outcome);
    EXPECT_EQ(outcome->exit_code, 0) << outcome->output << outcome->error;
    std::cout << outcome->output.substr(outcome->output.size() - std::min<size_t>(outcome->output.size(), 300));
  }

  static pbfs::testing::RunningCluster* running_;
};
pbfs::testing::RunningCluster* S3Suite::running_ = nullptr;

TEST_F(S3Suite, EveryCaseHolds) { Run("run_suite.py", {"--jobs", "4"}); }

TEST_F(S3Suite, AStormOfPatchesShowsOnlyWhatItMay) {
  Run("patch_storm.py", {"--patches", "500", "--connections", "16", "--objects", "16"});
}

}  // namespace
}  // namespace pbfs
