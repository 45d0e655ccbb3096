#include "services/operator/key_reconciler.h"

#include <map>
#include <memory>

#include "libs/access/access_keys.h"
#include "libs/base/testing.h"
#include "services/operator/fake_world.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using std::chrono::seconds;
using ::testing::HasSubstr;

/// A cluster that serves, looks at a PBFSAccessKey "app" in it, and what they lead to.
class Scene {
 public:
  explicit Scene(const Json& cluster = Json::object()) { world.BeginCluster(cluster); }

  void Say(Json spec) {
    spec["clusterRef"] = {{"name", "demo"}};
    world.Edit(kinds::kPbfsAccessKey, ObjectOf(kinds::kPbfsAccessKey, "app", std::move(spec)));
  }
  Result<LookAgain> Look() { return reconciler_.Reconcile(TestContext(), kTestSpace, "app"); }
  // Looks until nobody writes.
  void Settle() {
    for (int round = 0; round < 10; ++round) {
      const Json before = world.Everything();
      (void)Look();
      if (world.Everything() == before) return;
    }
    ADD_FAILURE() << "it never comes to rest";
  }
  void Settle(Json spec) {
    Say(std::move(spec));
    Settle();
  }
  Json Object() { return world.Get(kinds::kPbfsAccessKey, "app"); }
  std::string Ready() { return ConditionOf(Object(), "Ready"); }
  std::string StatusText(const char* field) { return kube::Text(kube::Member(Object(), "status"), field); }

  StringMap Secret(const std::string& name = "app") { return SecretValues(world.Get(kinds::kSecret, name)); }
  std::string IdInSecret() { return Secret()["AWS_ACCESS_KEY_ID"]; }
  void PutSecret(const std::string& name, const StringMap& values) {
    world.Edit(kinds::kSecret, {{"apiVersion", "v1"},
                                {"kind", "Secret"},
                                {"metadata", {{"name", name}, {"namespace", kTestSpace}}},
                                {"data", EncodeSecretValues(values)}});
  }

  AccessKeys Keys() { return {documents_, world.clock()}; }
  AccessKey KeyOf(const std::string& id) { return Keys().Find(TestContext(), id)->value_or(AccessKey()); }
  // id to secret of those that requests may be signed with.
  StringMap Valid() {
    StringMap valid;
    const auto all = Keys().List(TestContext());
    for (const AccessKey& key : *all)
      if (key.enabled) valid[key.id] = key.secret;
    return valid;
  }
  StringMap PairInSecret() {
    StringMap values = Secret();
    return {{values["AWS_ACCESS_KEY_ID"], values["AWS_SECRET_ACCESS_KEY"]}};
  }
  // Every pair that is valid is in the Secret, or will be ended by what the status says.
  void ExpectNoStrayPair() {
    for (const auto& [id, secret] : Valid())
      EXPECT_TRUE(PairInSecret().contains(id) || id == StatusText("accessKeyID") ||
                  id == StatusText("previousAccessKeyID"))
          << id;
  }

  FakeWorld world;

 private:
  std::unique_ptr<Client> user_ = world.site().NewClient();
  SystemBucket documents_{*user_};
  KeyReconciler reconciler_{world.world(), FakeWorld::Options(), world.directory()};
};

Json Rotation(int generation, int overlap = 3600) {
  return {{"rotation", {{"generation", generation}, {"overlapSeconds", overlap}}}};
}
constexpr int64_t kHourMicros = int64_t{3600} * 1'000'000;

TEST(KeyReconcilerTest, ThePairInTheSecretIsTheOneThatTheSiteKnows) {
  Scene scene;
  scene.Settle({{"grants", {{{"bucketName", "photos"}, {"access", {"Read"}}}}}});
  EXPECT_EQ(scene.Ready(), "True/Ready") << scene.Object().dump(1);
  EXPECT_EQ(scene.Valid(), scene.PairInSecret());
  EXPECT_EQ(scene.KeyOf(scene.IdInSecret()).user, "storage/app");
  StringMap secret = scene.Secret();
  EXPECT_EQ(secret["AWS_ENDPOINT_URL_S3"], "https://demo-gateway.storage.svc:443");
  EXPECT_EQ(secret["BUCKET_NAME"], "photos");
  EXPECT_EQ(secret["ca.crt"], "authority");
  const Json before = scene.world.Everything();
  EXPECT_EQ(*scene.Look(), LookAgain(std::chrono::minutes(10)));
  EXPECT_EQ(scene.world.Everything(), before);
}

