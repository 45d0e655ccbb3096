#include "services/operator/rollout.h"

#include "libs/base/testing.h"
#include "services/operator/names.h"
#include "services/operator/render.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

Json Plan(const std::string& image) {
  return {{"template", {{"spec", {{"containers", Json::array({{{"image", image}}})}}}}}};
}

TEST(RolloutTest, AConfigurationIsCalledByWhatIsInIt) {
  const std::vector<Json> objects = Render(IntentOf(SmallestSpec()));
  ClusterIntent other = IntentOf(SmallestSpec());
  other.spec.gateway.config["requests"] = "64";
  const PodPlans one = PlansOf(objects), two = PlansOf(Render(other));
  const auto name = [](const PodPlans& plans, const char* set) {
    return plans.at(set)["config"]["metadata"]["name"].get<std::string>();
  };
  EXPECT_TRUE(name(one, "demo-gateway").starts_with("demo-gateway-"));
  EXPECT_NE(name(one, "demo-gateway"), name(two, "demo-gateway"));
  EXPECT_EQ(name(one, "demo-fs-main"), name(two, "demo-fs-main"));
  EXPECT_EQ(one.at("demo-gateway")["template"]["spec"]["volumes"][0]["configMap"]["name"], name(one, "demo-gateway"));
  EXPECT_EQ(PlannedConfigs(objects).count("demo-gateway"), 1u);
}

TEST(RolloutTest, OnlyWhatSomebodyAskedForIsToCome) {
  Rollout rollout;
  EXPECT_TRUE(rollout.Follow({{"a", Plan("1")}, {"b", Plan("1")}}, {}, false));
  EXPECT_TRUE(rollout.next.empty());
  const PodPlans other = {{"a", Plan("2")}, {"b", Plan("2")}};
  EXPECT_FALSE(rollout.Follow(other, other, false));  // another operator, the same spec
  EXPECT_TRUE(rollout.next.empty());
  EXPECT_TRUE(rollout.Follow(other, {{"a", Plan("2")}, {"b", Plan("0")}}, false));
  EXPECT_EQ(rollout.next, other);  // all of them, or releases would mix
  EXPECT_TRUE(rollout.ChangesImages());
  EXPECT_TRUE(rollout.Follow({{"a", Plan("1")}, {"b", Plan("1")}}, other, false));
  EXPECT_TRUE(rollout.next.empty());  // taken back
}

TEST(RolloutTest, AWayBackIsToWhatWasThereBefore) {
  Rollout rollout;
  rollout.running = {{"a", Plan("1")}, {"b", Plan("1")}};
  rollout.before = {{"a", SpecHash(Plan("1"))}, {"b", SpecHash(Plan("1"))}};
  rollout.next = {{"a", Plan("2")}, {"b", Plan("2")}};
  EXPECT_FALSE(rollout.IsWayBack());
  rollout.Move("a");
  EXPECT_EQ(rollout.moved, std::set<std::string>{"a"});
  rollout.next = {{"a", Plan("1")}};
  EXPECT_TRUE(rollout.IsWayBack());
  rollout.next = {{"a", Plan("3")}, {"b", Plan("3")}};
  EXPECT_FALSE(rollout.IsWayBack());
}

TEST(RolloutTest, ItIsReadAsItWasWritten) {
  Rollout rollout;
  rollout.spec = {{"version", "0.1.0"}};
  rollout.restarted_at = "today", rollout.made_by = "0.1.0 a", rollout.version = "0.1.0", rollout.came_from = "0.0.9";
  rollout.running = {{"a", Plan("1")}}, rollout.next = {{"a", Plan("2")}};
  rollout.migrated_by = "1", rollout.before = {{"a", "x"}}, rollout.moved = {"a"};
  const Json json = rollout.ToJson();
  EXPECT_EQ(Rollout::FromJson(Json::parse(json.dump())).ToJson(), json);
  for (const Json& odd : {Json(), Json(1), Json::parse(R"({"running": [], "next": {"a": 1}, "moved": {}})")})
    EXPECT_TRUE(Rollout::FromJson(odd).running.empty());
}

}  // namespace
}  // namespace pbfs::operators
