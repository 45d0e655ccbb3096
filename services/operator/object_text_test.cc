#include "services/operator/object_text.h"

#include "libs/base/testing.h"

namespace pbfs::operators {
namespace {

TEST(ObjectTextTest, ServersMaySayMoreThanAnIntent) {
  const struct {
    const char *live, *intent;
    bool covers;
  } cases[] = {
      {R"({"a":1,"b":2})", R"({"a":1})", true},
      {R"({"a":2})", R"({"a":1})", false},
      {R"({})", R"({"a":1})", false},
      {R"({"a":{"default":true}})", R"({"a":{}})", true},
      {R"({})", R"({"a":{},"b":[]})", true},  // servers drop what is empty
      {R"({"a":1})", R"({"a":{}})", false},
      {R"({"ports":[{"port":1,"protocol":"TCP"}]})", R"({"ports":[{"port":1}]})", true},
      {R"({"ports":[{"port":1},{"port":2}]})", R"({"ports":[{"port":1}]})", false},
      {R"({"ports":[{"port":2},{"port":1}]})", R"({"ports":[{"port":1},{"port":2}]})", false},
      {R"({"ports":{}})", R"({"ports":[1]})", false},
      {R"({"a":null})", R"({"a":""})", false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(Covers(Json::parse(c.live), Json::parse(c.intent)), c.covers) << c.live << " " << c.intent;
}

TEST(ObjectTextTest, TimesAreReadAsRfc3339HasThem) {
  EXPECT_EQ(TimeText(1'800'000'000'500'000), "2027-01-15T08:00:00Z");
  const std::pair<const char*, int64_t> cases[] = {{"2027-01-15T08:00:00Z", 1'800'000'000},
                                                   {"2027-01-15T08:00:00.999Z", 1'800'000'000},
                                                   {"2027-01-15T09:30:00+01:30", 1'800'000'000},
                                                   {"2027-01-15T07:00:00-01:00", 1'800'000'000},
                                                   {"2027-01-15T08:00:00", 0},
                                                   {"2027-01-15T08:00:00Zulu", 0},
                                                   {"2027-01-15T08:00:00+1", 0},
                                                   {"tomorrow", 0},
                                                   {"", 0}};
  for (const auto& [text, seconds] : cases) EXPECT_EQ(SecondsOfTime(text), seconds) << text;
}

TEST(ObjectTextTest, SecretsAreReadWithoutTrustingThem) {
  const StringMap values = {{"a", "1"}, {"empty", ""}, {"zero", std::string("\0x", 2)}};
  EXPECT_EQ(SecretValues({{"data", EncodeSecretValues(values)}}), values);
  EXPECT_EQ(SecretValues(Json::parse(R"({"data":{"a":"MQ==","b":"?","c":5}})")), (StringMap{{"a", "1"}}));
  EXPECT_TRUE(SecretValues(Json::parse(R"({"data":[1]})")).empty());
  EXPECT_TRUE(SecretValues(Json()).empty());
}

TEST(ObjectTextTest, KindsAreKnownByGroupAndName) {
  EXPECT_EQ(KindOf(Json::parse(R"({"apiVersion":"apps/v1","kind":"StatefulSet"})"))->plural,
            kube::kinds::kStatefulSet.plural);
  EXPECT_EQ(KindOf(Json::parse(R"({"apiVersion":"v1","kind":"StatefulSet"})")), nullptr);
  EXPECT_EQ(KindOf(Json::parse(R"(["kind"])")), nullptr);
}

}  // namespace
}  // namespace pbfs::operators
