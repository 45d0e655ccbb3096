#include "services/operator/bucket_reconciler.h"

#include <memory>

#include "libs/access/system_bucket.h"
#include "libs/base/testing.h"
#include "libs/s3/cors.h"
#include "libs/s3/documents.h"
#include "libs/s3/lifecycle.h"
#include "libs/s3/lock.h"
#include "services/operator/fake_world.h"
#include "services/operator/object_text.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;
using ::testing::HasSubstr;

/// A cluster that serves, looks at PBFSBuckets in it, and what they lead to.
class Scene {
 public:
  explicit Scene(const Json& cluster = Json::object()) { world.BeginCluster(cluster); }

  void Say(Json spec, const std::string& name = "photos", const std::string& space = kTestSpace) {
    spec["clusterRef"] = {{"name", "demo"}, {"namespace", kTestSpace}};
    world.Edit(kinds::kPbfsBucket, ObjectOf(kinds::kPbfsBucket, name, std::move(spec), space));
  }
  Result<LookAgain> Look(const std::string& name = "photos", const std::string& space = kTestSpace) {
    return reconciler_.Reconcile(TestContext(), space, name);
  }
  // Looks until there is nothing to do.
  void Settle(const std::string& name = "photos", const std::string& space = kTestSpace) {
    for (int round = 0; round < 10; ++round) {
      const Json before = world.Everything();
      const Result<LookAgain> look = Look(name, space);
      const bool at_once = look.ok() && *look && **look == Duration::zero();
      if (world.Everything() == before && !at_once) return;
    }
    ADD_FAILURE() << "it never comes to rest";
  }
  void Follow(Json spec) {
    Say(std::move(spec));
    Settle();
  }
  void Remove() {
    world.Remove(kinds::kPbfsBucket, "photos");
    Settle();
  }

  Json Object(const std::string& name = "photos", const std::string& space = kTestSpace) {
    return world.Get(kinds::kPbfsBucket, name, space);
  }
  std::string Condition(const char* type, const std::string& name = "photos", const std::string& space = kTestSpace) {
    return ConditionOf(Object(name, space), type);
  }
  std::string Ready() { return Condition("Ready"); }

  Result<Bucket> Open(const std::string& name = "photos") { return user_->OpenBucket(TestContext(), name); }
  bool HasBucket() { return Open().ok(); }
  // A bucket that somebody made by S3.
  void MakeBucket(const std::string& name = "photos") {
    BucketSettings settings;
    settings.name = name;
    settings.k = 1, settings.m = 2;
    ASSERT_OK(user_->CreateBucket(TestContext(), settings));
  }
  void PutObject(const std::string& name) { ASSERT_OK(Open()->Put(TestContext(), name, Bytes{1, 2, 3})); }
  // Of the bucket, as gateways keep them; empty: there is none.
  std::string Document(const char* what) {
    return documents.Get(TestContext(), BucketDocument(Open()->info().id, what))->value_or("");
  }
  void PutDocument(const char* what, const std::string& text) {
    ASSERT_OK(documents.Put(TestContext(), BucketDocument(Open()->info().id, what), text));
  }
  size_t Claims() { return documents.List(TestContext(), "claim/")->size(); }

  FakeWorld world;

 private:
  std::unique_ptr<Client> user_ = world.site().NewClient();
  BucketReconciler reconciler_{world.world(), FakeWorld::Options(), world.directory()};

 public:
  SystemBucket documents{*user_};
};

TEST(BucketReconcilerTest, ABucketIsMadeWithTheClustersSchemeAndThenNobodyWrites) {
  Scene scene(Json{{"redundancy", {{"dataShards", 1}, {"parityShards", 2}, {"minWriteShards", 2}}}});
  scene.Follow({{"tags", {{"team", "a"}}}});
  EXPECT_EQ(scene.Ready(), "True/Ready") << scene.Object().dump(1);
  const BucketSettings made = scene.Open()->info().settings;
  EXPECT_EQ(made.k, 1);
  EXPECT_EQ(made.m, 2);
  EXPECT_EQ(made.w, 2);
  EXPECT_EQ(kube::Text(scene.Object()["status"], "bucketID"), scene.Open()->info().id.ToString());
  EXPECT_EQ(kube::Text(scene.Object()["status"], "endpoint"), "https://demo-gateway.storage.svc:443");
  const Json before = scene.world.Everything();
  const auto tagging = [&] {
    return scene.Open(kSystemBucket)
        ->Find(TestContext(), BucketDocument(scene.Open()->info().id, "tagging"))
        .value_or(ObjectId());
  };
  const ObjectId before_tagging = tagging();
  EXPECT_EQ(*scene.Look(), LookAgain(std::chrono::minutes(10)));
  EXPECT_EQ(scene.world.Everything(), before);
  EXPECT_EQ(tagging(), before_tagging);
}

