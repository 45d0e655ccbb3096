#include "services/operator/conditions.h"

#include "libs/base/testing.h"
#include "libs/kube/kube_json.h"

namespace pbfs::operators {
namespace {

Json StatusWith(const Conditions& conditions) { return {{"conditions", conditions.List()}}; }

TEST(ConditionsTest, TheTimeIsThatOfTheLastChangeOfStatus) {
  Conditions first(Json::object(), 1, "one");
  first.Set("Ready", Truth::kFalse, "Begins", "it begins");
  Conditions second(StatusWith(first), 2, "two");
  second.Set("Ready", Truth::kFalse, "Waits", "it waits");
  EXPECT_EQ(second.List()[0]["lastTransitionTime"], "one");
  EXPECT_EQ(second.List()[0]["observedGeneration"], 2);
  EXPECT_EQ(second.ReasonOf("Ready"), "Waits");
  Conditions third(StatusWith(second), 2, "three");
  third.Set("Ready", Truth::kTrue, "Ready", "it is ready");
  EXPECT_EQ(third.List()[0]["lastTransitionTime"], "three");
  EXPECT_TRUE(third.IsTrue("Ready"));
}

TEST(ConditionsTest, TheyAreKeptByTypeAndThoseOfOthersStay) {
  Conditions conditions(Json::parse(R"({"conditions":[{"type":"Z","status":"True"},{"type":"A","status":"False"},5]})"),
                        1, "now");
  conditions.Set("M", Truth::kUnknown, "Why", "because");
  EXPECT_EQ(conditions.List().size(), 3);
  EXPECT_EQ(conditions.List()[1]["type"], "M");
  conditions.Drop("Z");
  conditions.Drop("none");
  EXPECT_EQ(conditions.List().size(), 2);
  EXPECT_EQ(Conditions(Json::parse(R"({"conditions":{}})"), 1, "now").List(), Json::array());
}

TEST(ConditionsTest, AMessageIsCutBetweenCharacters) {
  Conditions conditions(Json::object(), 1, "now");
  std::string text = "x";
  for (int i = 0; i < 3000; ++i) text += "\xc3\xa4";
  conditions.Set("Ready", Truth::kFalse, "Long", text);
  const std::string cut = conditions.MessageOf("Ready");
  EXPECT_EQ(cut, text.substr(0, 4095));
  EXPECT_OK(kube::DumpJson(conditions.List()));
}

}  // namespace
}  // namespace pbfs::operators
