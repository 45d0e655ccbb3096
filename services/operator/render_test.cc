#include "services/operator/render.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "libs/base/testing.h"
#include "libs/runtime/settings.h"
#include "services/operator/names.h"
#include "services/operator/service_settings.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

using ::testing::ElementsAre;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const Json* Find(const std::vector<Json>& objects, const std::string& kind, const std::string& name) {
  for (const Json& object : objects)
    if (object["kind"] == kind && object["metadata"]["name"] == name) return &object;
  return nullptr;
}

Json Get(const std::vector<Json>& objects, const std::string& kind, const std::string& name) {
  const Json* object = Find(objects, kind, name);
  EXPECT_NE(object, nullptr) << kind << " " << name;
  return object == nullptr ? Json() : *object;
}

// Made anew by PBFS_UPDATE_GOLDEN=1, see README.md.
void ExpectGolden(const std::string& name, const Json& spec) {
  const std::string path = fmt::format("{}/services/operator/golden/{}.json", PBFS_REPOSITORY, name);
  const ClusterIntent intent = IntentOf(spec);
  ASSERT_TRUE(ParseSpec(spec).violations.empty());
  ASSERT_TRUE(CheckSpec(intent.name, intent.spec, nullptr).empty());
  ASSERT_TRUE(CheckSupported(intent.spec).empty());
  const std::string text = Json{{"spec", spec}, {"objects", Render(intent)}}.dump(2) + "\n";
  if (std::getenv("PBFS_UPDATE_GOLDEN") != nullptr) std::ofstream(path) << text;
  EXPECT_EQ(ReadFile(path), text) << path << " differs; if that is meant, make it anew as README.md says";
}

TEST(GoldenTest, TheSmallestClusterIsRenderedAsItWas) { ExpectGolden("smallest", SmallestSpec()); }
TEST(GoldenTest, AProductionClusterIsRenderedAsItWas) { ExpectGolden("production", ProductionSpec()); }
TEST(GoldenTest, EverythingIsRenderedAsItWas) { ExpectGolden("everything", EverythingSpec()); }

/// Reads configurations as the services do.
class ConfigTest : public testing::Test {
 protected:
  // As in a pod.
  ConfigTest() {
    setenv("POD_NAME", "demo-fs-main-0", 1);
    setenv("NODE_NAME", node_.c_str(), 1);
    std::ofstream(PathOf(node_)) << "zone-a\n";
  }
  ~ConfigTest() override {
    std::filesystem::remove(path_);
    std::filesystem::remove(PathOf(node_));
  }

  Status Load(const Part& part, const Json& config) const {
    std::ofstream(path_) << config.dump();
    if (part == kGateway) return LoadGatewaySettings(path_).status();
    if (part == kCatalog) return LoadCatalogSettings(path_).status();
    if (part == kFragmentStore) return LoadFragmentStoreSettings(path_).status();
    if (part == kGarbageCollector) return LoadGarbageCollectorSettings(path_).status();
    return LoadRepairerSettings(path_).status();
  }

  // The folder of a mounted ConfigMap is not here.
  static void MoveDomains(Json& config) {
    if (config.contains("domainFile")) config["domainFile"] = PathOf("$(NODE_NAME)");
  }

  void ExpectAllLoad(const std::vector<Json>& objects) const {
    for (const Json& object : objects) {
      if (object["kind"] != "ConfigMap") continue;
      SCOPED_TRACE(object.dump());
      for (const Part& part : kParts) {
        if (object["metadata"]["labels"][kComponentLabel] != part.component) continue;
        Json config = Json::parse(object["data"]["config.json"].get<std::string>());
        MoveDomains(config);
        EXPECT_OK(Load(part, config));
      }
    }
  }

  static std::string PathOf(const std::string& name) { return testing::TempDir() + name; }
  const std::string node_ = fmt::format("node_{}", testing::UnitTest::GetInstance()->current_test_info()->name());
  const std::string path_ = PathOf(node_ + ".json");
};

TEST_F(ConfigTest, ServicesTakeTheConfigurationsOfTheSamples) {
  for (const Json& spec : {SmallestSpec(), ProductionSpec(), EverythingSpec()}) ExpectAllLoad(Render(IntentOf(spec)));
}

