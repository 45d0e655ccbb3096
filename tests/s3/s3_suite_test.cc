// The S3 gateway of a real cluster, over HTTP and HTTPS: the behaviour suite, malformed requests, documented examples, a short storm of patches.
#include <iostream>
#include <sstream>

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
    secret_ = key["secret"];
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
  static std::string secret_;  // of the key that Run() used last
};
std::string S3Suite::secret_;
pbfs::testing::RunningCluster* S3Suite::running_ = nullptr;

TEST_F(S3Suite, EveryCaseHolds) { Run("run_suite.py", {"--jobs", "4"}); }

TEST_F(S3Suite, TheLogIsAnObjectALineWithoutSecrets) {
  Run("run_suite.py", {"--topic", "signatures"});
  const auto log = local::ReadTextFile(running_->cluster().directory() + "/log/gateway.log");
  ASSERT_OK(log);
  std::istringstream lines(*log);
  int requests = 0, messages = 0;
  for (std::string line; std::getline(lines, line);) {
    const nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
    ASSERT_TRUE(object.is_object()) << line;
    const std::string time = object.value("ts", "");
    EXPECT_TRUE(time.size() == 24 && time[10] == 'T' && time.back() == 'Z') << line;
    ++(object.contains("request_id") ? requests : messages);
    if (!object.contains("request_id")) continue;
    for (const char* field : {"operation", "method", "path", "bucket", "key", "status", "peer", "user", "access_key",
                              "received_bytes", "sent_bytes", "microseconds"})
      EXPECT_TRUE(object.contains(field)) << field << " " << line;
    EXPECT_FALSE(object.contains("msg")) << line;
  }
  EXPECT_GT(requests, 100);
  EXPECT_GT(messages, 0);
  for (const std::string& secret : {secret_, std::string("X-Amz-Signature"), std::string("AWS4-HMAC-SHA256")})
    EXPECT_EQ(log->find(secret), std::string::npos) << secret;
}

// A second each by hand; here others may use the machine.
TEST_F(S3Suite, WhatIsMalformedIsRefusedAndChangesNothing) { Run("malformed_test.py", {"--within", "20"}); }

TEST_F(S3Suite, TheExamplesOfTheDocumentationWork) { Run("examples_test.py", {}); }

// Whether the steps that judge other people's clients (scripts/s3-clients) see what these get wrong.
TEST_F(S3Suite, ClientsThatGetOneThingWrongAreFoundOut) { Run("clients/liars_test.py", {}); }

TEST_F(S3Suite, AStormOfPatchesShowsOnlyWhatItMay) {
  Run("patch_storm.py", {"--patches", "500", "--connections", "16", "--objects", "16", "--versioned", "6"});
}

}  // namespace
}  // namespace pbfs
