#include "services/operator/controller.h"

#include <map>

#include "libs/base/clock.h"
#include "libs/base/simulated_scheduler.h"
#include "libs/base/testing.h"
#include "libs/kube/memory_kube.h"
#include "services/operator/names.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using std::chrono::seconds;

Json Object(const kube::Kind& kind, const std::string& name, const Json& metadata = Json::object()) {
  Json object = {
      {"apiVersion", kind.ApiVersion()}, {"kind", kind.name}, {"metadata", {{"name", name}, {"namespace", "space"}}}};
  object["metadata"].update(metadata);
  return object;
}

/// A Kubernetes in virtual time, and a controller that notes which objects it looks at.
struct Scene {
  Result<LookAgain> Look(const std::string& what) {
    MutexLock lock(mutex);
    return ++looks[what] <= failures ? Result<LookAgain>(UnavailableError("injected")) : Result<LookAgain>(LookAgain());
  }
  Controller::Kind Noted(const kube::Kind& kind) {
    return {kind, [this](const Context&, const std::string& space, const std::string& name) {
              return Look(space + "/" + name);
            }};
  }
  void Make(const kube::Kind& kind, const std::string& name, const Json& metadata = Json::object()) {
    ASSERT_OK(kube.Create(TestContext(), kind, Object(kind, name, metadata)));
  }
  int LooksAt(const std::string& what) {
    SleepFor(seconds(5));  // of virtual time: whoever can do something has done it
    MutexLock lock(mutex);
    return looks[what];
  }

  ManualClock clock{0};
  SeededRandom random{TestSeed()};
  kube::MemoryKube kube{clock};
  Mutex mutex;
  std::map<std::string, int> looks;
  int failures = 0;  // of the first looks at each
};

/// Notes what a controller says of clusters.
struct Noter final : ControllerObserver {
  void OnLook(const kube::Kind& kind, StatusCode code, Duration) override {
    EXPECT_EQ(kind, kinds::kPbfsCluster);
    MutexLock lock(mutex);
    ++looks[code];
  }
  void OnRestart(const kube::Kind& kind) override {
    MutexLock lock(mutex);
    restarts += kind == kinds::kPbfsCluster ? 1 : 0;
  }
  void OnList(const kube::Kind& kind, const std::vector<Json>& items) override {
    MutexLock lock(mutex);
    if (kind == kinds::kPbfsCluster) listed = static_cast<int>(items.size());
  }
  void OnEvent(const kube::Kind& kind, const kube::WatchEvent& event) override {
    MutexLock lock(mutex);
    if (kind == kinds::kPbfsCluster) ++events[event.type];
  }

  Mutex mutex;
  std::map<StatusCode, int> looks;
  int listed = -1, restarts = 0;
  std::map<kube::WatchEvent::Type, int> events;
};

void Simulate(const std::function<void(Scene&)>& run) {
  SimulatedScheduler(TestSeed()).Run([&] {
    Scene scene;
    run(scene);
  });
}

TEST(ControllerTest, AnObjectIsLookedAtWhenItOrWhatWasMadeForItChanges) {
  Simulate([](Scene& scene) {
    scene.Make(kinds::kPbfsCluster, "demo");
    const Controller controller(scene.kube, scene.random,
                                {scene.Noted(kinds::kPbfsCluster), scene.Noted(kinds::kPbfsAccessKey)}, {});
    EXPECT_EQ(scene.LooksAt("space/demo"), 1);
    scene.Make(kinds::kPbfsAccessKey, "key");
    EXPECT_EQ(scene.LooksAt("space/key"), 1);
    const Json ours = {{"app.kubernetes.io/managed-by", "pbfs-operator"}};
    Json of_cluster = ours;
    of_cluster[kClusterLabel] = "demo";
    scene.Make(kinds::kSecret, "demo-tls", {{"labels", of_cluster}});
    EXPECT_EQ(scene.LooksAt("space/demo"), 2);
    ASSERT_OK(scene.kube.Delete(TestContext(), {kinds::kSecret, "space", "demo-tls"}, {}));
    EXPECT_EQ(scene.LooksAt("space/demo"), 3);
    const Json owner = {
        {"apiVersion", kinds::kPbfsAccessKey.ApiVersion()}, {"kind", "PBFSAccessKey"}, {"name", "key"}, {"uid", "u"}};
    scene.Make(kinds::kSecret, "pair", {{"labels", ours}, {"ownerReferences", Json::array({owner})}});
    EXPECT_EQ(scene.LooksAt("space/key"), 2);
    scene.Make(kinds::kSecret, "theirs", {{"labels", {{kClusterLabel, "demo"}}}});
    EXPECT_EQ(scene.LooksAt("space/demo"), 3);
  });
}

