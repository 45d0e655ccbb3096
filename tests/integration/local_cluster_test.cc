// The local cluster itself: processes, ports, directories, state files.
#include <algorithm>

#include <signal.h>

#include "libs/base/sync.h"
#include "tests/integration/cluster_fixture.h"

namespace pbfs::local {
namespace {

using testing::ClusterDirectory;
using testing::ClusterGuard;
using testing::RunningCluster;

const ProcessStatus& Named(const std::vector<ProcessStatus>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const ProcessStatus& p) { return p.name == name; });
  PBFS_CHECK(found != all.end(), name);
  return *found;
}

TEST(LocalCluster, StartsKillsStartsAgainAndStops) {
  RunningCluster running;
  ASSERT_OK(running.status());
  LocalCluster& cluster = running.cluster();
  ASSERT_EQ(cluster.Processes().size(), 2u + 1 + 2 + 8 + 3);
  for (const auto& process : cluster.Processes()) EXPECT_TRUE(process.ready) << process.name;

  for (const char* name : {"store-3", "catalog-1", "postgres-2", "etcd", "garbage-collector", "repairer"}) {
    SCOPED_TRACE(name);
    ASSERT_OK(cluster.Kill(TestContext(), name, SIGKILL));
    EXPECT_FALSE(Named(cluster.Processes(), name).alive);
    EXPECT_CODE(cluster.Kill(TestContext(), name, SIGKILL), kFailedPrecondition);
    ASSERT_OK(cluster.Start(TestContext(), name));
    EXPECT_TRUE(Named(cluster.Processes(), name).ready);
  }
  EXPECT_CODE(cluster.Kill(TestContext(), "store-99", SIGKILL), kNotFound);

  // Another program finds the same processes, by the state file alone.
  ASSERT_OK_AND_ASSIGN(LocalCluster other, LocalCluster::Open(cluster.directory()));
  EXPECT_EQ(Named(other.Processes(), "store-3").pid, Named(cluster.Processes(), "store-3").pid);
  ASSERT_OK(other.Down(TestContext()));
  for (const auto& process : other.Processes()) EXPECT_FALSE(process.alive) << process.name;
  ASSERT_OK(other.Down(TestContext()));
  ASSERT_OK(other.Up(TestContext()));
  for (const auto& process : other.Processes()) EXPECT_TRUE(process.ready) << process.name;

  // And the first object sees what the other one did, or it would leave processes behind.
  for (const auto& process : cluster.Processes())
    EXPECT_EQ(process.pid, Named(other.Processes(), process.name).pid) << process.name;
  ASSERT_OK(cluster.Purge(TestContext()));
  for (const auto& process : cluster.Processes()) EXPECT_FALSE(process.alive) << process.name;
  EXPECT_CODE(LocalCluster::Open(cluster.directory()), kNotFound);
}

TEST(LocalCluster, WithoutStandby) {
  RunningCluster running(3, 1);
  ASSERT_OK(running.status());
  EXPECT_EQ(running.cluster().Processes().size(), 1u + 1 + 1 + 3 + 3);
}

// What every other cluster of the tests relies on when its test is killed.
TEST(ClusterGuard, TakesTheClusterDownWhenItsTestHasEnded) {
  ClusterDirectory directory;
  ASSERT_OK_AND_ASSIGN(
      LocalCluster cluster,
      LocalCluster::Create(TestContext(), {.directory = directory.cluster(), .stores = 1, .catalogs = 1}));
  const Status up = cluster.Up(TestContext());
  { const ClusterGuard guard(directory.cluster()); }  // as a test that is gone
  EXPECT_OK(up);
  const Context patience = Context::WithTimeout(std::chrono::minutes(1));
  while (std::filesystem::exists(directory.cluster())) {
    ASSERT_OK(patience.Check());
    SleepFor(std::chrono::milliseconds(20));  // a poll, bounded by `patience`
  }
  for (const auto& process : cluster.Processes()) EXPECT_FALSE(process.alive) << process.name;
}

TEST(LocalCluster, RefusesADirectoryThatIsNotEmpty) {
  ClusterDirectory directory;
  ASSERT_OK(WriteTextFile(directory.path() + "/precious", "x", 0644));
  const auto cluster = LocalCluster::Create(TestContext(), {.directory = directory.path()});
  EXPECT_CODE(cluster, kFailedPrecondition);
  EXPECT_THAT(cluster.status().message(), ::testing::HasSubstr("precious"));
  EXPECT_TRUE(std::filesystem::exists(directory.path() + "/precious"));
}

TEST(LocalCluster, NamesThePortInUse) {
  ClusterDirectory directory;
  // Some program that listens: `up` must name its port, and leave the directory as it was.
  RunningCluster holder(1, 1);
  ASSERT_OK(holder.status());
  const int taken = holder.cluster().Processes().front().port;
  const auto cluster = LocalCluster::Create(TestContext(), {.directory = directory.cluster(), .base_port = taken});
  EXPECT_CODE(cluster, kFailedPrecondition);
  EXPECT_THAT(cluster.status().message(), ::testing::HasSubstr(std::to_string(taken)));
}

TEST(LocalCluster, RefusesOptionsAndPaths) {
  for (const LocalClusterOptions& bad :
       {LocalClusterOptions{.directory = "/tmp/pbfs-x", .stores = 0},
        LocalClusterOptions{.directory = "/tmp/pbfs-x", .stores = 49},
        LocalClusterOptions{.directory = "/tmp/pbfs-x", .catalogs = 3}, LocalClusterOptions{.directory = "/tmp/pbfs x"},
        LocalClusterOptions{.directory = "/tmp/pbfs'x"}})
    EXPECT_CODE(LocalCluster::Create(TestContext(), bad), kInvalidArgument);
  EXPECT_CODE(LocalCluster::Open("/no/such/directory"), kNotFound);
}

TEST(LocalCluster, SecretsAreClosedToOthers) {
  RunningCluster running(1, 1);
  ASSERT_OK(running.status());
  for (const auto& file : std::filesystem::recursive_directory_iterator(running.cluster().directory())) {
    const std::string name = file.path().filename();
    const bool secret = name.ends_with("-key.pem") || name.ends_with(".key") || name.ends_with(".dsn") ||
                        name == "site-secret" || name == "token-key" || name == "admin-key" || name == "cluster.json";
    if (!secret) continue;
    EXPECT_EQ(static_cast<int>(file.status().permissions()) & 077, 0) << file.path();
  }
}

}  // namespace
}  // namespace pbfs::local
