#include "libs/s3/lock.h"

#include "libs/s3/dates.h"
#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

int64_t At(std::string_view date) { return *ParseIsoDate(date); }
const int64_t kNow = At("2026-01-02T03:04:05Z");
constexpr int64_t kDayMs = int64_t{24} * 3600 * 1000;
const std::string kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const std::string kNamespace = " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";

std::string Configuration(const std::string& inside) {
  return "<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>" + inside +
         "</ObjectLockConfiguration>";
}
std::string Rule(const std::string& inside) {
  return Configuration("<Rule><DefaultRetention>" + inside + "</DefaultRetention></Rule>");
}

TEST(Lock, ConfigurationsRoundTrip) {
  EXPECT_EQ(*ParseLockConfiguration(Configuration("")), LockConfiguration{});
  const std::pair<const char*, DefaultRetention> kRules[] = {
      {"<Mode>GOVERNANCE</Mode><Days>1</Days>", {LockMode::kGovernance, 1, 0}},
      {"<Mode> COMPLIANCE </Mode><Days>36500</Days>", {LockMode::kCompliance, 36'500, 0}},
      {"<Years>100</Years><Mode>COMPLIANCE</Mode>", {LockMode::kCompliance, 0, 100}}};
  for (const auto& [text, expected] : kRules) {
    ASSERT_OK_AND_ASSIGN(const LockConfiguration configuration, ParseLockConfiguration(Rule(text)));
    EXPECT_EQ(configuration.default_retention, expected) << text;
    EXPECT_EQ(*ParseLockConfiguration(LockConfigurationXml(configuration)), configuration) << text;
  }
  EXPECT_EQ(LockConfigurationXml({DefaultRetention{LockMode::kGovernance, 0, 2}}),
            kHead + "<ObjectLockConfiguration" + kNamespace +
                "><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode>"
                "<Years>2</Years></DefaultRetention></Rule></ObjectLockConfiguration>");
}

TEST(Lock, ConfigurationsAreRefused) {
  for (const char* text : {"", "<ObjectLockConfiguration/>",
                           "<ObjectLockConfiguration><ObjectLockEnabled>Disabled</ObjectLockEnabled>"
                           "</ObjectLockConfiguration>",
                           "<ObjectLock><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLock>"})
    EXPECT_S3(ParseLockConfiguration(text), "MalformedXML") << text;
  EXPECT_S3(ParseLockConfiguration(Configuration("<Rule/>")), "MalformedXML");
  for (const char* text : {"", "<Days>1</Days>", "<Mode>governance</Mode><Days>1</Days>", "<Mode>GOVERNANCE</Mode>",
                           "<Mode/><Days>1</Days>", "<Mode>GOVERNANCE</Mode><Days>1</Days><Years>1</Years>"})
    EXPECT_S3(ParseLockConfiguration(Rule(text)), "MalformedXML") << text;
  for (const char* text : {"<Days>0</Days>", "<Days>-1</Days>", "<Days>36501</Days>", "<Days>1.5</Days>", "<Days/>",
                           "<Years>0</Years>", "<Years>101</Years>", "<Years>99999999999999999999</Years>"})
    EXPECT_S3(ParseLockConfiguration(Rule("<Mode>GOVERNANCE</Mode>" + std::string(text))), "InvalidArgument") << text;
}

TEST(Lock, RetentionsRoundTrip) {
  const Retention retention{LockMode::kCompliance, At("2027-05-06T07:08:09.123Z")};
  const std::string text = RetentionXml(retention);
  EXPECT_EQ(text,
            kHead + "<Retention" + kNamespace +
                "><Mode>COMPLIANCE</Mode><RetainUntilDate>2027-05-06T07:08:09.123Z</RetainUntilDate></Retention>");
  EXPECT_EQ(*ParseRetention(text), retention);
  EXPECT_EQ(*ParseRetention("<Retention/>"), std::nullopt);
}

TEST(Lock, RetentionsAreRefused) {
  const std::string kMode = "<Mode>GOVERNANCE</Mode>",
                    kUntil = "<RetainUntilDate>2027-01-01T00:00:00Z</RetainUntilDate>";
  for (const std::string& inside :
       {kMode, kUntil, "<Mode>SOFT</Mode>" + kUntil, "<Mode>governance</Mode>" + kUntil,
        kMode + "<RetainUntilDate>tomorrow</RetainUntilDate>", kMode + "<RetainUntilDate/>"})
    EXPECT_S3(ParseRetention("<Retention>" + inside + "</Retention>"), "MalformedXML") << inside;
  EXPECT_S3(ParseRetention(""), "MalformedXML");
  EXPECT_S3(ParseRetention("<LegalHold><Status>ON</Status></LegalHold>"), "MalformedXML");
}

TEST(Lock, LegalHoldsRoundTrip) {
  for (const bool on : {true, false}) EXPECT_EQ(*ParseLegalHold(LegalHoldXml(on)), on);
  EXPECT_EQ(LegalHoldXml(true), kHead + "<LegalHold" + kNamespace + "><Status>ON</Status></LegalHold>");
  for (const char* text :
       {"", "<LegalHold/>", "<LegalHold><Status/></LegalHold>", "<LegalHold><Status>on</Status></LegalHold>",
        "<LegalHold><Status>true</Status></LegalHold>", "<Hold><Status>ON</Status></Hold>"})
    EXPECT_S3(ParseLegalHold(text), "MalformedXML") << text;
}

const std::string kModeField = "x-amz-object-lock-mode", kUntilField = "x-amz-object-lock-retain-until-date",
                  kHoldField = "x-amz-object-lock-legal-hold";

TEST(Lock, FieldsRoundTrip) {
  const Retention retention{LockMode::kGovernance, kNow + 1};
  for (const VersionLock& lock :
       {VersionLock{}, VersionLock{retention, {}}, VersionLock{{}, false}, VersionLock{retention, true}}) {
    HttpFields fields;
    AddLockFields(lock, fields);
    EXPECT_EQ(*ReadLockFields(fields, kNow), lock);
  }
  HttpFields fields;
  AddLockFields({retention, true}, fields);
  EXPECT_EQ(fields.Get(kModeField), "GOVERNANCE");
  EXPECT_EQ(fields.Get(kUntilField), "2026-01-02T03:04:05.001Z");
  EXPECT_EQ(fields.Get(kHoldField), "ON");
}

TEST(Lock, FieldsAreRefused) {
  const std::string later = "2027-01-01T00:00:00Z";
  const HttpFields kBad[] = {{{kModeField, "GOVERNANCE"}},
                             {{kUntilField, later}},
                             {{kModeField, "governance"}, {kUntilField, later}},
                             {{kModeField, ""}, {kUntilField, later}},
                             {{kModeField, "COMPLIANCE"}, {kUntilField, "tomorrow"}},
                             {{kModeField, "COMPLIANCE"}, {kUntilField, ""}},
                             {{kModeField, "COMPLIANCE"}, {kUntilField, "2026-01-02T03:04:05Z"}},  // now
                             {{kModeField, "COMPLIANCE"}, {kUntilField, "2020-01-01"}},
                             {{kHoldField, "on"}},
                             {{kHoldField, ""}}};
  for (const HttpFields& fields : kBad) EXPECT_S3(ReadLockFields(fields, kNow), "InvalidArgument");
}

TEST(Lock, BypassIsAskedFor) {
  EXPECT_FALSE(AsksToBypass({}));
  EXPECT_FALSE(AsksToBypass({{"x-amz-bypass-governance-retention", "false"}}));
  EXPECT_FALSE(AsksToBypass({{"x-amz-bypass-governance-retention", ""}}));
  EXPECT_TRUE(AsksToBypass({{"X-Amz-Bypass-Governance-Retention", "True"}}));
}

TEST(Lock, DefaultsEndAfterDaysOrYears) {
  const auto end = [](int64_t days, int64_t years, std::string_view from) {
    return IsoDate(RetentionAt({LockMode::kCompliance, days, years}, At(from)).until_ms);
  };
  EXPECT_EQ(end(1, 0, "2026-02-28T10:20:30.456Z"), "2026-03-01T10:20:30.456Z");
  EXPECT_EQ(end(36'500, 0, "2026-01-01T00:00:00Z"), "2125-12-08T00:00:00.000Z");
  EXPECT_EQ(end(0, 1, "2026-01-02T10:20:30.456Z"), "2027-01-02T10:20:30.456Z");
  EXPECT_EQ(end(0, 4, "2024-02-29T10:00:00Z"), "2028-02-29T10:00:00.000Z");
  EXPECT_EQ(end(0, 1, "2024-02-29T10:00:00Z"), "2025-03-01T10:00:00.000Z");
  EXPECT_EQ(end(0, 100, "2026-12-31T23:59:59.999Z"), "2126-12-31T23:59:59.999Z");
  EXPECT_EQ(RetentionAt({LockMode::kCompliance, 1, 0}, kNow).mode, LockMode::kCompliance);
}

constexpr Retention Until(LockMode mode, int64_t until_ms) { return {mode, until_ms}; }
constexpr LockMode kGovernance = LockMode::kGovernance, kCompliance = LockMode::kCompliance;

TEST(Lock, WhatHoldsKeepsAVersion) {
  const auto deletes = [](const VersionLock& lock, bool bypass) { return CheckDelete(lock, kNow, bypass).ok(); };
  for (const bool bypass : {false, true}) {
    EXPECT_TRUE(deletes({}, bypass));
    EXPECT_TRUE(deletes({{}, false}, bypass));
    EXPECT_FALSE(deletes({{}, true}, bypass));
    EXPECT_FALSE(deletes({Until(kCompliance, kNow + 1), {}}, bypass));
    EXPECT_EQ(deletes({Until(kGovernance, kNow + 1), {}}, bypass), bypass);
    EXPECT_FALSE(deletes({Until(kGovernance, kNow + 1), true}, bypass));
    for (const LockMode mode : {kGovernance, kCompliance}) {
      EXPECT_TRUE(deletes({Until(mode, kNow), false}, bypass));
      EXPECT_FALSE(deletes({Until(mode, kNow), true}, bypass));
    }
  }
  EXPECT_S3(CheckDelete({{}, true}, kNow, true), "AccessDenied");
  EXPECT_S3(CheckDelete({Until(kCompliance, kNow + kDayMs), {}}, kNow, true), "AccessDenied");
}

TEST(Lock, RetentionsChangeAsTheirModeAllows) {
  struct Row {
    std::optional<Retention> before, after;
    bool without, with;  // a bypass
  };
  const int64_t later = kNow + kDayMs, latest = kNow + 2 * kDayMs;
  const std::optional<Retention> none;
  const Row kRows[] = {
      {none, none, true, true},
      {none, Until(kCompliance, later), true, true},
      {Until(kCompliance, kNow), none, true, true},  // over
      {Until(kCompliance, kNow), Until(kGovernance, later), true, true},
      {Until(kGovernance, later), Until(kGovernance, later), true, true},
      {Until(kGovernance, later), Until(kGovernance, latest), true, true},
      {Until(kGovernance, later), Until(kGovernance, later - 1), false, true},
      {Until(kGovernance, later), Until(kCompliance, later), false, true},
      {Until(kGovernance, later), Until(kCompliance, latest), false, true},
      {Until(kGovernance, later), none, false, true},
      {Until(kCompliance, later), Until(kCompliance, later), true, true},
      {Until(kCompliance, later), Until(kCompliance, latest), true, true},
      {Until(kCompliance, later), Until(kCompliance, later - 1), false, false},
      {Until(kCompliance, later), Until(kGovernance, latest), false, false},
      {Until(kCompliance, later), none, false, false},
  };
  for (size_t i = 0; i < std::size(kRows); ++i) {
    const Row& row = kRows[i];
    EXPECT_S3(CheckRetentionChange(row.before, row.after, kNow, false), row.without ? "OK" : "AccessDenied") << i;
    EXPECT_S3(CheckRetentionChange(row.before, row.after, kNow, true), row.with ? "OK" : "AccessDenied") << i;
  }
}

}  // namespace
}  // namespace pbfs::s3
