// The page at the admin port of a real cluster's gateway, in headless Chromium.
#include <iostream>

#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

TEST(Page, DoesInABrowserWhatItSays) {
  pbfs::testing::RunningCluster running;
  ASSERT_OK(running.status());
  const nlohmann::json key = running.PbfsJson({"key", "create", "page"});
  const std::string directory = running.cluster().directory();
  const auto text = local::ReadTextFile(directory + "/gateway.json");
  ASSERT_OK(text);
  const nlohmann::json config = nlohmann::json::parse(*text);
  const auto program = local::FindProgram("pbfs");
  ASSERT_OK(program);
  const auto outcome =
      local::RunToEnd(Context::WithTimeout(std::chrono::minutes(12)),
                      {.argv = {"/usr/bin/python3", PBFS_PAGE_TESTS "/page_tour.py"},
                       .environment = {{"PBFS_PAGE", "http://" + config["admin"].get<std::string>()},
                                       {"PBFS_PAGE_SCREENSHOTS", PBFS_PAGE_SCREENSHOTS},
                                       {"PBFS_S3_ENDPOINT", "http://" + config["http"].get<std::string>()},
                                       {"PBFS_S3_ACCESS_KEY", key["id"].get<std::string>()},
                                       {"PBFS_S3_SECRET_KEY", key["secret"].get<std::string>()},
                                       {"PBFS", *program},
                                       {"PBFS_CONFIG", running.cluster().client_config()},
                                       {"PBFS_LOCAL_DIR", directory}}});
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->exit_code, 0) << outcome->output << outcome->error;
  std::cout << outcome->error;
}

}  // namespace
}  // namespace pbfs
