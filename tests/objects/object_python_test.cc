// The object API of a real cluster, from Python: stubs generated from the proto, beside boto3.
#include <iostream>

#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

TEST(ObjectApi, PythonStubsDoWhatTheDocumentSays) {
  const pbfs::testing::RunningCluster running;
  ASSERT_OK(running.status());
  const nlohmann::json key = running.PbfsJson({"key", "create", "python"});
  running.PbfsJson({"bucket", "create", "objects-python", "--history", "1h"});
  const std::string directory = running.directory() + "/c";
  ASSERT_OK_AND_ASSIGN(const std::string text, local::ReadTextFile(directory + "/gateway.json"));
  const nlohmann::json config = nlohmann::json::parse(text);
  const auto outcome = local::RunToEnd(
      Context::WithTimeout(std::chrono::minutes(10)),
      {.argv = {"/usr/bin/python3", PBFS_OBJECT_TESTS "/object_api_test.py", PBFS_PROTO_DIR, PBFS_GRPC_PYTHON_PLUGIN},
       .environment = {{"PBFS_OBJECT_ENDPOINT", config["grpc"].get<std::string>()},
                       {"PBFS_S3_ENDPOINT", "http://" + config["http"].get<std::string>()},
                       {"PBFS_S3_CA", directory + "/tls/ca.pem"},
                       {"PBFS_S3_ACCESS_KEY", key["id"].get<std::string>()},
                       {"PBFS_S3_SECRET_KEY", key["secret"].get<std::string>()}}});
  ASSERT_OK(outcome);
  EXPECT_EQ(outcome->exit_code, 0) << outcome->output << outcome->error;
  std::cout << outcome->output;
}

}  // namespace
}  // namespace pbfs
