#include "services/operator/certificates.h"

#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/kube/memory_kube.h"
#include "services/operator/object_text.h"
#include "services/operator/site_identity.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr int64_t kDay = 86'400, kNow = 1'800'000'000;

std::vector<std::string> SecretsOf(const std::vector<NeededCertificate>& needed) {
  std::vector<std::string> names;
  for (const NeededCertificate& one : needed) names.push_back(one.secret);
  return names;
}

TEST(CertificatesTest, EachPartHasItsOwn) {
  ClusterIntent intent = IntentOf(SmallestSpec());
  const std::vector<NeededCertificate> needed = NeededCertificates(intent);
  EXPECT_THAT(SecretsOf(needed), Contains("demo-pg-tls"));
  EXPECT_THAT(SecretsOf(needed), Contains("demo-s3-tls"));
  for (const NeededCertificate& one : needed) {
    if (one.secret == "demo-operator-tls") {
      EXPECT_EQ(one.common_name, "operator");
      EXPECT_THAT(one.hosts, IsEmpty());
    }
    if (one.secret == "demo-fs-tls") {
      EXPECT_EQ(one.common_name, "fragment-store");
      EXPECT_THAT(one.hosts, ElementsAre("demo-fs-main.storage.svc", "*.demo-fs-main.storage.svc"));
    }
  }
  intent.facts.postgres_type = "External";
  EXPECT_THAT(SecretsOf(NeededCertificates(intent)), Not(Contains("demo-pg-tls")));
  intent.spec.tls.mode = "Disabled";
  EXPECT_THAT(SecretsOf(NeededCertificates(intent)), Not(Contains("demo-s3-tls")));
}

TEST(CertificatesTest, AnotherOneIsIssuedWhereTheSpecOrTheTimeWantIt) {
  const NeededCertificate needed{"s", "gateway", {"b", "a"}};
  const CertificateFacts good{"gateway", {"a", "b"}, kNow - 300, kNow + 90 * kDay, ""};
  const auto must = [&](CertificateFacts facts) {
    return MustIssue(Result<CertificateFacts>(std::move(facts)), needed, kNow, 30 * kDay);
  };
  EXPECT_FALSE(must(good));
  CertificateFacts other = good;
  other.common_name = "catalog";
  EXPECT_TRUE(must(other));
  other = good, other.hosts = {"a"};
  EXPECT_TRUE(must(other));
  other = good, other.not_before = kNow + 1;
  EXPECT_TRUE(must(other));
  other = good, other.not_after = kNow + 30 * kDay;
  EXPECT_TRUE(must(other));
  other.not_after = kNow + 30 * kDay + 1;
  EXPECT_FALSE(must(other));
  EXPECT_TRUE(MustIssue(InvalidArgumentError("none"), needed, kNow, 30 * kDay));
}

TEST(CertificatesTest, APairIsGoodOnlyUnderItsAuthority) {
  const KeyedCertificate ours = *MakeAuthority({"ours", {}, kNow, kNow + kDay});
  const KeyedCertificate theirs = *MakeAuthority({"theirs", {}, kNow, kNow + kDay});
  const KeyedCertificate leaf = *MakeLeaf({"leaf", {"a"}, kNow, kNow + kDay}, ours);
  CheckedPairs checked;
  for (int round = 0; round < 2; ++round) {  // what was found once is found again
    EXPECT_EQ(checked.Check(leaf, ours.certificate)->common_name, "leaf");
    EXPECT_CODE(checked.Check(leaf, theirs.certificate), kInvalidArgument);
    EXPECT_CODE(checked.Check({leaf.certificate, theirs.key}, ours.certificate), kInvalidArgument);
    EXPECT_CODE(checked.Check({}, ours.certificate), kInvalidArgument);
  }
}

class KeepCertificatesTest : public testing::Test {
 protected:
  Result<CertificateReport> Keep(bool made_before, int64_t now) {
    LiveObjects live(kube_, settled_, intent_.space, intent_.name);
    EXPECT_OK(live.Load(TestContext()));
    return KeepCertificates(TestContext(), live, intent_, checked_, made_before, Succession::kNone, now);
  }
  void Remove(const std::string& secret) {
    ASSERT_OK(kube_.Delete(TestContext(), {kinds::kSecret, intent_.space, secret}, {}));
  }

  ManualClock clock_{0};
  kube::MemoryKube kube_{clock_};
  SettledWrites settled_;
  CheckedPairs checked_;
  ClusterIntent intent_ = IntentOf(SmallestSpec());
};

TEST_F(KeepCertificatesTest, WhatIsGoodIsKeptAndWhatEndsIsIssuedAgain) {
  const CertificateReport first = *Keep(false, kNow);
  EXPECT_EQ(first.issued.size(), NeededCertificates(intent_).size());
  EXPECT_EQ(first.nearest_end, kNow + 90 * kDay);
  EXPECT_THAT(Keep(true, kNow + 59 * kDay)->issued, IsEmpty());
  Remove("demo-gateway-tls");
  EXPECT_THAT(Keep(true, kNow + 59 * kDay)->issued, ElementsAre("demo-gateway-tls"));
  const CertificateReport renewed = *Keep(true, kNow + 60 * kDay);
  EXPECT_EQ(renewed.issued.size(), first.issued.size() - 1);
  EXPECT_EQ(renewed.authority, first.authority);
}

TEST_F(KeepCertificatesTest, AnAuthorityIsNeverMadeAgain) {
  ASSERT_OK(Keep(false, kNow));
  Remove("demo-ca");
  EXPECT_EQ(Keep(true, kNow).status().Detail(kReasonDetail), "SecretLost");
  EXPECT_CODE(kube_.Get(TestContext(), {kinds::kSecret, intent_.space, "demo-ca"}), kNotFound);
}

}  // namespace
}  // namespace pbfs::operators