TEST(KeyReconcilerTest, ThePolicyFollowsTheSpec) {
  Scene scene;
  const auto policy = [&](const Json& spec) {
    scene.Settle(spec);
    return scene.KeyOf(scene.IdInSecret()).policy;
  };
  EXPECT_THAT(policy(Json::object()), HasSubstr("Deny"));
  scene.world.Make(kinds::kPbfsBucket, ObjectOf(kinds::kPbfsBucket, "mine", {{"bucketName", "photos"}}));
  EXPECT_THAT(policy({{"grants", {{{"bucketRef", {{"name", "mine"}}}, {"access", {"Read"}}}}}}),
              HasSubstr("arn:aws:s3:::photos/*"));
  const std::string own = R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]})";
  EXPECT_EQ(policy({{"policy", own}}), own);
}

TEST(KeyReconcilerTest, WhatCannotBeGrantedLeavesTheKeyAsItWas) {
  Scene scene;
  scene.Settle({{"grants", {{{"bucketName", "photos"}, {"access", {"Read"}}}}}});
  const std::string before = scene.KeyOf(scene.IdInSecret()).policy;
  scene.Settle({{"policy", "{"}});
  EXPECT_EQ(scene.Ready(), "False/SpecRejected");
  scene.Settle({{"grants", {{{"bucketRef", {{"name", "none"}}}, {"access", {"Read"}}}}}});
  EXPECT_EQ(scene.Ready(), "False/NotFound");
  EXPECT_EQ(scene.KeyOf(scene.IdInSecret()).policy, before);
}

TEST(KeyReconcilerTest, ARotatedPairWorksUntilItsOverlapEnds) {
  Scene scene;
  scene.Settle(Rotation(1));
  const StringMap first = scene.PairInSecret();
  scene.Settle(Rotation(2));
  const StringMap second = scene.PairInSecret();
  EXPECT_NE(first, second);
  EXPECT_EQ(scene.Valid().size(), 2);
  EXPECT_EQ(scene.StatusText("previousAccessKeyID"), first.begin()->first);
  EXPECT_EQ(*scene.Look(), LookAgain(std::chrono::minutes(10)));
  scene.world.clock().Advance(kHourMicros - 60 * 1'000'000);
  EXPECT_EQ(*scene.Look(), LookAgain(seconds(60)));
  EXPECT_EQ(scene.Valid().size(), 2);
  scene.world.clock().Advance(60 * 1'000'000);
  scene.Settle();
  EXPECT_EQ(scene.Valid(), second);
  EXPECT_EQ(scene.StatusText("previousAccessKeyID"), "");
}

TEST(KeyReconcilerTest, ARotationWithinAnOverlapLeavesNoThirdPair) {
  Scene scene;
  scene.Settle(Rotation(1));
  scene.Settle(Rotation(2));
  const StringMap second = scene.PairInSecret();
  scene.Settle(Rotation(3));
  StringMap both = scene.PairInSecret();
  both.insert(second.begin(), second.end());
  EXPECT_EQ(scene.Valid(), both);
  scene.Settle(Rotation(4, 0));
  EXPECT_EQ(scene.Valid(), scene.PairInSecret());
}

TEST(KeyReconcilerTest, APairEndsInTimeWhateverElseIsWrong) {
  Scene scene;
  scene.Settle(Rotation(1));
  Json spec = Rotation(2);
  scene.Settle(spec);
  spec["policy"] = "{";
  scene.Settle(spec);
  scene.world.clock().Advance(kHourMicros);
  scene.Settle();
  EXPECT_EQ(scene.Valid(), scene.PairInSecret());
  spec["disabled"] = true;
  scene.Settle(spec);
  EXPECT_TRUE(scene.Valid().empty());
}

TEST(KeyReconcilerTest, ADisabledKeyIsRefusedAndComesBack) {
  Scene scene;
  scene.Settle(Rotation(1));
  Json spec = Rotation(2);
  scene.Settle(spec);
  spec["disabled"] = true;
  scene.Settle(spec);
  EXPECT_EQ(scene.Ready(), "False/Disabled");
  EXPECT_TRUE(scene.Valid().empty());  // the previous pair as well
  scene.Settle(Rotation(2));
  EXPECT_EQ(scene.Ready(), "True/Ready");
  EXPECT_EQ(scene.Valid().size(), 2);
}

