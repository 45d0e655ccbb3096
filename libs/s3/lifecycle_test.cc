#include "libs/s3/lifecycle.h"

#include "libs/s3/dates.h"
#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

std::string Document(const std::string& rules) {
  return "<LifecycleConfiguration>" + rules + "</LifecycleConfiguration>";
}
std::string Rule(const std::string& filter, const std::string& actions) {
  return "<Rule><Status>Enabled</Status>" + filter + actions + "</Rule>";
}
const std::string kDays = "<Expiration><Days>3</Days></Expiration>";
const std::string kAll = "<Filter/>";

int64_t At(std::string_view date) { return *ParseIsoDate(date); }

TEST(Lifecycle, DocumentsRoundTrip) {
  ASSERT_OK_AND_ASSIGN(
      const LifecycleRules rules,
      ParseLifecycle(
          Document(Rule(kAll, kDays) +
                   Rule("<Prefix>old/</Prefix>", "<Expiration><Date>2026-01-02T00:00:00Z</Date></Expiration>") +
                   Rule("<Filter><Prefix>p/</Prefix></Filter>",
                        "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration>"
                        "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></"
                        "AbortIncompleteMultipartUpload>") +
                   "<Rule><ID>x</ID><Status>Disabled</Status><Filter><And><Prefix>a</Prefix><ObjectSizeGreaterThan>5"
                   "</ObjectSizeGreaterThan><ObjectSizeLessThan>10</ObjectSizeLessThan><Tag><Key>k</Key><Value>v</"
                   "Value></Tag></And>"
                   "</Filter><NoncurrentVersionExpiration><NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>2"
                   "</NewerNoncurrentVersions></NoncurrentVersionExpiration></Rule>")));
  ASSERT_EQ(rules.size(), 4);
  EXPECT_EQ(rules[0].id, "rule-1");
  EXPECT_EQ(rules[1].prefix, "old/");
  EXPECT_TRUE(rules[2].expire_delete_markers);
  EXPECT_EQ(rules[2].abort_days, 7);
  EXPECT_FALSE(rules[3].enabled);
  EXPECT_EQ(rules[3].size_above, 5);
  EXPECT_EQ(rules[3].newer_noncurrent, 2);
  EXPECT_EQ(*ParseLifecycle(LifecycleXml(rules)), rules);
}

TEST(Lifecycle, DaysEndAtMidnight) {
  const LifecycleRules rules = *ParseLifecycle(Document(Rule(kAll, kDays)));
  const auto expiry = [&](std::string_view written) { return ExpiryOf(rules, {"k"}, At(written))->time_ms; };
  EXPECT_EQ(expiry("2026-01-02T10:30:00Z"), At("2026-01-06"));
  EXPECT_EQ(expiry("2026-01-02T00:00:00Z"), At("2026-01-05"));
  EXPECT_EQ(expiry("2026-01-02T00:00:00.001Z"), At("2026-01-06"));
  EXPECT_EQ(ExpirationField(*ExpiryOf(rules, {"k"}, At("2026-01-02T10:30:00Z"))),
            "expiry-date=\"Tue, 06 Jan 2026 00:00:00 GMT\", rule-id=\"rule-1\"");
}

TEST(Lifecycle, TheEarliestRuleThatAppliesCounts) {
  const LifecycleRules rules = *ParseLifecycle(
      Document(Rule(kAll, kDays) + Rule("<Prefix>a/</Prefix>", "<Expiration><Days>1</Days></Expiration>") +
               Rule("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>",
                    "<Expiration><Date>2026-01-01</Date></Expiration>")));
  const int64_t written = At("2026-01-02");
  const Tags tags{{"x", "y"}, {"k", "v"}};
  const Tags other{{"k", "w"}};
  EXPECT_EQ(ExpiryOf(rules, {"b"}, written)->rule_id, "rule-1");
  EXPECT_EQ(ExpiryOf(rules, {"a/b"}, written)->rule_id, "rule-2");
  EXPECT_EQ(ExpiryOf(rules, {"a/b", &tags}, written)->rule_id, "rule-3");
  EXPECT_EQ(ExpiryOf(rules, {"b", &other}, written)->rule_id, "rule-1");
  EXPECT_FALSE(ExpiryOf({rules[1]}, {"b"}, written).has_value());
}

TEST(Lifecycle, SizesFilterWithoutTheirEnds) {
  const LifecycleRules rules =
      *ParseLifecycle(Document(Rule("<Filter><And><ObjectSizeGreaterThan>5</"
                                    "ObjectSizeGreaterThan><ObjectSizeLessThan>10</ObjectSizeLessThan></And></Filter>",
                                    kDays)));
  for (const auto& [size, applies] : {std::pair(5, false), {6, true}, {9, true}, {10, false}}) {
    EXPECT_EQ(ExpiryOf(rules, {"k", nullptr, size}, 0).has_value(), applies) << size;
  }
}

