// The main job in small, on a cluster of its own: two stores and a catalog are killed in the middle of it.
#include <algorithm>

#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

TEST(MainJob, EveryByteReadsBackWithTwoStoresAndACatalogDead) {
  pbfs::testing::RunningCluster running;
  ASSERT_OK(running.status());
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  const auto report = running.PbfsJson({"job", "--size", "64MiB", "--patches", std::to_string(TestScaled(100)),
                                        "--seed", std::to_string(seed), "--dir", running.cluster().directory()});
  EXPECT_EQ(report["same"], true) << report.dump(2);
  EXPECT_EQ(report["sha256_object"], report["sha256_reference"]);
  EXPECT_EQ(report["killed"].size(), 3u);
  EXPECT_EQ(report["object_bytes"], 64 << 20);
  const auto processes = running.cluster().Open(running.cluster().directory())->Processes();
  EXPECT_EQ(std::count_if(processes.begin(), processes.end(), [](const auto& p) { return !p.alive; }), 3);
}

}  // namespace
}  // namespace pbfs