const char* const kPolicy =
    R"({"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/*"}]})";

TEST(BucketReconcilerTest, SettingsReachTheSiteAsGatewaysKeepThem) {
  Scene scene;
  scene.Follow({{"versioning", "Enabled"},
                {"tags", {{"team", "a"}}},
                {"policy", kPolicy},
                {"cors", {{{"allowedOrigins", {"https://a"}}, {"allowedMethods", {"GET"}}, {"maxAgeSeconds", 60}}}},
                {"lifecycleRules", {{{"id", "old"}, {"prefix", "tmp/"}, {"expirationDays", 7}}}},
                {"objectLock", {{"enabled", true}, {"defaultRetention", {{"mode", "COMPLIANCE"}, {"days", 3}}}}}});
  EXPECT_EQ(scene.Ready(), "True/Ready") << scene.Object().dump(1);
  EXPECT_EQ(*scene.Open()->FindVersioning(TestContext()), Versioning::kEnabled);
  EXPECT_THAT(scene.Document("tagging"), HasSubstr("<Key>team</Key><Value>a</Value>"));
  EXPECT_EQ(scene.Document("policy"), kPolicy);
  EXPECT_EQ(s3::ParseCors(scene.Document("cors"))->at(0).origins, std::vector<std::string>{"https://a"});
  const s3::LifecycleRule rule = s3::ParseLifecycle(scene.Document("lifecycle"))->at(0);
  EXPECT_EQ(rule.prefix, "tmp/");
  EXPECT_EQ(rule.expire_days, 7);
  const auto lock = s3::ParseLockConfiguration(scene.Document("object-lock"));
  EXPECT_EQ(lock->default_retention->days, 3);

  scene.Follow({{"versioning", "Suspended"}});  // a lock, once there, is never taken away, and needs versions
  EXPECT_EQ(scene.Ready(), "False/SpecRejected");
  EXPECT_EQ(*scene.Open()->FindVersioning(TestContext()), Versioning::kEnabled);
  for (const char* what : {"tagging", "policy", "cors", "lifecycle"}) EXPECT_EQ(scene.Document(what), "") << what;
  EXPECT_NE(scene.Document("object-lock"), "");
}

TEST(BucketReconcilerTest, WhatTheSpecNeverSaidIsTheUsers) {
  Scene scene;
  scene.Follow({{"tags", {{"team", "a"}}}});
  scene.PutDocument("cors", "theirs");
  ASSERT_OK(scene.Open()->SetVersioning(TestContext(), Versioning::kEnabled));
  scene.Follow(Json::object());
  EXPECT_EQ(scene.Document("tagging"), "");
  EXPECT_EQ(scene.Document("cors"), "theirs");
  EXPECT_EQ(*scene.Open()->FindVersioning(TestContext()), Versioning::kEnabled);
}

TEST(BucketReconcilerTest, WhatIsChangedByS3IsPutBack) {
  Scene scene;
  scene.Follow({{"policy", kPolicy}, {"versioning", "Enabled"}});
  scene.PutDocument("policy", "theirs");
  ASSERT_OK(scene.Open()->SetVersioning(TestContext(), Versioning::kSuspended));
  scene.Settle();
  EXPECT_EQ(scene.Document("policy"), kPolicy);
  EXPECT_EQ(*scene.Open()->FindVersioning(TestContext()), Versioning::kEnabled);
}

TEST(BucketReconcilerTest, WhatCannotBeSoStandsInACondition) {
  const Json cases[] = {{{"quota", {{"maxObjects", 1}}}},
                        {{"policy", "{"}},
                        {{"bucketName", "_pbfs"}},
                        {{"objectLock", {{"enabled", true}}}},
                        {{"cors", {{{"allowedOrigins", {"*"}}, {"allowedMethods", {"FLY"}}}}}}};
  for (const Json& spec : cases) {
    SCOPED_TRACE(spec.dump());
    Scene scene;
    scene.Follow(spec);
    EXPECT_EQ(scene.Ready(), "False/SpecRejected");
    EXPECT_THAT(scene.Object().dump(), HasSubstr("spec." + spec.begin().key()));
    EXPECT_FALSE(scene.HasBucket());
  }
}

TEST(BucketReconcilerTest, OneBucketHasOneObject) {
  Scene scene(Json{{"tenancy", {{"allowedNamespaces", "All"}}}});
  scene.Follow(Json::object());
  scene.Say({{"adoptionPolicy", "IfUnowned"}, {"deletionPolicy", "Delete"}}, "photos", "elsewhere");
  scene.Settle("photos", "elsewhere");
  EXPECT_EQ(scene.Condition("Ready", "photos", "elsewhere"), "False/NameConflict");
  EXPECT_THAT(scene.Object("photos", "elsewhere").dump(), HasSubstr("storage/photos"));
  scene.world.Remove(kinds::kPbfsBucket, "photos", "elsewhere");
  scene.Settle("photos", "elsewhere");
  EXPECT_TRUE(scene.Object("photos", "elsewhere").is_null());
  EXPECT_TRUE(scene.HasBucket());
  scene.Settle();
  EXPECT_EQ(scene.Ready(), "True/Ready");
}

TEST(BucketReconcilerTest, ABucketThatIsThereIsTakenOverOnlyWhereTheSpecSaysSo) {
  Scene scene;
  scene.MakeBucket();
  scene.Follow(Json::object());
  EXPECT_EQ(scene.Ready(), "False/NameConflict");
  EXPECT_EQ(scene.Claims(), 0);
  scene.Follow({{"adoptionPolicy", "IfUnowned"}});
  EXPECT_EQ(scene.Ready(), "True/Ready");
  EXPECT_EQ(scene.Claims(), 1);
}

TEST(BucketReconcilerTest, AClaimOfAnEarlierObjectOfTheNameHoldsNobodyOff) {
  Scene scene;
  scene.Follow(Json::object());
  scene.world.SetCondition(kinds::kPbfsCluster, "demo", "Available", false);
  Json forced = ObjectOf(kinds::kPbfsBucket, "photos", {{"clusterRef", {{"name", "demo"}}}});
  forced["metadata"]["annotations"] = {{"pbfs.dev/force-finalize", "true"}};
  scene.world.Edit(kinds::kPbfsBucket, forced);
  scene.Remove();
  EXPECT_TRUE(scene.Object().is_null());
  scene.world.SetCondition(kinds::kPbfsCluster, "demo", "Available", true);
  scene.Follow(Json::object());
  EXPECT_EQ(scene.Ready(), "False/NameConflict");
  scene.Follow({{"adoptionPolicy", "IfUnowned"}});
  EXPECT_EQ(scene.Ready(), "True/Ready");
}

TEST(BucketReconcilerTest, AClaimThatCannotBeReadIsSomebodys) {
  Scene scene;
  ASSERT_OK(scene.documents.Put(TestContext(), "claim/photos", "{"));
  scene.Follow({{"adoptionPolicy", "IfUnowned"}});
  EXPECT_EQ(scene.Ready(), "False/NameConflict");
}

// ---- the end ----

TEST(BucketReconcilerTest, ARetainedBucketStaysAndIsNobodys) {
  Scene scene;
  scene.Follow(Json::object());
  scene.PutObject("a");
  scene.Remove();
  EXPECT_TRUE(scene.Object().is_null());
  EXPECT_TRUE(scene.HasBucket());
  EXPECT_EQ(scene.Claims(), 0);
}

TEST(BucketReconcilerTest, ABucketThatIsNotEmptyHoldsItsObject) {
  Scene scene;
  scene.Follow({{"deletionPolicy", "DeleteIfEmpty"}});
  scene.PutObject("a");
  scene.Remove();
  EXPECT_EQ(scene.Condition("DeletionBlocked"), "True/DeletionBlocked");
  EXPECT_TRUE(scene.HasBucket());
  ASSERT_OK(scene.Open()->Unbind(TestContext(), "a"));
  scene.Settle();
  EXPECT_TRUE(scene.Object().is_null());
  EXPECT_FALSE(scene.HasBucket());
  EXPECT_EQ(scene.Claims(), 0);
}

TEST(BucketReconcilerTest, AllOfABucketGoesWhereTheSpecSaysSo) {
  for (const char* versioning : {"Off", "Enabled", "Suspended"}) {
    SCOPED_TRACE(versioning);
    Scene scene;
    scene.Follow({{"deletionPolicy", "Delete"}, {"versioning", versioning}});
    for (int i = 0; i < 510; ++i) scene.PutObject(std::to_string(i));  // more than one look takes
    scene.PutObject("1");
    (void)scene.Open()->Unbind(TestContext(), "2");  // a delete marker, where there are versions
    scene.Remove();
    EXPECT_TRUE(scene.Object().is_null());
    EXPECT_FALSE(scene.HasBucket());
    EXPECT_EQ(scene.Claims(), 0);
  }
}

TEST(BucketReconcilerTest, WhatCanBeLockedIsNotDeleted) {
  Scene scene;
  scene.Follow({{"deletionPolicy", "Delete"}, {"versioning", "Enabled"}, {"objectLock", {{"enabled", true}}}});
  scene.PutObject("a");
  scene.Remove();
  EXPECT_EQ(scene.Condition("DeletionBlocked"), "True/DeletionBlocked");
  EXPECT_OK(scene.Open()->Find(TestContext(), "a"));
}

TEST(BucketReconcilerTest, WithoutItsClusterABucketWaitsButEnds) {
  Scene scene;
  scene.Follow({{"deletionPolicy", "Delete"}});
  scene.world.SetCondition(kinds::kPbfsCluster, "demo", "Available", false);
  scene.Settle();
  EXPECT_EQ(scene.Ready(), "False/ClusterNotAvailable");
  scene.Remove();
  EXPECT_FALSE(scene.Object().is_null());
  scene.world.Remove(kinds::kPbfsCluster, "demo");
  scene.Settle();
  EXPECT_TRUE(scene.Object().is_null());
  scene.Follow(Json::object());
  EXPECT_EQ(scene.Ready(), "False/NoCluster");
  scene.Remove();
  EXPECT_TRUE(scene.Object().is_null());
}

TEST(BucketReconcilerTest, NamespacesNeedTheClustersLeave) {
  const auto selector = [](Json fits) {
    return Json{{"tenancy", {{"allowedNamespaces", "Selector"}, {"selector", std::move(fits)}}}};
  };
  const auto expression = [](const char* key, const char* op, Json values) {
    return Json{{"matchExpressions", {{{"key", key}, {"operator", op}, {"values", std::move(values)}}}}};
  };
  const std::pair<Json, bool> cases[] = {
      {Json::object(), false},
      {{{"tenancy", {{"allowedNamespaces", "Same"}}}}, false},
      {{{"tenancy", {{"allowedNamespaces", "All"}}}}, true},
      {{{"tenancy", {{"allowedNamespaces", "Selector"}}}}, false},
      {selector(Json::object()), true},
      {selector({{"matchLabels", {{"team", "a"}}}}), true},
      {selector({{"matchLabels", {{"team", "b"}}}}), false},
      {selector(expression("team", "In", {"a", "b"})), true},
      {selector(expression("team", "In", {"b"})), false},
      {selector(expression("team", "NotIn", {"b"})), true},
      {selector(expression("none", "NotIn", {"b"})), true},
      {selector(expression("team", "NotIn", {"a"})), false},
      {selector(expression("team", "Exists", Json())), true},
      {selector(expression("none", "Exists", Json())), false},
      {selector(expression("none", "DoesNotExist", Json())), true},
      {selector(expression("team", "DoesNotExist", Json())), false},
      {selector(expression("team", "Likes", {"a"})), false},
  };
  for (const auto& [cluster, allowed] : cases) {
    SCOPED_TRACE(cluster.dump());
    Scene scene(cluster);
    scene.world.Make(kinds::kNamespace, {{"apiVersion", "v1"},
                                         {"kind", "Namespace"},
                                         {"metadata", {{"name", "elsewhere"}, {"labels", {{"team", "a"}}}}}});
    scene.Say(Json::object(), "photos", "elsewhere");
    scene.Settle("photos", "elsewhere");
    EXPECT_EQ(scene.Condition("Ready", "photos", "elsewhere"), allowed ? "True/Ready" : "False/NamespaceNotAllowed");
    EXPECT_EQ(scene.HasBucket(), allowed);
  }
}

// ---- the operator dies, or the site fails, at any call ----

bool Meet(Scene& scene, const Fault& fault) {
  scene.world.Arm(fault);
  for (int round = 0; round < 4 && !scene.world.Reached(fault); ++round) (void)scene.Look();
  const bool reached = scene.world.Reached(fault);
  scene.world.Heal();
  return reached;
}

TEST(BucketReconcilerTest, ABeginningThatIsInterruptedAnywhereIsMadeUpFor) {
  WalkFaults([](const Fault& fault) {
    Scene scene;
    scene.Say({{"tags", {{"team", "a"}}}, {"policy", kPolicy}, {"versioning", "Enabled"}});
    const bool reached = Meet(scene, fault);
    scene.Follow({{"tags", {{"team", "b"}}}, {"versioning", "Enabled"}});
    EXPECT_EQ(scene.Ready(), "True/Ready");
    EXPECT_EQ(scene.Claims(), 1);
    EXPECT_THAT(scene.Document("tagging"), HasSubstr("<Value>b</Value>"));
    EXPECT_EQ(scene.Document("policy"), "");  // said once, and no more
    EXPECT_EQ(*scene.Open()->FindVersioning(TestContext()), Versioning::kEnabled);
    return reached;
  });
}

TEST(BucketReconcilerTest, ADeletionThatIsInterruptedAnywhereEnds) {
  WalkFaults([](const Fault& fault) {
    Scene scene;
    scene.Follow({{"deletionPolicy", "Delete"}});
    scene.PutObject("a");
    scene.world.Remove(kinds::kPbfsBucket, "photos");
    const bool reached = Meet(scene, fault);
    scene.Settle();
    EXPECT_TRUE(scene.Object().is_null());
    EXPECT_FALSE(scene.HasBucket());
    EXPECT_EQ(scene.Claims(), 0);
    return reached;
  });
}

}  // namespace
}  // namespace pbfs::operators