TEST(Lifecycle, NoncurrentVersionsUploadsAndMarkers) {
  const LifecycleRules rules =
      *ParseLifecycle(Document(Rule("<Prefix>a/</Prefix>",
                                    "<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></"
                                    "Expiration><NoncurrentVersionExpiration>"
                                    "<NoncurrentDays>1</NoncurrentDays><NewerNoncurrentVersions>2</"
                                    "NewerNoncurrentVersions></NoncurrentVersionExpiration>"
                                    "<AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></"
                                    "AbortIncompleteMultipartUpload>")));
  const int64_t then = At("2026-01-02T01:00:00Z");
  EXPECT_EQ(NoncurrentExpiry(rules, {"a/k"}, then, 2), At("2026-01-04"));
  EXPECT_EQ(NoncurrentExpiry(rules, {"a/k"}, then, 1), std::nullopt);
  EXPECT_EQ(NoncurrentExpiry(rules, {"b/k"}, then, 2), std::nullopt);
  EXPECT_EQ(UploadExpiry(rules, "a/k", then), At("2026-01-05"));
  EXPECT_EQ(UploadExpiry(rules, "b", then), std::nullopt);
  EXPECT_TRUE(DeleteMarkerExpires(rules, "a/k"));
  EXPECT_FALSE(DeleteMarkerExpires(rules, "b"));
  EXPECT_FALSE(ExpiryOf(rules, {"a/k"}, then).has_value());
  LifecycleRules disabled = rules;
  disabled[0].enabled = false;
  EXPECT_EQ(UploadExpiry(disabled, "a/k", then), std::nullopt);
  EXPECT_FALSE(DeleteMarkerExpires(disabled, "a/k"));
}

TEST(Lifecycle, WrongDocumentsAreRefused) {
  const std::string tag = "<Tag><Key>k</Key><Value>v</Value></Tag>";
  const std::string abort =
      "<AbortIncompleteMultipartUpload><DaysAfterInitiation>1</DaysAfterInitiation></AbortIncompleteMultipartUpload>";
  const std::pair<std::string, std::string> cases[] = {
      {"", "MalformedXML"},
      {"<Rule>" + kAll + kDays + "</Rule>", "MalformedXML"},
      {"<Rule><Status>On</Status>" + kAll + kDays + "</Rule>", "MalformedXML"},
      {Rule("", kDays), "MalformedXML"},
      {Rule(kAll + "<Prefix/>", kDays), "MalformedXML"},
      {Rule(kAll, ""), "InvalidRequest"},
      {Rule(kAll, "<Expiration/>"), "MalformedXML"},
      {Rule(kAll, "<Expiration><Days>0</Days></Expiration>"), "InvalidArgument"},
      {Rule(kAll, "<Expiration><Days>x</Days></Expiration>"), "InvalidArgument"},
      {Rule(kAll, "<Expiration><Days>1</Days><Date>2026-01-01</Date></Expiration>"), "MalformedXML"},
      {Rule(kAll, "<Expiration><Date>2026-01-01T01:00:00Z</Date></Expiration>"), "InvalidArgument"},
      {Rule(kAll, "<Expiration><Date>soon</Date></Expiration>"), "MalformedXML"},
      {Rule(kAll, "<NoncurrentVersionExpiration/>"), "MalformedXML"},
      {Rule(kAll, "<AbortIncompleteMultipartUpload/>"), "MalformedXML"},
      {Rule(kAll, "<Transition><Days>1</Days></Transition>"), "NotImplemented"},
      {Rule("<Filter>" + tag + "</Filter>", abort), "InvalidRequest"},
      {Rule("<Filter><Prefix>a</Prefix>" + tag + "</Filter>", kDays), "MalformedXML"},
      {Rule("<Filter><And>" + tag + tag + "</And></Filter>", kDays), "InvalidTag"},
      {Rule("<Filter><ObjectSizeLessThan>x</ObjectSizeLessThan></Filter>", kDays), "InvalidArgument"},
      {Rule("<ID>x</ID>" + kAll, kDays) + Rule("<ID>x</ID>" + kAll, kDays), "InvalidArgument"},
      {Rule("<ID>" + std::string(256, 'x') + "</ID>" + kAll, kDays), "InvalidArgument"},
  };
  for (const auto& [rules, code] : cases) EXPECT_S3(ParseLifecycle(Document(rules)), code) << rules;
}

}  // namespace
}  // namespace pbfs::s3