TEST(ControllerTest, WhatLivesInAClusterIsLookedAtWhenItsSpecChanges) {
  Simulate([](Scene& scene) {
    const auto cluster_with = [&](const Json& spec) {
      Json cluster = Object(kinds::kPbfsCluster, "demo");
      cluster["spec"] = spec;
      ASSERT_OK(scene.kube.Apply(TestContext(), kinds::kPbfsCluster, cluster, kube::OnConflict::kTake));
    };
    cluster_with({{"paused", false}});
    for (const char* name : {"key", "stranger"}) {
      Json key = Object(kinds::kPbfsAccessKey, name);
      key["spec"] = {{"clusterRef", {{"name", std::string(name) == "key" ? "demo" : "another"}}}};
      ASSERT_OK(scene.kube.Create(TestContext(), kinds::kPbfsAccessKey, key));
    }
    const Controller controller(scene.kube, scene.random,
                                {scene.Noted(kinds::kPbfsCluster), scene.Noted(kinds::kPbfsAccessKey)}, {});
    EXPECT_EQ(scene.LooksAt("space/key"), 1);
    cluster_with({{"paused", true}});
    EXPECT_EQ(scene.LooksAt("space/key"), 2);
    EXPECT_EQ(scene.LooksAt("space/stranger"), 1);
    Json status = Object(kinds::kPbfsCluster, "demo");
    status["status"] = {{"version", "0.1.0"}};
    ASSERT_OK(scene.kube.ApplyStatus(TestContext(), kinds::kPbfsCluster, status));
    EXPECT_EQ(scene.LooksAt("space/key"), 2);
  });
}

TEST(ControllerTest, ALookThatFailsIsRepeated) {
  Simulate([](Scene& scene) {
    scene.failures = 3;
    scene.Make(kinds::kPbfsCluster, "demo");
    Noter noter;
    Controller::Options options;
    options.observer = &noter;
    const Controller controller(scene.kube, scene.random, {scene.Noted(kinds::kPbfsCluster)}, options);
    EXPECT_EQ(scene.LooksAt("space/demo"), 4);
    MutexLock lock(noter.mutex);
    EXPECT_EQ(noter.looks, (std::map<StatusCode, int>{{StatusCode::kUnavailable, 3}, {StatusCode::kOk, 1}}));
    EXPECT_EQ(noter.listed, 1);
  });
}

TEST(ControllerTest, ItsEndCallsOffTheLooksUnderWay) {
  Simulate([](Scene& scene) {
    scene.Make(kinds::kPbfsCluster, "demo");
    bool begun = false, ended = false;
    const auto reconcile = [&](const Context& context, const std::string&, const std::string&) -> Result<LookAgain> {
      begun = true;
      while (context.Check().ok()) SleepFor(std::chrono::milliseconds(10));
      ended = true;
      return context.Check();
    };
    const MonotonicTime begin = MonotonicNow();
    {
      const Controller controller(scene.kube, scene.random, {{kinds::kPbfsCluster, reconcile}}, {});
      SleepFor(seconds(1));
      EXPECT_TRUE(begun);
    }
    EXPECT_TRUE(ended);
    EXPECT_LT(MonotonicNow() - begin, seconds(10));  // virtual: a look may take two minutes
  });
}

}  // namespace
}  // namespace pbfs::operators
