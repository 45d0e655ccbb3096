#include "libs/base/testing.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/rolling_cluster.h"

/// The operator dies before every write of an upgrade, a way back, a setting that reaches stores, a sleep and a waking, which is after the one before
/// it, and in the end not at all; another operator goes on.
namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using Names = std::set<std::string>;
using Scene = std::function<void(RollingCluster& demo)>;

/// `prepare` is without faults; `ask` says what is wanted then, and `end` has to be so in the end. Not more than one store is away at any time, unless
/// `all_go`.
void Walk(const Scene& prepare, const Scene& ask, const std::function<bool(RollingCluster&)>& end,
          bool all_go = false) {
  int64_t walked = 0;
  for (bool reached = true; reached && !testing::Test::HasFailure(); ++walked) {
    const int64_t write = walked + 1;
    SCOPED_TRACE(write);
    const auto demo = RollingCluster::Ready();
    prepare(*demo);
    ask(*demo);
    kube::FaultyKube& faults = demo->world().faults();
    faults.Heal();
    faults.CrashAtWrite(write, kube::FaultyKube::When::kBefore);
    demo->RunUntil([&] { return end(*demo) || faults.writes() >= write; });
    reached = faults.writes() >= write;
    faults.Heal();
    demo->NewOperator();
    ASSERT_TRUE(demo->RunUntil([&] { return end(*demo); })) << demo->Cluster().dump(1);
    ASSERT_TRUE(all_go || demo->most_away() <= 1);
  }
  EXPECT_GT(walked, 10);
}

std::function<bool(RollingCluster&)> RunsAll(const std::string& tag, size_t config_maps) {
  return [=](RollingCluster& demo) {
    return demo.IsReady() && demo.Step().empty() && demo.Tags() == Names{tag} &&
           demo.world().All(kinds::kConfigMap).size() == config_maps;  // no orphans
  };
}

size_t ConfigMapsAtRest() {
  const auto demo = RollingCluster::Ready();
  demo->Rounds(2);
  return demo->world().All(kinds::kConfigMap).size();
}

void Nothing(RollingCluster&) {}
void WantNext(RollingCluster& demo) { demo.WantVersion("0.1.1"); }

TEST(ClusterUpgradeCrashTest, AnUpgrade) { Walk(Nothing, WantNext, RunsAll("0.1.1", ConfigMapsAtRest())); }

TEST(ClusterUpgradeCrashTest, AWayBackFromABadStoreInTheMiddle) {
  const auto spoil = [](RollingCluster& demo) {
    demo.sets().is_bad = [](const Json& pod) {
      return MetaText(pod, "name") == "demo-fs-main-1" &&
             pod["spec"]["containers"][0]["image"].get<std::string>().ends_with(":0.1.1");
    };
    demo.WantVersion("0.1.1");
    ASSERT_TRUE(demo.RunUntil([&] { return demo.TagOf("demo-fs-main-1") == "0.1.1"; }));
    demo.Rounds(2);
  };
  Walk(
      spoil, [](RollingCluster& demo) { demo.WantVersion("0.1.0"); }, RunsAll("0.1.0", ConfigMapsAtRest()));
}

TEST(ClusterUpgradeCrashTest, ASettingOfStores) {
  const auto ask = [](RollingCluster& demo) {
    demo.Edit([](Json& spec) { spec["fragmentStore"]["pools"][0]["config"] = {{"limits.threads", "8"}}; });
  };
  const auto runs = RunsAll("0.1.0", ConfigMapsAtRest());
  Walk(Nothing, ask, [&](RollingCluster& demo) { return demo.restarted().size() == 3 && runs(demo); });
}

TEST(ClusterUpgradeCrashTest, ASleep) {
  const auto ask = [](RollingCluster& demo) { demo.Edit([](Json& spec) { spec["hibernated"] = true; }); };
  const auto asleep = [](RollingCluster& demo) {
    return demo.Condition("Hibernated") == "True/Hibernated" && demo.world().All(kinds::kPod).empty();
  };
  Walk(Nothing, ask, asleep, true);
}

TEST(ClusterUpgradeCrashTest, AWaking) {
  const auto sleep = [](RollingCluster& demo) {
    demo.Edit([](Json& spec) { spec["hibernated"] = true; });
    ASSERT_TRUE(demo.RunUntil([&] { return demo.Condition("Hibernated") == "True/Hibernated"; }));
  };
  const auto wake = [](RollingCluster& demo) { demo.Edit([](Json& spec) { spec["hibernated"] = false; }); };
  Walk(sleep, wake, RunsAll("0.1.0", ConfigMapsAtRest()), true);
}

}  // namespace
}  // namespace pbfs::operators