TEST(KeyReconcilerTest, AKeyEndsWhenItExpires) {
  Scene scene;
  const int64_t now = scene.world.clock().NowMicros();
  scene.Settle({{"expirationTime", TimeText(now + 60 * 1'000'000)}});
  EXPECT_EQ(scene.Ready(), "True/Ready");
  EXPECT_EQ(*scene.Look(), LookAgain(seconds(60)));
  scene.world.clock().Advance(60 * 1'000'000);
  scene.Settle();
  EXPECT_EQ(scene.Ready(), "False/Expired");
  EXPECT_TRUE(scene.Valid().empty());
}

constexpr const char* kTheirId = "AKIA0123456789ABCDEF";
StringMap PairOf(const std::string& id, const std::string& secret) {
  return {{"AWS_ACCESS_KEY_ID", id}, {"AWS_SECRET_ACCESS_KEY", secret}};
}
const Json kImport = {{"credentials", {{"importSecretRef", {{"name", "given"}}}}},
                      {"rotation", {{"generation", 1}, {"overlapSeconds", 3600}}}};

TEST(KeyReconcilerTest, AnImportedPairIsFollowedAndNeverWritten) {
  Scene scene;
  scene.Settle(kImport);
  EXPECT_EQ(scene.Ready(), "False/NotFound");
  scene.PutSecret("given", PairOf(kTheirId, "one"));
  const Json given = scene.world.Get(kinds::kSecret, "given");
  scene.Settle();
  EXPECT_EQ(scene.Valid(), (StringMap{{kTheirId, "one"}}));
  EXPECT_EQ(scene.world.Get(kinds::kSecret, "given"), given);
  EXPECT_FALSE(scene.world.Exists(kinds::kSecret, "app"));
  scene.PutSecret("given", PairOf(kTheirId, "two"));
  scene.Settle();
  EXPECT_EQ(scene.Valid(), (StringMap{{kTheirId, "two"}}));
  scene.PutSecret("given", PairOf("AKIAAAAAAAAAAAAAAAAA", "three"));
  scene.Settle();
  EXPECT_EQ(scene.Valid().size(), 2);  // for as long as the overlap says
  scene.world.clock().Advance(kHourMicros);
  scene.Settle();
  EXPECT_EQ(scene.Valid(), (StringMap{{"AKIAAAAAAAAAAAAAAAAA", "three"}}));
  scene.PutSecret("given", PairOf("short", "three"));
  scene.Settle();
  EXPECT_EQ(scene.Ready(), "False/SpecRejected");
  EXPECT_EQ(scene.Valid(), (StringMap{{"AKIAAAAAAAAAAAAAAAAA", "three"}}));
}

AccessKey MakeTheirs(Scene& scene) {
  AccessKey theirs;
  theirs.id = kTheirId, theirs.secret = "theirs", theirs.user = "somebody";
  EXPECT_OK(scene.Keys().Put(TestContext(), theirs));
  return theirs;
}

TEST(KeyReconcilerTest, NobodysPairIsTakenOverByItsId) {
  Scene scene;
  MakeTheirs(scene);
  scene.PutSecret("given", PairOf(kTheirId, "mine"));
  scene.Settle(kImport);
  EXPECT_EQ(scene.Ready(), "False/AccessKeyTaken");
  scene.world.Remove(kinds::kPbfsAccessKey, "app");
  scene.Settle();
  EXPECT_EQ(scene.Valid(), (StringMap{{kTheirId, "theirs"}}));

  scene.Settle(Rotation(1));  // and neither through the Secret of an object's own pair
  Json edited = scene.world.Get(kinds::kSecret, "app");
  edited["data"] = EncodeSecretValues(PairOf(kTheirId, "mine"));
  scene.world.Edit(kinds::kSecret, edited);
  scene.Settle();
  EXPECT_EQ(scene.KeyOf(kTheirId).secret, "theirs");
  EXPECT_EQ(scene.KeyOf(kTheirId).user, "somebody");
  EXPECT_EQ(scene.Valid().size(), 2);  // theirs, and a fresh one in place of the edited
  EXPECT_TRUE(scene.Valid().contains(scene.IdInSecret()));
}

TEST(KeyReconcilerTest, ASecretOfSomebodyElseIsLeftAlone) {
  Scene scene;
  scene.PutSecret("app", {{"password", "x"}});
  const Json theirs = scene.world.Get(kinds::kSecret, "app");
  scene.Settle(Rotation(1));
  EXPECT_EQ(scene.Ready(), "False/SecretNameTaken");
  EXPECT_EQ(scene.world.Get(kinds::kSecret, "app"), theirs);
  EXPECT_TRUE(scene.Valid().empty());
}

