#include "libs/crypto/certificates.h"

#include "libs/base/testing.h"

namespace pbfs {
namespace {

using ::testing::ElementsAre;

constexpr int64_t kBegin = 1'700'000'000, kEnd = kBegin + 86'400;

KeyedCertificate Authority(const std::string& name = "site") { return *MakeAuthority({name, {}, kBegin, kEnd}); }

TEST(CertificatesTest, ALeafSaysWhatWasAskedFor) {
  const std::vector<std::string> hosts = {"*.stores.svc", "10.0.0.1", "catalog.svc", "::1"};
  ASSERT_OK_AND_ASSIGN(const KeyedCertificate leaf, MakeLeaf({"catalog", hosts, kBegin + 1, kEnd - 1}, Authority()));
  ASSERT_OK_AND_ASSIGN(const CertificateFacts facts, ReadCertificate(leaf.certificate));
  EXPECT_EQ(facts.common_name, "catalog");
  EXPECT_THAT(facts.hosts, ElementsAre("*.stores.svc", "10.0.0.1", "::1", "catalog.svc"));
  EXPECT_EQ(facts.not_before, kBegin + 1);
  EXPECT_EQ(facts.not_after, kEnd - 1);
  EXPECT_EQ(facts.fingerprint.size(), 64u);
}

TEST(CertificatesTest, EachHasAKeyAndAFingerprintOfItsOwn) {
  const KeyedCertificate authority = Authority();
  ASSERT_OK_AND_ASSIGN(const KeyedCertificate one, MakeLeaf({"a", {}, kBegin, kEnd}, authority));
  ASSERT_OK_AND_ASSIGN(const KeyedCertificate two, MakeLeaf({"a", {}, kBegin, kEnd}, authority));
  EXPECT_NE(one.key, two.key);
  EXPECT_NE(ReadCertificate(one.certificate)->fingerprint, ReadCertificate(two.certificate)->fingerprint);
}

TEST(CertificatesTest, APairIsOneOfItsKeyAndOfItsAuthority) {
  const KeyedCertificate authority = Authority(), other = Authority();  // of the same name
  ASSERT_OK_AND_ASSIGN(const KeyedCertificate leaf, MakeLeaf({"a", {}, kBegin, kEnd}, authority));
  EXPECT_TRUE(IsPairOf(leaf, authority.certificate));
  EXPECT_TRUE(IsPairOf(authority, authority.certificate));
  EXPECT_FALSE(IsPairOf(leaf, other.certificate));
  EXPECT_FALSE(IsPairOf({leaf.certificate, other.key}, authority.certificate));
  EXPECT_FALSE(IsPairOf({"", leaf.key}, authority.certificate));
  EXPECT_FALSE(IsPairOf({leaf.certificate, "nonsense"}, authority.certificate));
  EXPECT_FALSE(IsPairOf(leaf, "nonsense"));
}

TEST(CertificatesTest, WhatNoCertificateCanSayIsRefused) {
  const KeyedCertificate authority = Authority();
  for (const CertificatePlan& plan : std::vector<CertificatePlan>{{"", {}, kBegin, kEnd},
                                                                  {std::string(65, 'x'), {}, kBegin, kEnd},
                                                                  {"a", {"one,DNS:two"}, kBegin, kEnd},
                                                                  {"a", {""}, kBegin, kEnd},
                                                                  {"a", {}, kEnd, kBegin}})
    EXPECT_EQ(MakeLeaf(plan, authority).status().code(), StatusCode::kInvalidArgument) << plan.common_name;
  EXPECT_EQ(MakeLeaf({"a", {}, kBegin, kEnd}, {authority.certificate, Authority().key}).status().code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(MakeLeaf({"a", {}, kBegin, kEnd}, {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadCertificate("nonsense").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace pbfs
