// What alerts and dashboards ask for is what the services of a running cluster show.
#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using testing::RunningCluster;

// The page of metrics of each service; PostgreSQL and etcd are none of ours.
std::vector<std::string> Pages(local::LocalCluster& cluster) {
  std::vector<std::string> pages;
  for (const local::ProcessStatus& process : cluster.Processes()) {
    const auto text = local::ReadTextFile(cluster.directory() + "/" + process.name + ".json");
    const auto config = text.ok() ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
    if (config.contains("metrics"))
      pages.push_back("http://" + config["metrics"]["address"].get<std::string>() + "/metrics");
  }
  return pages;
}

TEST(Metrics, EveryOneThatIsAskedForIsShown) {
  RunningCluster running(3, 2);
  ASSERT_OK(running.status());
  ASSERT_EQ(running.Pbfs({"cluster", "gc", "--now", "--wait"}).exit_code, 0);  // one pass of each kind
  const std::vector<std::string> pages = Pages(running.cluster());
  ASSERT_EQ(pages.size(), 2u + 3 + 3);
  std::vector<std::string> argv = {"/usr/bin/python3", "-B", PBFS_REPOSITORY "/tests/repository/exported.py", "--wait",
                                   "120"};
  argv.insert(argv.end(), pages.begin(), pages.end());
  const auto outcome = local::RunToEnd(Context::WithTimeout(std::chrono::minutes(5)), {.argv = std::move(argv)});
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->exit_code, 0) << outcome->output << outcome->error;
}

}  // namespace
}  // namespace pbfs
