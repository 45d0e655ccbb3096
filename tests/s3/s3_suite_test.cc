// The behaviour suite (run_suite.py) against a real gateway of a real cluster, over HTTP and HTTPS.
#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

TEST(S3Suite, EveryCaseHolds) {
  pbfs::testing::RunningCluster running;
  ASSERT_OK(running.status());
  const nlohmann::json key = running.PbfsJson({"key", "create", "suite"});
  const nlohmann::json config =
      nlohmann::json::parse(*local::ReadTextFile(running.cluster().directory() + "/gateway.json"));
  const auto outcome =
      local::RunToEnd(Context::WithTimeout(std::chrono::minutes(15)),
                      {.argv = {"/usr/bin/python3", PBFS_SUITE, "--jobs", "4"},
                       .environment = {{"PBFS_S3_ENDPOINT", "http://" + config["http"].get<std::string>()},
                                       {"PBFS_S3_HTTPS_ENDPOINT", "https://" + config["https"].get<std::string>()},
                                       {"PBFS_S3_CA", running.cluster().directory() + "/tls/ca.pem"},
                                       {"PBFS_S3_ACCESS_KEY", key["id"].get<std::string>()},
                                       {"PBFS_S3_SECRET_KEY", key["secret"].get<std::string>()}}});
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->exit_code, 0) << outcome->output << outcome->error;
  std::cout << outcome->output.substr(outcome->output.size() - std::min<size_t>(outcome->output.size(), 200));
}

}  // namespace
}  // namespace pbfs
