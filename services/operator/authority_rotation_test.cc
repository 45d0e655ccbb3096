#include <algorithm>

#include "libs/base/testing.h"
#include "libs/crypto/certificates.h"
#include "services/operator/cluster_pass.h"
#include "services/operator/living_cluster.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::HasSubstr;

constexpr int kRounds = 120;

std::vector<std::string> Split(const std::string& bundle) {
  static const std::string kEnd = "-----END CERTIFICATE-----\n";
  std::vector<std::string> out;
  for (size_t at = 0, end; (end = bundle.find(kEnd, at)) != std::string::npos; at = end + kEnd.size())
    out.push_back(bundle.substr(at, end + kEnd.size() - at));
  return out;
}

bool IsOfOneOf(const TwinProbe::Held& held, const std::vector<std::string>& authorities) {
  return std::any_of(authorities.begin(), authorities.end(), [&](const std::string& authority) {
    return IsPairOf({held.certificate, held.key}, authority);
  });
}

// What has to be so at any moment, in whatever order kubelets come.
void ExpectThatAllTrustAll(LivingCluster& cluster) {
  const auto& held = cluster.world().probe().held();
  for (const auto& [ip, one] : held)
    for (const auto& [other_ip, other] : held)
      EXPECT_TRUE(IsOfOneOf(one, Split(other.trust))) << other_ip << " does not trust " << ip;
  std::vector<std::string> kept;
  for (const auto& [key, value] : SecretValues(cluster.world().Get(kinds::kSecret, "demo-ca")))
    if (key.ends_with(".crt")) kept.push_back(value);
  for (const auto& [ip, one] : held) EXPECT_TRUE(IsOfOneOf(one, kept)) << "the authority of " << ip << " is lost";
}

int64_t GenerationNow(LivingCluster& cluster) {
  return kube::Number(kube::Member(cluster.Cluster()["status"], "tls"), "caGeneration");
}
std::string Fingerprint(LivingCluster& cluster) {
  return kube::Text(kube::Member(cluster.Cluster()["status"], "tls"), "caFingerprint");
}

class AuthorityRotationTest : public testing::Test {
 protected:
  AuthorityRotationTest() {
    cluster_.RunUntil(reconciler_, [&] { return cluster_.IsReady(); });
    Rounds(LivingCluster::kStores);  // every pod has what there is
  }
  void Rounds(int rounds) {
    for (int i = 0; i < rounds; ++i) Round();
  }
  void Round() {
    cluster_.Round(reconciler_);
    ExpectThatAllTrustAll(cluster_);
  }
  void Rotate(int generation) { cluster_.Edit({{"tls", {{"caGeneration", generation}}}}); }
  bool IsAt(int generation) { return GenerationNow(cluster_) == generation && cluster_.Operation().empty(); }
  void RunUntilAt(int generation) {
    for (int i = 0; i < kRounds && !IsAt(generation); ++i) Round();
  }
  StringMap Authority() { return SecretValues(cluster_.world().Get(kinds::kSecret, "demo-ca")); }
  std::string Bundle() {
    return kube::Text(cluster_.world().Get(kinds::kConfigMap, "demo-ca-bundle")["data"], "ca.crt");
  }

  LivingCluster cluster_;
  OperatorOptions options_ = FakeWorld::Options();
  SiteDirectory sites_;
  ClusterReconciler reconciler_{cluster_.world().world(), options_, sites_};
};

TEST_F(AuthorityRotationTest, AnotherAuthorityTakesOverAndNobodyMeetsAStranger) {
  const std::string before = Fingerprint(cluster_), old = Authority()["tls.crt"];
  Rotate(2);
  RunUntilAt(2);
  ASSERT_TRUE(IsAt(2)) << cluster_.Cluster().dump(1);
  EXPECT_NE(Fingerprint(cluster_), before);
  EXPECT_EQ(Authority().size(), 2u);
  EXPECT_NE(Authority()["tls.crt"], old);
  EXPECT_EQ(Bundle(), Authority()["tls.crt"]);
  Rounds(LivingCluster::kStores);
  EXPECT_TRUE(cluster_.IsReady());
  EXPECT_EQ(ConditionOf(cluster_.Cluster(), "CertificatesRotating"), "");
  const Json all = cluster_.world().Everything();
  ASSERT_OK(reconciler_.Reconcile(TestContext(), kTestSpace, "demo"));
  EXPECT_EQ(cluster_.world().Everything(), all);
}