TEST(KeyReconcilerTest, ADeletedSecretComesBackWithAnotherPairAndTheOldOneEnds) {
  Scene scene;
  scene.Settle(Rotation(1));
  const StringMap first = scene.PairInSecret();
  scene.world.Remove(kinds::kSecret, "app");
  scene.Settle();
  EXPECT_NE(scene.PairInSecret(), first);
  EXPECT_EQ(scene.Valid(), scene.PairInSecret());
}

TEST(KeyReconcilerTest, AnEditedSecretIsPutBack) {
  Scene scene;
  scene.Settle(Rotation(1));
  const StringMap before = scene.Secret();
  Json edited = scene.world.Get(kinds::kSecret, "app");
  edited["data"]["AWS_SECRET_ACCESS_KEY"] = "d2Vhaw==";
  edited["metadata"]["annotations"].clear();
  scene.world.Edit(kinds::kSecret, edited);
  scene.Settle();
  EXPECT_EQ(scene.Secret(), before);
  EXPECT_EQ(scene.Valid(), scene.PairInSecret());
}

TEST(KeyReconcilerTest, OtherNamesInTheSecretKeepThePair) {
  Scene scene;
  scene.Settle(Rotation(1));
  const StringMap valid = scene.Valid();
  Json spec = Rotation(1);
  spec["secret"] = {{"keys", {{"accessKeyID", "id"}, {"secretAccessKey", "key"}}}, {"includeCredentialsFile", true}};
  scene.Settle(spec);
  EXPECT_EQ(scene.Valid(), valid);
  StringMap secret = scene.Secret();
  EXPECT_EQ(secret["id"], valid.begin()->first);
  EXPECT_EQ(secret["key"], valid.begin()->second);
  EXPECT_FALSE(secret.contains("AWS_ACCESS_KEY_ID"));
  EXPECT_THAT(secret["credentials"], HasSubstr(valid.begin()->second));
  scene.Settle(Rotation(1));
  EXPECT_FALSE(scene.Secret().contains("credentials"));
}

TEST(KeyReconcilerTest, ADeletedObjectEndsItsPairsUnlessItSaysOtherwise) {
  for (const bool retain : {false, true}) {
    Scene scene;
    scene.Settle(Rotation(1));
    Json spec = Rotation(2);
    if (retain) spec["deletionPolicy"] = "Retain";
    scene.Settle(spec);
    scene.world.Remove(kinds::kPbfsAccessKey, "app");
    scene.Settle();
    EXPECT_TRUE(scene.Object().is_null());
    EXPECT_EQ(scene.Valid().size(), retain ? 2 : 0);
    // Kubernetes removes what the object owns.
    EXPECT_EQ(scene.world.Get(kinds::kSecret, "app")["metadata"].contains("ownerReferences"), !retain);
  }
}

TEST(KeyReconcilerTest, AKeyWhoseClusterIsAwayWaitsAndOneWhoseClusterIsGoneEnds) {
  Scene scene;
  scene.Settle(Rotation(1));
  scene.world.SetCondition(kinds::kPbfsCluster, "demo", "Available", false);
  scene.world.Remove(kinds::kPbfsAccessKey, "app");
  scene.Settle();
  EXPECT_EQ(scene.Ready(), "False/ClusterNotAvailable");
  scene.world.Remove(kinds::kPbfsCluster, "demo");
  scene.Settle();
  EXPECT_TRUE(scene.Object().is_null());
}

TEST(KeyReconcilerTest, ANamespaceThatIsAllowedNoMoreHasNoAccess) {
  Scene scene(Json{{"tenancy", {{"allowedNamespaces", "All"}}}});
  Json key = ObjectOf(kinds::kPbfsAccessKey, "app", {{"clusterRef", {{"name", "demo"}, {"namespace", kTestSpace}}}},
                      "elsewhere");
  scene.world.Edit(kinds::kPbfsAccessKey, key);
  KeyReconciler reconciler(scene.world.world(), FakeWorld::Options(), scene.world.directory());
  const auto look = [&] { ASSERT_OK(reconciler.Reconcile(TestContext(), "elsewhere", "app")); };
  const auto ready = [&] { return ConditionOf(scene.world.Get(kinds::kPbfsAccessKey, "app", "elsewhere"), "Ready"); };
  look();
  EXPECT_EQ(ready(), "True/Ready");
  EXPECT_EQ(scene.Valid().size(), 1);
  Json cluster = scene.world.Get(kinds::kPbfsCluster, "demo");
  cluster["spec"]["tenancy"]["allowedNamespaces"] = "Same";
  scene.world.Edit(kinds::kPbfsCluster, cluster);
  look();
  EXPECT_EQ(ready(), "False/NamespaceNotAllowed");
  EXPECT_TRUE(scene.Valid().empty());
  scene.world.Remove(kinds::kPbfsAccessKey, "app", "elsewhere");
  look();
  EXPECT_FALSE(scene.world.Exists(kinds::kPbfsAccessKey, "app", "elsewhere"));
}

