#include "libs/s3/policy.h"

#include <fmt/format.h>

#include "libs/s3/testing.h"

namespace pbfs::s3 {
namespace {

using enum Decision;

std::string Statement(const std::string& effect, const std::string& rest) {
  return R"({"Effect": ")" + effect + R"(", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*")" +
         rest + "}";
}
std::string Document(const std::string& statements) {
  return R"({"Version": "2012-10-17", "Statement": [)" + statements + "]}";
}
std::string WithCondition(const std::string& condition) {
  return Document(Statement("Allow", R"(, "Condition": )" + condition));
}

Decision Evaluate(const std::string& json, const AccessRequest& request) {
  const auto policy = Policy::ParseBucket(json, "b");
  EXPECT_OK(policy) << json;
  return policy.ok() ? policy->Evaluate(request) : kSilent;
}

const AccessRequest kGet{"anna", "s3:GetObject", "arn:aws:s3:::b/dir/k", {}};

TEST(Policy, DenyBeatsAllowAndSilenceIsNeither) {
  EXPECT_EQ(Evaluate(Document(Statement("Allow", "")), kGet), kAllowed);
  EXPECT_EQ(Evaluate(Document(Statement("Deny", "")), kGet), kDenied);
  EXPECT_EQ(Evaluate(Document(Statement("Allow", "") + "," + Statement("Deny", "")), kGet), kDenied);
  EXPECT_EQ(Evaluate(Document(Statement("Deny", "") + "," + Statement("Allow", "")), kGet), kDenied);
  EXPECT_EQ(Evaluate(Document(Statement("Allow", "")), {"anna", "s3:ListBucket", "arn:aws:s3:::b", {}}), kSilent);
  EXPECT_EQ(Join(kAllowed, kDenied), kDenied);
  EXPECT_EQ(Join(kSilent, kAllowed), kAllowed);
  EXPECT_EQ(Join(kSilent, kSilent), kSilent);
}

TEST(Policy, WhoWhatAndWhereMustMatch) {
  struct Case {
    std::string principal, action, resource;
    Decision decision;
  };
  const std::string any = R"("*")";
  const std::string all = R"("arn:aws:s3:::b/*")";
  const Case cases[] = {
      {any, any, all, kAllowed},
      {R"({"AWS": "*"})", any, all, kAllowed},
      {R"({"AWS": "anna"})", any, all, kAllowed},
      {R"({"AWS": ["bert", "arn:aws:iam::123456789012:user/team/anna"]})", any, all, kAllowed},
      {R"({"AWS": "bert"})", any, all, kSilent},
      {R"({"AWS": "ann"})", any, all, kSilent},
      {any, R"("s3:GetObject")", all, kAllowed},
      {any, R"("S3:getobject")", all, kAllowed},
      {any, R"(["s3:PutObject", "s3:Get*"])", all, kAllowed},
      {any, R"("s3:GetObjec?")", all, kAllowed},
      {any, R"("s3:GetObjectAcl")", all, kSilent},
      {any, any, R"("arn:aws:s3:::b/dir/*")", kAllowed},
      {any, any, R"("arn:aws:s3:::b*")", kAllowed},
      {any, any, R"(["arn:aws:s3:::b", "arn:aws:s3:::b/Dir/*"])", kSilent},
      {any, any, R"("arn:aws:s3:::b/di?/k")", kAllowed},
  };
  for (const Case& c : cases) {
    const std::string json = Document(fmt::format(
        R"({{"Effect": "Allow", "Principal": {}, "Action": {}, "Resource": {}}})", c.principal, c.action, c.resource));
    EXPECT_EQ(Evaluate(json, kGet), c.decision) << json;
  }
}

TEST(Policy, AnonymousIsOnlyEverybody) {
  AccessRequest anonymous = kGet;
  anonymous.user = "";
  EXPECT_EQ(Evaluate(Document(Statement("Allow", "")), anonymous), kAllowed);
  const std::string named =
      R"({"Effect": "Allow", "Principal": {"AWS": "anna"}, "Action": "*", "Resource": "arn:aws:s3:::b/*"})";
  EXPECT_EQ(Evaluate(Document(named), anonymous), kSilent);
}

TEST(Policy, ConditionsAreHeldAgainstTheRequest) {
  struct Case {
    std::string condition;
    std::map<std::string, std::string> keys;
    bool holds;
  };
  const Case cases[] = {
      {R"({"StringEquals": {"s3:prefix": "a"}})", {{"s3:prefix", "a"}}, true},
      {R"({"StringEquals": {"s3:prefix": ["x", "a"]}})", {{"s3:prefix", "a"}}, true},
      {R"({"StringEquals": {"S3:Prefix": "a"}})", {{"s3:prefix", "a"}}, true},
      {R"({"StringEquals": {"s3:prefix": "A"}})", {{"s3:prefix", "a"}}, false},
      {R"({"StringEquals": {"s3:prefix": "a*"}})", {{"s3:prefix", "ab"}}, false},
      {R"({"StringEquals": {"s3:prefix": "a"}})", {}, false},
      {R"({"StringEqualsIfExists": {"s3:prefix": "a"}})", {}, true},
      {R"({"StringEqualsIfExists": {"s3:prefix": "a"}})", {{"s3:prefix", "b"}}, false},
      {R"({"StringNotEquals": {"s3:prefix": ["a", "b"]}})", {{"s3:prefix", "b"}}, false},
      {R"({"StringNotEquals": {"s3:prefix": ["a", "b"]}})", {{"s3:prefix", "c"}}, true},
      {R"({"StringNotEquals": {"s3:prefix": "a"}})", {}, true},
      {R"({"StringEqualsIgnoreCase": {"s3:prefix": "A"}})", {{"s3:prefix", "a"}}, true},
      {R"({"StringNotEqualsIgnoreCase": {"s3:prefix": "A"}})", {{"s3:prefix", "a"}}, false},
      {R"({"StringLike": {"s3:prefix": "a/*"}})", {{"s3:prefix", "a/b"}}, true},
      {R"({"StringNotLike": {"s3:prefix": "a/*"}})", {{"s3:prefix", "a/b"}}, false},
      {R"({"NumericLessThanEquals": {"s3:max-keys": "10"}})", {{"s3:max-keys", "10"}}, true},
      {R"({"NumericLessThan": {"s3:max-keys": 10}})", {{"s3:max-keys", "10"}}, false},
      {R"({"NumericGreaterThan": {"s3:max-keys": "9"}})", {{"s3:max-keys", "10"}}, true},
      {R"({"NumericEquals": {"s3:max-keys": "10"}})", {{"s3:max-keys", "x"}}, false},
      {R"({"NumericNotEquals": {"s3:max-keys": "10"}})", {{"s3:max-keys", "11"}}, true},
      {R"({"DateLessThan": {"aws:CurrentTime": "2026-01-02T00:00:00Z"}})",
       {{"aws:currenttime", "2026-01-01T23:59:59Z"}},
       true},
      {R"({"DateGreaterThanEquals": {"aws:CurrentTime": "2026-01-02"}})",
       {{"aws:currenttime", "2026-01-01T23:59:59Z"}},
       false},
      {R"({"Bool": {"aws:SecureTransport": "true"}})", {{"aws:securetransport", "true"}}, true},
      {R"({"Bool": {"aws:SecureTransport": false}})", {{"aws:securetransport", "true"}}, false},
      {R"({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})", {{"aws:sourceip", "10.1.255.7"}}, true},
      {R"({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})", {{"aws:sourceip", "10.2.0.1"}}, false},
      {R"({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})", {{"aws:sourceip", "::ffff:10.1.0.1"}}, true},
      {R"({"IpAddress": {"aws:SourceIp": "10.1.0.1"}})", {{"aws:sourceip", "10.1.0.1"}}, true},
      {R"({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})", {{"aws:sourceip", "8.8.8.8"}}, true},
      {R"({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})", {{"aws:sourceip", "2001:db8::1"}}, false},
      {R"({"IpAddress": {"aws:SourceIp": "2001:db8::/33"}})", {{"aws:sourceip", "2001:db8:7fff::1"}}, true},
      {R"({"IpAddress": {"aws:SourceIp": "2001:db8::/33"}})", {{"aws:sourceip", "2001:db8:8000::1"}}, false},
      {R"({"NotIpAddress": {"aws:SourceIp": "10.1.0.0/16"}})", {{"aws:sourceip", "10.1.0.1"}}, false},
      {R"({"IpAddress": {"aws:SourceIp": "10.1.0.0/16"}})", {{"aws:sourceip", "nowhere"}}, false},
      {R"({"Null": {"s3:versionid": "true"}})", {}, true},
      {R"({"Null": {"s3:versionid": "true"}})", {{"s3:versionid", "1"}}, false},
      {R"({"Null": {"s3:versionid": "false"}})", {{"s3:versionid", "1"}}, true},
      {R"({"StringEquals": {"s3:ExistingObjectTag/Team A": "x"}})", {{"s3:existingobjecttag/Team A", "x"}}, true},
      {R"({"StringEquals": {"s3:RequestObjectTag/team": "x"}})", {{"s3:requestobjecttag/Team", "x"}}, false},
      {R"({"StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"}})",
       {{"s3:prefix", "a"}, {"s3:delimiter", "/"}},
       true},
      {R"({"StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"}})", {{"s3:prefix", "a"}}, false},
      {R"({"StringEquals": {"s3:prefix": "a"}, "Bool": {"aws:SecureTransport": "true"}})", {{"s3:prefix", "a"}}, false},
  };
  for (const Case& c : cases) {
    AccessRequest request = kGet;
    request.keys = c.keys;
    EXPECT_EQ(Evaluate(WithCondition(c.condition), request), c.holds ? kAllowed : kSilent) << c.condition;
  }
}

TEST(Policy, WhatIsNotUnderstoodIsRefused) {
  const std::string ok = Statement("Allow", "");
  const std::string bad[] = {
      "",
      "x",
      "[]",
      "{}",
      R"({"Statement": []})",
      R"({"Statement": ["x"]})",
      R"({"Version": "2020-01-01", "Statement": )" + ok + "}",
      R"({"Extra": 1, "Statement": )" + ok + "}",
      R"({"Statement": )" + ok + R"(, "Statement": )" + ok + "}",
      Document(Statement("allow", "")),
      Document(Statement("Allow", R"(, "NotPrincipal": "x")")),
      Document(Statement("Allow", R"(, "Effect": "Allow")")),
      Document(R"({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b"})"),
      Document(R"({"Effect": "Allow", "Principal": "anna", "Action": "*", "Resource": "arn:aws:s3:::b"})"),
      Document(R"({"Effect": "Allow", "Principal": {"AWS": "an*"}, "Action": "*", "Resource": "arn:aws:s3:::b"})"),
      Document(
          R"({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "*", "Resource": "arn:aws:s3:::b"})"),
      Document(R"({"Effect": "Allow", "Principal": {"Service": "x"}, "Action": "*", "Resource": "arn:aws:s3:::b"})"),
      Document(R"({"Effect": "Allow", "Principal": "*", "Action": "ec2:*", "Resource": "arn:aws:s3:::b"})"),
      Document(R"({"Effect": "Allow", "Principal": "*", "Action": [], "Resource": "arn:aws:s3:::b"})"),
      Document(R"({"Effect": "Allow", "Principal": "*", "Action": [1], "Resource": "arn:aws:s3:::b"})"),
      Document(R"({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::other"})"),
      Document(R"({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::bc/*"})"),
      Document(R"({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"})"),
      Document(R"({"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "arn:aws:s3:::b/${aws:username}"})"),
      WithCondition(R"("x")"),
      WithCondition(R"({"StringEquals": "x"})"),
      WithCondition(R"({"StringEquals": {"s3:prefix": []}})"),
      WithCondition(R"({"StringEquals": {"s3:prefix": null}})"),
      WithCondition(R"({"StringEquals": {"s3:prefix": "a"}, "StringEquals": {"s3:delimiter": "a"}})"),
      WithCondition(R"({"StringEquals": {"aws:Referer": "x"}})"),
      WithCondition(R"({"StringEquals": {"s3:ExistingObjectTag/": "x"}})"),
      WithCondition(R"({"StringMatches": {"s3:prefix": "x"}})"),
      WithCondition(R"({"ForAnyValue:StringEquals": {"s3:prefix": "x"}})"),
      WithCondition(R"({"NullIfExists": {"s3:prefix": "true"}})"),
      WithCondition(R"({"Null": {"s3:prefix": "maybe"}})"),
      WithCondition(R"({"NumericEquals": {"s3:max-keys": "ten"}})"),
      WithCondition(R"({"DateEquals": {"aws:CurrentTime": "today"}})"),
      WithCondition(R"({"IpAddress": {"aws:SourceIp": "10.1.0.0/33"}})"),
      WithCondition(R"({"IpAddress": {"aws:SourceIp": "example.com"}})"),
      WithCondition(std::string(100'000, '[')),
      Document(ok) + std::string(kMaxPolicyBytes, ' '),
  };
  for (const std::string& json : bad)
    EXPECT_S3(Policy::ParseBucket(json, "b"), "MalformedPolicy") << json.substr(0, 300);
}

TEST(Policy, AUsersPolicyHasNoPrincipalAndAnyBucket) {
  const std::string json =
      R"({"Statement": {"Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::b*", "arn:aws:s3:::c"]}})";
  ASSERT_OK_AND_ASSIGN(const Policy policy, Policy::ParseUser(json));
  EXPECT_EQ(policy.Evaluate(kGet), kAllowed);
  EXPECT_EQ(policy.Evaluate({"bert", "s3:GetObject", "arn:aws:s3:::other/k", {}}), kSilent);
  EXPECT_S3(Policy::ParseUser(Document(Statement("Allow", ""))), "MalformedPolicy");
  EXPECT_OK(Policy::ParseUser(R"({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})"));
}

TEST(Policy, PublicIsWhatEverybodyMayDo) {
  const auto is_public = [](const std::string& json) { return Policy::ParseBucket(json, "b")->IsPublic(); };
  EXPECT_TRUE(is_public(Document(Statement("Allow", ""))));
  EXPECT_FALSE(is_public(Document(Statement("Deny", ""))));
  EXPECT_FALSE(is_public(
      Document(R"({"Effect": "Allow", "Principal": {"AWS": "anna"}, "Action": "*", "Resource": "arn:aws:s3:::b/*"})")));
  EXPECT_FALSE(is_public(WithCondition(R"({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})")));
  EXPECT_TRUE(is_public(WithCondition(R"({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})")));
  for (const char* wide : {"0.0.0.0/1", "128.0.0.0/7", "::/0", "2000::/3", "2001:db8::/31", "::/80", "::ffff:0:0/96"})
    EXPECT_TRUE(
        is_public(WithCondition(R"({"IpAddress": {"aws:SourceIp": ["10.0.0.1", ")" + std::string(wide) + R"("]}})")))
        << wide;
  for (const char* narrow : {"127.0.0.1", "8.0.0.0/8", "::1", "2001:db8::/32"})
    EXPECT_FALSE(is_public(WithCondition(R"({"IpAddress": {"aws:SourceIp": ")" + std::string(narrow) + R"("}})")))
        << narrow;
  EXPECT_TRUE(is_public(WithCondition(R"({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}})")));
  EXPECT_TRUE(is_public(WithCondition(R"({"Bool": {"aws:SecureTransport": "true"}})")));
}

}  // namespace
}  // namespace pbfs::s3
