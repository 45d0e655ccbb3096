#include "services/operator/site_identity.h"

#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/kube/memory_kube.h"
#include "services/operator/object_text.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

class SiteIdentityTest : public testing::Test {
 protected:
  LiveObjects Loaded() {
    LiveObjects live(kube_, settled_, intent_.space, intent_.name);
    EXPECT_OK(live.Load(TestContext()));
    return live;
  }
  Result<SiteIdentity> Known(const SiteIdentity& recorded = {}) {
    return KnownIdentity(Loaded(), intent_.name, recorded, random_);
  }
  // As a first look does it.
  SiteIdentity Make() {
    LiveObjects live = Loaded();
    return *MakeIdentity(TestContext(), live, intent_, *Known(), random_);
  }
  std::string ReasonOf(const Result<SiteIdentity>& identity) {
    return identity.status().Detail(kReasonDetail).value_or(identity.status().ToString());
  }
  void Remove(const std::string& secret) {
    ASSERT_OK(kube_.Delete(TestContext(), {kinds::kSecret, intent_.space, secret}, {}));
  }
  void EditSecret(const std::string& name, const std::string& key, const std::string& value) {
    Json secret = *kube_.Get(TestContext(), {kinds::kSecret, intent_.space, name});
    secret["data"].update(EncodeSecretValues({{key, value}}));
    ASSERT_OK(kube_.As("somebody").Apply(TestContext(), kinds::kSecret, secret, kube::OnConflict::kTake));
  }

  ManualClock clock_{0};
  SeededRandom random_{TestSeed()};
  kube::MemoryKube kube_{clock_};
  SettledWrites settled_;
  const ClusterIntent intent_ = IntentOf(SmallestSpec());
};

TEST_F(SiteIdentityTest, ASiteThatIsNewHasAnIdAndNoKeys) {
  const SiteIdentity fresh = *Known();
  EXPECT_EQ(fresh.cluster_id.size(), 36);
  EXPECT_EQ(fresh.admin_public_key, "");
  EXPECT_EQ(Known({"recorded", ""})->cluster_id, "recorded");
}

TEST_F(SiteIdentityTest, KeysAreMadeOnce) {
  const SiteIdentity made = Make();
  EXPECT_EQ(made.admin_public_key.size(), 64);
  EXPECT_EQ(*Known(), made);  // also without a status: what a new object of the name finds
  EXPECT_EQ(*Known(made), made);
  LiveObjects live = Loaded();
  EXPECT_EQ(*MakeIdentity(TestContext(), live, intent_, made, random_), made);
  EXPECT_EQ(live.writes(), 0);
}

TEST_F(SiteIdentityTest, WhatIsGoneIsNotMadeAgain) {
  const SiteIdentity made = Make();
  Remove(IdentityName("demo"));
  EXPECT_EQ(*Known(made), made);
  Remove(GatewayKeysName("demo"));
  EXPECT_EQ(ReasonOf(Known(made)), "SecretLost");
  Remove(KeyringName("demo"));
  EXPECT_EQ(ReasonOf(Known(made)), "SecretLost");
}

TEST_F(SiteIdentityTest, WhatIsSomebodyElsesIsNotUsed) {
  const SiteIdentity made = Make();
  EXPECT_EQ(ReasonOf(Known({"another", made.admin_public_key})), "IdentityMismatch");
  EditSecret(KeyringName("demo"), "admin-key", "nothing");
  EXPECT_EQ(ReasonOf(Known(made)), "SecretLost");
}

TEST_F(SiteIdentityTest, WhatIsMissingOfTheWayToASiteIsNamed) {
  Make();
  const Result<SiteKeys> keys = KeysOfSite(Loaded(), intent_);
  EXPECT_CODE(keys, kNotFound);
  EXPECT_THAT(keys.status().message(), testing::HasSubstr("demo-ca-bundle"));
}

}  // namespace
}  // namespace pbfs::operators
