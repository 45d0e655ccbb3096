// What alerts and dashboards ask for is what a Prometheus finds that scrapes a running cluster.
#include <fstream>
#include <iostream>

#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using testing::RunningCluster;

// Some of everything, so that what counts has something to count.
void Work(const RunningCluster& running) {
  const std::string file = running.directory() + "/file";
  std::ofstream(file) << std::string(300'000, 'x');
  ASSERT_EQ(running.Pbfs({"bucket", "create", "worked"}).exit_code, 0);
  ASSERT_EQ(running.Pbfs({"put", file, "worked/a"}).exit_code, 0);
  ASSERT_EQ(running.Pbfs({"patch", "--offset", "1000", "-", "worked/a"}, "patch").exit_code, 0);
  ASSERT_EQ(running.Pbfs({"get", "worked/a", file}).exit_code, 0);
  ASSERT_EQ(running.Pbfs({"cluster", "gc", "--now", "--wait"}).exit_code, 0);  // one pass of each kind
}

TEST(Metrics, PrometheusFindsEveryOneThatIsAskedFor) {
  RunningCluster running(6, 2, local::PostgresKind::kPatroni);
  ASSERT_OK(running.status());
  Work(running);
  const nlohmann::json key = running.PbfsJson({"key", "create", "monitored"});
  const auto gateway = local::ReadTextFile(running.cluster().directory() + "/gateway.json");
  ASSERT_OK(gateway);
  ASSERT_OK_AND_ASSIGN(const std::string program, local::FindProgram("pbfs-operator"));
  const auto outcome = local::RunToEnd(
      Context::WithTimeout(std::chrono::minutes(5)),
      {.argv = {"/usr/bin/python3", "-B", PBFS_REPOSITORY "/tests/integration/monitored.py", "--cluster",
                running.cluster().directory(), "--operator", program},
       .environment = {{"PBFS_S3_ENDPOINT", "http://" + nlohmann::json::parse(*gateway)["http"].get<std::string>()},
                       {"PBFS_S3_ACCESS_KEY", key["id"].get<std::string>()},
                       {"PBFS_S3_SECRET_KEY", key["secret"].get<std::string>()}}});
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->exit_code, 0) << outcome->output << outcome->error;
  std::cout << outcome->output;
}

}  // namespace
}  // namespace pbfs
