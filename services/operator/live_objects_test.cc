#include "services/operator/live_objects.h"

#include "libs/base/clock.h"
#include "libs/base/testing.h"
#include "libs/kube/memory_kube.h"
#include "services/operator/names.h"
#include "services/operator/object_text.h"
#include "services/operator/render_object.h"
#include "services/operator/spec_samples.h"

namespace pbfs::operators {
namespace {

namespace kinds = kube::kinds;

/// A server with a webhook: what is applied arrives as something else.
class ChangingKube final : public kube::KubeApi {
 public:
  explicit ChangingKube(kube::KubeApi& inner) : inner_(inner) {}
  Result<Json> Apply(const Context& context, const kube::Kind& kind, const Json& intent,
                     kube::OnConflict on_conflict) override {
    Json changed = intent;
    changed["data"]["key"] = "changed on the way";
    return inner_.Apply(context, kind, changed, on_conflict);
  }
  Result<Json> Get(const Context& context, const kube::ObjectRef& ref) override { return inner_.Get(context, ref); }
  Result<kube::ObjectList> List(const Context& context, const kube::Selection& selection) override {
    return inner_.List(context, selection);
  }
  Result<Json> Create(const Context& context, const kube::Kind& kind, const Json& object) override {
    return inner_.Create(context, kind, object);
  }
  Result<Json> ApplyStatus(const Context& context, const kube::Kind& kind, const Json& status) override {
    return inner_.ApplyStatus(context, kind, status);
  }
  Status Delete(const Context& context, const kube::ObjectRef& ref, const kube::DeleteOptions& options) override {
    return inner_.Delete(context, ref, options);
  }
  Status Watch(const Context& context, const kube::Selection& selection, const std::string& version, Duration timeout,
               const std::function<void(const kube::WatchEvent&)>& on_event) override {
    return inner_.Watch(context, selection, version, timeout, on_event);
  }

 private:
  kube::KubeApi& inner_;
};

class LiveObjectsTest : public testing::Test {
 protected:
  Json Map(const std::string& value, const std::string& name = "demo-map") {
    Json map = MakeObject(intent_, "v1", "ConfigMap", name, ClusterLabels(intent_));
    map["data"] = {{"key", value}};
    return WithHash(std::move(map));
  }
  // As a look begins.
  LiveObjects Loaded(kube::KubeApi& kube) {
    LiveObjects live(kube, settled_, intent_.space, intent_.name);
    EXPECT_OK(live.Load(TestContext()));
    return live;
  }
  // How many writes a look makes that wants it so.
  int WritesFor(const Json& intent, kube::KubeApi& kube) {
    LiveObjects live = Loaded(kube);
    EXPECT_OK(live.Put(TestContext(), intent));
    return live.writes();
  }
  int WritesFor(const Json& intent) { return WritesFor(intent, kube_); }
  Json Get(const kube::Kind& kind, const std::string& name) {
    return kube_.Get(TestContext(), {kind, intent_.space, name}).value_or(Json());
  }
  void MakeTheirs(const kube::Kind& kind, const Json& object) {
    ASSERT_OK(others_.Create(TestContext(), kind, object));
  }
  void EditAsOthers(Json object) {
    for (const char* kept : {"resourceVersion", "generation", "creationTimestamp", "uid"})
      object["metadata"].erase(kept);
    ASSERT_OK(others_.Apply(TestContext(), *KindOf(object), object, kube::OnConflict::kTake));
  }