TEST_F(ConfigTest, ServicesTakeTheConfigurationsOfAnySpec) {
  SeededRandom random(TestSeed());
  SCOPED_TRACE(TestSeed());
  for (int i = 0; i < TestScaled(50); ++i) ExpectAllLoad(Render(IntentOf(RandomSpec(random))));
}

TEST_F(ConfigTest, ServicesKnowEverySettingThatUsersMayMake) {
  for (const Part& part : kParts) {
    for (const Setting& setting : SettingsOf(part)) {
      SCOPED_TRACE(fmt::format("{} {}", part.program, setting.path));
      // A number that each takes: no less memory than any asks for.
      const bool bytes = setting.path.ends_with("Bytes");
      const std::string value(setting.words.empty() ? (bytes ? "134217728" : "4")
                                                    : setting.words.substr(0, setting.words.find('|')));
      EXPECT_TRUE(IsValueOf(setting, value));
      const std::string base = part == kGateway         ? "demo-gateway"
                               : part == kFragmentStore ? "demo-fs-main"
                                                        : NameOf("demo", part);
      Json config = Json::parse(
          Get(Render(IntentOf(SmallestSpec())), "ConfigMap", base)["data"]["config.json"].get<std::string>());
      MoveDomains(config);
      PutSettings({{std::string(setting.path), value}}, config);
      EXPECT_OK(Load(part, config));
    }
  }
}

TEST(RenderTest, FewerStoresInTheSpecTakeNoPodAway) {
  ClusterIntent intent = IntentOf(SmallestSpec());
  intent.facts.store_replicas = {{"main", 5}};
  EXPECT_EQ(Get(Render(intent), "StatefulSet", "demo-fs-main")["spec"]["replicas"], 5);
  intent.facts.store_replicas = {{"main", 2}};
  EXPECT_EQ(Get(Render(intent), "StatefulSet", "demo-fs-main")["spec"]["replicas"], 3);
}

TEST_F(ConfigTest, StoresOfAPoolHaveOneConfigurationAndEachItsOwnPlace) {
  const auto load = [&](const Json& spec, const std::string& pool) {
    const auto objects = Render(IntentOf(spec));
    Json config = Json::parse(Get(objects, "ConfigMap", "demo-fs-" + pool)["data"]["config.json"].get<std::string>());
    MoveDomains(config);
    std::ofstream(path_) << config.dump();
    return LoadFragmentStoreSettings(path_);
  };
  ASSERT_OK_AND_ASSIGN(FragmentStoreSettings store, load(SmallestSpec(), "main"));
  EXPECT_EQ(store.address, "demo-fs-main-0.demo-fs-main.storage.svc:9100");
  EXPECT_EQ(store.domain, node_);
  EXPECT_THAT(store.catalogs, ElementsAre("demo-catalog-0.storage.svc:9200"));
  EXPECT_EQ(store.store, StoreId{0});
  ASSERT_OK_AND_ASSIGN(store, load(ProductionSpec(), "hot"));
  EXPECT_EQ(store.domain, "zone-a");
}

TEST(RenderTest, DomainsAreMountedOnlyWhereNodesAreNone) {
  EXPECT_FALSE(MountedFromElsewhere(IntentOf(SmallestSpec())).contains("demo-domains"));
  EXPECT_TRUE(MountedFromElsewhere(IntentOf(ProductionSpec())).contains("demo-domains"));
}

TEST(RenderTest, HibernationLeavesNoBudget) {
  ClusterIntent intent = IntentOf(ProductionSpec());
  intent.spec.hibernated = true;
  for (const Json& object : Render(intent)) EXPECT_NE(object["kind"], "PodDisruptionBudget");
}

TEST(RenderTest, StoresAreSpreadAsFirmlyAsDomainsAllow) {
  ClusterIntent intent = IntentOf(ProductionSpec());  // 4+2: three domains
  const auto when = [&] {
    const Json set = Get(Render(intent), "StatefulSet", "demo-fs-hot");
    return set["spec"]["template"]["spec"]["topologySpreadConstraints"][0]["whenUnsatisfiable"].get<std::string>();
  };
  intent.facts.failure_domains = 3;
  EXPECT_EQ(when(), "DoNotSchedule");
  intent.facts.failure_domains = 2;
  EXPECT_EQ(when(), "ScheduleAnyway");
}