TEST_F(AuthorityRotationTest, NothingIsIssuedBeforeEveryPodTrustsTheNewOne) {
  Rotate(2);
  for (int i = 0; i < 40; ++i) {  // the kubelet of pod 2 does nothing
    (void)reconciler_.Reconcile(TestContext(), kTestSpace, "demo");
    for (const int pod : {0, 1, 3}) cluster_.world().probe().Bring(LivingCluster::IpOf(pod));
    cluster_.world().clock().Advance(11'000'000);
  }
  EXPECT_EQ(cluster_.Step(), "Trusting");
  EXPECT_EQ(ConditionOf(cluster_.Cluster(), "CertificatesRotating"), "True/Trusting");
  EXPECT_THAT(cluster_.Cluster()["status"]["conditions"].dump(), HasSubstr("demo-fs-main-2"));
  ExpectThatAllTrustAll(cluster_);
}

TEST_F(AuthorityRotationTest, KeysHaveTheNewOneBeforeGatewaysShowIt) {
  const auto secret = [&](const std::string& ca) {
    return Json{{"apiVersion", "v1"},
                {"kind", "Secret"},
                {"metadata", {{"name", "app"}, {"namespace", kTestSpace}}},
                {"data", EncodeSecretValues({{"ca.crt", ca}})}};
  };
  cluster_.world().Make(kinds::kSecret, secret(Bundle()));
  cluster_.world().Make(kinds::kPbfsAccessKey,
                        ObjectOf(kinds::kPbfsAccessKey, "app", {{"clusterRef", {{"name", "demo"}}}}));
  Json status = ObjectOf(kinds::kPbfsAccessKey, "app", Json::object());
  status["status"] = {{"secretName", "app"}};
  ASSERT_OK(cluster_.world().kube().As("somebody").ApplyStatus(TestContext(), kinds::kPbfsAccessKey, status));
  Rotate(2);
  Rounds(40);
  EXPECT_EQ(cluster_.Step(), "Trusting");
  cluster_.world().Edit(kinds::kSecret, secret(Bundle()));
  RunUntilAt(2);
  EXPECT_TRUE(IsAt(2)) << cluster_.Cluster().dump(1);
}

TEST_F(AuthorityRotationTest, OneAfterAnother) {
  Rotate(2);
  Rounds(6);
  Rotate(3);
  RunUntilAt(3);
  EXPECT_TRUE(IsAt(3)) << cluster_.Cluster().dump(1);
}

TEST_F(AuthorityRotationTest, PodsThatEndAreNotWaitedFor) {
  Json pod = cluster_.world().Get(kinds::kPod, LivingCluster::Pod(2));
  pod["metadata"]["finalizers"] = Json::array({"test/dead-node"});
  cluster_.world().Edit(kinds::kPod, pod);
  cluster_.world().Remove(kinds::kPod, LivingCluster::Pod(2));
  Rotate(2);
  for (int i = 0; i < kRounds && !IsAt(2); ++i) {
    (void)reconciler_.Reconcile(TestContext(), kTestSpace, "demo");
    for (const int other : {0, 1, 3}) cluster_.world().probe().Bring(LivingCluster::IpOf(other));
    cluster_.world().clock().Advance(11'000'000);
  }
  EXPECT_TRUE(IsAt(2)) << cluster_.Cluster().dump(1);
}

TEST(AuthorityRotationCrashTest, WhereverItDiesAllTrustAllAndNoPairIsLost) {
  const OperatorOptions options = FakeWorld::Options();
  for (const auto when : {kube::FaultyKube::When::kBefore, kube::FaultyKube::When::kAfter}) {
    for (int64_t write = 1;; ++write) {
      SCOPED_TRACE(write);
      LivingCluster cluster;
      SiteDirectory sites;
      ClusterReconciler first(cluster.world().world(), options, sites), second(cluster.world().world(), options, sites);
      cluster.RunUntil(first, [&] { return cluster.IsReady(); });
      for (int i = 0; i < LivingCluster::kStores; ++i) cluster.Round(first);
      cluster.Edit({{"tls", {{"caGeneration", 2}}}});
      const auto done = [&] { return GenerationNow(cluster) == 2 && cluster.Operation().empty(); };
      cluster.world().faults().Heal();
      cluster.world().faults().CrashAtWrite(write, when);
      const auto reached = [&] { return cluster.world().faults().writes() >= write; };
      for (int i = 0; i < kRounds && !done() && !reached(); ++i) {
        cluster.Round(first);
        cluster.world().clock().Advance(60'000'000);
        ExpectThatAllTrustAll(cluster);
      }
      const bool was_reached = reached();
      cluster.world().faults().Heal();
      for (int i = 0; i < kRounds && !done(); ++i) {
        cluster.Round(second);
        cluster.world().clock().Advance(60'000'000);
        ExpectThatAllTrustAll(cluster);
      }
      ASSERT_TRUE(done()) << cluster.Cluster().dump(1);
      ASSERT_EQ(SecretValues(cluster.world().Get(kinds::kSecret, "demo-ca")).size(), 2u);
      if (HasFailure() || !was_reached) break;
    }
  }
}

}  // namespace
}  // namespace pbfs::operators