// ---- the operator dies, or the site fails, at any call ----

// Looks until the fault was met or there is nothing to do.
bool Meet(Scene& scene, const Fault& fault) {
  scene.world.Arm(fault);
  for (int round = 0; round < 3 && !scene.world.Reached(fault); ++round) (void)scene.Look();
  const bool reached = scene.world.Reached(fault);
  scene.world.Heal();
  scene.ExpectNoStrayPair();
  return reached;
}

TEST(KeyReconcilerTest, ABeginningThatIsInterruptedAnywhereIsMadeUpFor) {
  WalkFaults([](const Fault& fault) {
    Scene scene;
    scene.Say(Rotation(1));
    const bool reached = Meet(scene, fault);
    scene.Settle();
    EXPECT_EQ(scene.Ready(), "True/Ready");
    EXPECT_EQ(scene.Valid(), scene.PairInSecret());
    return reached;
  });
}

TEST(KeyReconcilerTest, ARotationThatIsInterruptedAnywhereLeavesTwoPairs) {
  WalkFaults([](const Fault& fault) {
    Scene scene;
    scene.Settle(Rotation(1));
    const StringMap first = scene.PairInSecret();
    scene.Say(Rotation(2));
    const bool reached = Meet(scene, fault);
    scene.Settle();
    StringMap both = scene.PairInSecret();
    EXPECT_NE(both, first);
    both.insert(first.begin(), first.end());
    EXPECT_EQ(scene.Valid(), both);
    return reached;
  });
}

TEST(KeyReconcilerTest, ARotationAfterOneThatWasInterruptedLeavesNoStrayPair) {
  WalkFaults([](const Fault& fault) {
    Scene scene;
    scene.Settle(Rotation(1));
    scene.Say(Rotation(2));
    const bool reached = Meet(scene, fault);
    scene.Settle(Rotation(3));
    scene.ExpectNoStrayPair();
    EXPECT_LE(scene.Valid().size(), 2);
    scene.world.clock().Advance(kHourMicros);
    scene.Settle();
    EXPECT_EQ(scene.Valid(), scene.PairInSecret());
    return reached;
  });
}

TEST(KeyReconcilerTest, ASecretThatIsDeletedEndsItsPairWhateverIsInterrupted) {
  WalkFaults([](const Fault& fault) {
    Scene scene;
    scene.Settle(Rotation(1));
    const StringMap first = scene.PairInSecret();
    scene.world.Remove(kinds::kSecret, "app");
    scene.world.Arm(fault);
    for (int round = 0; round < 3 && !scene.world.Reached(fault); ++round) (void)scene.Look();
    const bool reached = scene.world.Reached(fault);
    scene.world.Heal();
    scene.Settle();
    EXPECT_NE(scene.PairInSecret(), first);
    EXPECT_EQ(scene.Valid(), scene.PairInSecret());
    return reached;
  });
}

TEST(KeyReconcilerTest, ADeletionThatIsInterruptedAnywhereEndsBothPairs) {
  WalkFaults([](const Fault& fault) {
    Scene scene;
    scene.Settle(Rotation(1));
    scene.Settle(Rotation(2));
    scene.world.Remove(kinds::kPbfsAccessKey, "app");
    scene.world.Arm(fault);
    for (int round = 0; round < 3 && !scene.Object().is_null() && !scene.world.Reached(fault); ++round)
      (void)scene.Look();
    const bool reached = scene.world.Reached(fault);
    scene.world.Heal();
    scene.Settle();
    EXPECT_TRUE(scene.Object().is_null());
    EXPECT_TRUE(scene.Valid().empty());
    return reached;
  });
}

}  // namespace
}  // namespace pbfs::operators
