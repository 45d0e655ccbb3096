#include "libs/kube/field_owners.h"

#include "libs/base/random.h"
#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

class FieldOwnersTest : public testing::Test {
 protected:
  void Take(const std::string& manager, const Json& intent) {
    EXPECT_OK(owners_.Apply(manager, intent, OnConflict::kTake, object_));
  }

  FieldOwners owners_;
  Json object_ = Json::object();
};

TEST_F(FieldOwnersTest, AnObjectGoesWithItsLastField) {
  Take("a", {{"spec", {{"deep", {{"er", 1}}}}}, {"keep", 1}});
  Take("a", {{"keep", 1}});
  EXPECT_EQ(object_, Json({{"keep", 1}}));
}

TEST_F(FieldOwnersTest, AnEmptyObjectIsAFieldThatLeavesItsMembersToOthers) {
  Take("a", {{"volume", Json::object()}});
  EXPECT_EQ(object_, Json({{"volume", Json::object()}}));
  Take("b", {{"volume", {{"size", 1}}}});
  Take("a", {{"volume", Json::object()}});
  EXPECT_EQ(object_, Json({{"volume", {{"size", 1}}}}));
  Take("a", Json::object());
  EXPECT_EQ(object_, Json({{"volume", {{"size", 1}}}}));
}

TEST_F(FieldOwnersTest, AListIsOneFieldButForFinalizers) {
  Take("a", {{"list", {1, 2}}, {"metadata", {{"finalizers", {"x", "y"}}}}});
  Take("b", {{"list", {3}}, {"metadata", {{"finalizers", {"y", "z"}}}}});
  EXPECT_EQ(object_["list"], Json::array({3}));
  EXPECT_EQ(object_["metadata"]["finalizers"], Json::array({"x", "y", "z"}));
  Take("a", Json::object());
  EXPECT_EQ(object_["metadata"]["finalizers"], Json::array({"y", "z"}));
  Take("b", Json::object());
  EXPECT_EQ(object_, Json::object());
}

TEST_F(FieldOwnersTest, ARefusalNamesTheFieldAndItsManagersAndChangesNothing) {
  Take("a", {{"spec", {{"x", 1}, {"y", 1}}}});
  Take("b", {{"spec", {{"x", 1}}}});
  const Json before = object_;
  const Status refused = owners_.Apply("c", {{"spec", {{"new", 1}, {"x", 2}}}}, OnConflict::kRefuse, object_);
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), testing::HasSubstr("a, b: .spec.x"));
  EXPECT_EQ(object_, before);
  EXPECT_OK(owners_.Apply("a", {{"spec", {{"y", 2}}}}, OnConflict::kRefuse, object_));
  EXPECT_EQ(object_, Json({{"spec", {{"x", 1}, {"y", 2}}}}));
}

/// Flat objects: each manager remembers what it said; who says another value of a field makes all others forget theirs.
class Model {
 public:
  void Take(const std::string& manager, const Json& intent) {
    said_[manager] = intent;
    for (auto& [other, said] : said_)
      for (const auto& [name, value] : intent.items())
        if (said.contains(name) && said[name] != value) said.erase(name);
  }
  Json Object() const {
    Json object = Json::object();
    for (const auto& [manager, said] : said_) object.update(said);
    return object;
  }

 private:
  std::map<std::string, Json> said_;
};

TEST_F(FieldOwnersTest, RandomAppliesDoWhatASimpleModelDoes) {
  const uint64_t seed = TestSeed();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  Model model;
  for (int i = 0; i < TestScaled(5000); ++i) {
    Json intent = Json::object();
    for (const char* name : {"p", "q", "r", "s"})
      if (random.Below(2) == 0) intent[name] = random.Below(3);
    const std::string manager(1, static_cast<char>('a' + random.Below(3)));
    Take(manager, intent);
    model.Take(manager, intent);
    ASSERT_EQ(object_, model.Object()) << manager << " " << intent;
  }
}

}  // namespace
}  // namespace pbfs::kube