  ManualClock clock_{0};
  kube::MemoryKube kube_{clock_};
  kube::MemoryKube others_ = kube_.As("somebody");
  SettledWrites settled_;
  const ClusterIntent intent_ = IntentOf(SmallestSpec());
};

TEST_F(LiveObjectsTest, WhatIsAsItShouldBeIsNotWritten) {
  EXPECT_EQ(WritesFor(Map("one")), 1);
  EXPECT_EQ(WritesFor(Map("one")), 0);
  Json defaulted = Get(kinds::kConfigMap, "demo-map");
  defaulted["immutable"] = false;
  EditAsOthers(defaulted);
  EXPECT_EQ(WritesFor(Map("one")), 0);
  EXPECT_EQ(WritesFor(Map("two")), 1);
}

TEST_F(LiveObjectsTest, WhatOthersChangeIsPutBack) {
  WritesFor(Map("one"));
  Json edited = Get(kinds::kConfigMap, "demo-map");
  edited["data"]["key"] = "theirs";
  EditAsOthers(edited);
  EXPECT_EQ(WritesFor(Map("one")), 1);
  EXPECT_EQ(Get(kinds::kConfigMap, "demo-map")["data"]["key"], "one");
}

TEST_F(LiveObjectsTest, AWriteThatTheServerChangesIsNotRepeatedForEver) {
  ChangingKube changing(kube_);
  EXPECT_EQ(WritesFor(Map("one"), changing), 1);
  EXPECT_EQ(WritesFor(Map("one"), changing), 0);
  EXPECT_EQ(WritesFor(Map("two"), changing), 1);
  EXPECT_EQ(WritesFor(Map("two"), changing), 0);
  Json edited = Get(kinds::kConfigMap, "demo-map");
  edited["data"]["key"] = "theirs";
  EditAsOthers(edited);
  EXPECT_EQ(WritesFor(Map("two"), changing), 1);
  EXPECT_EQ(WritesFor(Map("two"), changing), 0);
}

TEST_F(LiveObjectsTest, NothingOfTheSameNameIsTakenOver) {
  Json theirs = Map("theirs");
  theirs["metadata"]["labels"].erase(kClusterLabel);
  MakeTheirs(kinds::kConfigMap, theirs);
  LiveObjects live = Loaded(kube_);
  EXPECT_CODE(live.Put(TestContext(), Map("one")), kFailedPrecondition);
  EXPECT_CODE(live.PutOnce(TestContext(), Map("one")), kFailedPrecondition);
  EXPECT_EQ(Get(kinds::kConfigMap, "demo-map")["data"]["key"], "theirs");
}

TEST_F(LiveObjectsTest, WhatIsMadeOnceStaysAsItIs) {
  LiveObjects live = Loaded(kube_), late = Loaded(kube_);
  EXPECT_OK(live.PutOnce(TestContext(), Map("one")));
  EXPECT_OK(late.PutOnce(TestContext(), Map("two")));  // it did not see the first
  EXPECT_EQ((*late.Find(kinds::kConfigMap, "demo-map"))["data"]["key"], "one");
  LiveObjects next = Loaded(kube_);
  EXPECT_OK(next.PutOnce(TestContext(), Map("three")));
  EXPECT_EQ(next.writes(), 0);
  EXPECT_EQ(Get(kinds::kConfigMap, "demo-map")["data"]["key"], "one");
}

TEST_F(LiveObjectsTest, OnlyWhatHoldsNoDataAndIsOwnedIsPruned) {
  const auto make = [&](const kube::Kind& kind, const std::string& name, const std::string& owner) {
    Json object = MakeObject(intent_, "v1", std::string(kind.name).c_str(), name, ClusterLabels(intent_));
    object["apiVersion"] = kind.ApiVersion();
    object["metadata"]["ownerReferences"][0]["uid"] = owner;
    MakeTheirs(kind, object);
    return object;
  };
  const Json wanted = make(kinds::kService, "wanted", intent_.uid);
  make(kinds::kService, "superfluous", intent_.uid);
  make(kinds::kRole, "superfluous", intent_.uid);
  make(kinds::kService, "of-another", "another");
  Json unlabelled = make(kinds::kService, "unlabelled", intent_.uid);
  for (const kube::Kind& kind : {kinds::kSecret, kinds::kStatefulSet, kinds::kPersistentVolumeClaim, kinds::kJob})
    make(kind, "kept", intent_.uid);
  LiveObjects live = Loaded(kube_);
  ASSERT_OK(live.Prune(TestContext(), intent_.uid, {wanted, unlabelled}));
  EXPECT_TRUE(Get(kinds::kService, "superfluous").is_null());
  EXPECT_TRUE(Get(kinds::kRole, "superfluous").is_null());
  EXPECT_FALSE(Get(kinds::kService, "wanted").is_null());
  EXPECT_FALSE(Get(kinds::kService, "of-another").is_null());
  for (const kube::Kind& kind : {kinds::kSecret, kinds::kStatefulSet, kinds::kPersistentVolumeClaim, kinds::kJob})
    EXPECT_FALSE(Get(kind, "kept").is_null()) << kind.name;
}

TEST_F(LiveObjectsTest, OnlyWhatWasReadIsDeleted) {
  WritesFor(Map("one"));
  LiveObjects live = Loaded(kube_);
  Json edited = Get(kinds::kConfigMap, "demo-map");
  edited["data"]["key"] = "theirs";
  EditAsOthers(edited);
  EXPECT_CODE(live.Delete(TestContext(), kinds::kConfigMap, "demo-map"), kAborted);
  EXPECT_FALSE(Get(kinds::kConfigMap, "demo-map").is_null());
  EXPECT_OK(live.Delete(TestContext(), kinds::kConfigMap, "none"));
}

TEST_F(LiveObjectsTest, KindsThatAreNotServedHaveNoObjects) {
  kube_.SetServed(kinds::kServiceMonitor, false);
  LiveObjects live = Loaded(kube_);
  EXPECT_FALSE(live.IsServed(kinds::kServiceMonitor));
  EXPECT_TRUE(live.IsServed(kinds::kService));
}

}  // namespace
}  // namespace pbfs::operators