TEST(RenderTest, CatalogsAreApartWhereThereAreNodesEnough) {
  ClusterIntent intent = IntentOf(ProductionSpec());  // three of them
  const auto apart = [&](const char* how) {
    const Json set = Get(Render(intent), "StatefulSet", "demo-catalog-0");
    return set["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"].contains(how);
  };
  intent.facts.nodes = 3;
  EXPECT_TRUE(apart("requiredDuringSchedulingIgnoredDuringExecution"));
  intent.facts.nodes = 2;
  EXPECT_FALSE(apart("requiredDuringSchedulingIgnoredDuringExecution"));
  EXPECT_TRUE(apart("preferredDuringSchedulingIgnoredDuringExecution"));
}

TEST(RenderTest, ABudgetThatCouldOnlyRefuseIsNotMade) {
  Json spec = SmallestSpec();
  spec["redundancy"] = {{"dataShards", 1}, {"parityShards", 0}};
  spec["fragmentStore"]["pools"][0]["replicas"] = 1;
  spec["gateway"]["replicas"] = 1;
  spec["catalog"]["replicas"] = 1;
  spec["postgres"] = {{"type", "Managed"}, {"managed", {{"instances", 1}, {"synchronousStandbys", 0}}}};
  for (const Json& object : Render(IntentOf(spec))) EXPECT_NE(object["kind"], "PodDisruptionBudget");
}

TEST(RenderTest, AChangedConfigurationRestartsThePodsThatReadIt) {
  Json spec = SmallestSpec();
  const auto before = Render(IntentOf(spec));
  spec["gateway"]["config"] = {{"requests", "64"}};
  const auto after = Render(IntentOf(spec));
  const auto hash = [](const std::vector<Json>& objects, const char* name) {
    return Get(objects, "StatefulSet", name)["spec"]["template"]["metadata"]["annotations"][kConfigHash];
  };
  EXPECT_NE(hash(before, "demo-gateway"), hash(after, "demo-gateway"));
  EXPECT_EQ(Get(before, "StatefulSet", "demo-fs-main"), Get(after, "StatefulSet", "demo-fs-main"));
}

TEST(RenderTest, SpellingsOfOneAmountAreOneIntent) {
  Json one = SmallestSpec(), other = SmallestSpec();
  one["gateway"]["resources"]["requests"] = {{"cpu", 1}, {"memory", "1024Mi"}};
  other["gateway"]["resources"]["requests"] = {{"cpu", "1000m"}, {"memory", "1Gi"}};
  EXPECT_EQ(Render(IntentOf(one)), Render(IntentOf(other)));
}

TEST(RenderTest, AGatewayWithoutTlsOffersNoObjectApi) {
  Json spec = SmallestSpec();
  spec["tls"]["mode"] = "Disabled";
  const Json service = Get(Render(IntentOf(spec)), "Service", "demo-gateway");
  ASSERT_EQ(service["spec"]["ports"].size(), 1u);
  EXPECT_EQ(service["spec"]["ports"][0]["name"], "s3");
}

TEST(SpecHashTest, DependsOnContentOnly) {
  const Json one = Json::parse(R"({"a": 1, "b": {"c": [1, 2], "d": "x"}})");
  const Json same = Json::parse(R"({"b": {"d": "x", "c": [1, 2]}, "a": 1})");
  EXPECT_EQ(SpecHash(one), SpecHash(same));
  EXPECT_EQ(SpecHash(one).size(), 64u);
  for (const char* other : {R"({"a": 2, "b": {"c": [1, 2], "d": "x"}})", R"({"a": 1, "b": {"c": [2, 1], "d": "x"}})",
                            R"({"a": "1", "b": {"c": [1, 2], "d": "x"}})", R"({"a": 1, "b": {"c": [1, 2]}})"})
    EXPECT_NE(SpecHash(one), SpecHash(Json::parse(other))) << other;
}

// Known: what is written into clusters today must be what a later release computes.
TEST(SpecHashTest, IsTheShaOfTheText) {
  EXPECT_EQ(SpecHash(Json::object()), "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
}

}  // namespace
}  // namespace pbfs::operators
