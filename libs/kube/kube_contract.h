#pragma once

#include <string>
#include <utility>
#include <vector>

#include "libs/base/random.h"
#include "libs/base/testing.h"
#include "libs/kube/kube_api.h"

/// What every KubeApi passes. A Fixture is default constructed for each test and has
///   KubeApi& kube();
///   KubeApi& other();                the same cluster, written by another field manager
///   std::string space();             a namespace; what others have there is not touched
///   std::string forgotten_version(); a version from which nothing can be watched any more
/// The cluster serves kSample, with any fields and its status apart, and does not serve kUnserved.
namespace pbfs::kube {

inline constexpr Kind kSample{"test.pbfs.dev", "v1", "Sample", "samples"};
inline constexpr Kind kUnserved{"nobody.pbfs.dev", "v1", "Nothing", "nothings"};

template <typename Fixture>
class KubeContract : public testing::Test {
 protected:
  using Type = WatchEvent::Type;
  using Told = std::vector<std::pair<Type, std::string>>;  // of a watch: what, and the name

  void TearDown() override {
    const auto left = fixture_.kube().List(TestContext(), All());
    EXPECT_OK(left);
    for (const Json& object : left.value_or({}).items) {
      const Status deleted = fixture_.kube().Delete(TestContext(), *RefOf(kSample, object), {});
      EXPECT_TRUE(deleted.ok() || deleted.code() == StatusCode::kNotFound) << deleted.ToString();
    }
  }

  KubeApi& kube() { return fixture_.kube(); }
  KubeApi& other() { return fixture_.other(); }

  /// Names are this test's own, so that what another left is not seen.
  std::string Name(const std::string& name) const { return run_ + "-" + name; }
  ObjectRef Ref(const std::string& name) { return {kSample, fixture_.space(), Name(name)}; }
  Json Sample(const std::string& name, const Json& spec = {{"a", 1}}) {
    return {{"apiVersion", kSample.ApiVersion()},
            {"kind", kSample.name},
            {"metadata", {{"name", Name(name)}, {"namespace", fixture_.space()}, {"labels", {{"run", run_}}}}},
            {"spec", spec}};
  }
  Json StatusOf(const std::string& name, const Json& status) {
    Json object = Sample(name);
    object.erase("spec");
    object["status"] = status;
    return object;
  }
  static Json With(Json object, const std::string& pointer, const Json& value) {
    object[Json::json_pointer(pointer)] = value;
    return object;
  }
  Selection All(const std::string& more = "") {
    return {kSample, fixture_.space(), "run=" + run_ + (more.empty() ? "" : "," + more)};
  }

  Json Create(const Json& object) {
    const auto made = kube().Create(TestContext(), kSample, object);
    EXPECT_OK(made);
    return made.value_or(Json());
  }
  Json Apply(const Json& intent) { return Apply(kube(), intent); }
  Json Apply(KubeApi& api, const Json& intent) {
    const auto applied = api.Apply(TestContext(), kSample, intent, OnConflict::kTake);
    EXPECT_OK(applied);
    return applied.value_or(Json());
  }
  Json ApplyStatus(const Json& status) {
    const auto applied = kube().ApplyStatus(TestContext(), kSample, status);
    EXPECT_OK(applied);
    return applied.value_or(Json());
  }
  Json Get(const std::string& name) {
    const auto object = kube().Get(TestContext(), Ref(name));
    EXPECT_OK(object);
    return object.value_or(Json());
  }
  Status Delete(const std::string& name, const DeleteOptions& options = {}) {
    return kube().Delete(TestContext(), Ref(name), options);
  }
  std::vector<std::string> Names(const Selection& selection) {
    const auto list = kube().List(TestContext(), selection);
    EXPECT_OK(list);
    std::vector<std::string> names;
    for (const Json& item : list.value_or({}).items) names.push_back(Text(Member(item, "metadata"), "name"));
    return names;
  }
  std::string Now() {
    const auto list = kube().List(TestContext(), All());
    EXPECT_OK(list);
    return list.value_or({}).version;
  }

  /// The first `count` changes of `selection` after `version`; bookmarks are left out.
  std::vector<WatchEvent> Events(const Selection& selection, const std::string& version, size_t count) {
    std::vector<WatchEvent> events;
    const Context context = TestContext();
    const Status ended =
        kube().Watch(context, selection, version, std::chrono::minutes(5), [&](const WatchEvent& event) {
          if (event.type != Type::kBookmark) events.push_back(event);
          if (events.size() == count) context.Cancel();
        });
    EXPECT_CODE(ended, kCancelled);
    return events;
  }
  Told Watch(const Selection& selection, const std::string& version, size_t count) {
    Told told;
    for (const WatchEvent& event : Events(selection, version, count))
      told.emplace_back(event.type, Text(Member(event.object, "metadata"), "name"));
    return told;
  }

  static std::string Uid(const Json& object) { return Text(Member(object, "metadata"), "uid"); }
  static std::string Version(const Json& object) { return Text(Member(object, "metadata"), "resourceVersion"); }
  static int64_t Generation(const Json& object) { return Number(Member(object, "metadata"), "generation"); }

  Fixture fixture_;
  const std::string run_ = "r" + std::to_string(SystemRandom().U64());
};
TYPED_TEST_SUITE_P(KubeContract);

TYPED_TEST_P(KubeContract, WhatIsMadeIsReadAsItWasSaid) {
  const Json object = this->Sample("a", {{"text", "x"}, {"list", {1, 2}}, {"deep", {{"er", true}}}});
  const Json made = this->Create(object);
  EXPECT_EQ(made["spec"], object["spec"]);
  EXPECT_EQ(made["metadata"]["labels"], object["metadata"]["labels"]);
  EXPECT_EQ(this->Get("a"), made);
  const auto list = this->kube().List(TestContext(), this->All());
  ASSERT_OK(list);
  EXPECT_EQ(list->items, std::vector{made});
  EXPECT_OK(RefOf(kSample, made));
  EXPECT_FALSE(this->Uid(made).empty() || this->Version(made).empty() || list->version.empty());
  EXPECT_EQ(this->Generation(made), 1);
  EXPECT_FALSE(made["metadata"].contains("managedFields"));
}

TYPED_TEST_P(KubeContract, AnObjectIsMadeOnce) {
  const Json made = this->Create(this->Sample("a"));
  EXPECT_CODE(this->kube().Create(TestContext(), kSample, this->Sample("a", {{"a", 2}})), kAlreadyExists);
  EXPECT_EQ(this->Get("a"), made);
}

TYPED_TEST_P(KubeContract, ANameThatIsUsedAgainIsAnotherObject) {
  const Json first = this->Create(this->Sample("a"));
  ASSERT_OK(this->Delete("a"));
  const Json second = this->Create(this->Sample("a"));
  EXPECT_NE(this->Uid(first), this->Uid(second));
  EXPECT_NE(this->Version(first), this->Version(second));
}

TYPED_TEST_P(KubeContract, WhatIsNotThereIsNotFound) {
  EXPECT_CODE(this->kube().Get(TestContext(), this->Ref("a")), kNotFound);
  EXPECT_CODE(this->Delete("a"), kNotFound);
  EXPECT_CODE(this->kube().ApplyStatus(TestContext(), kSample, this->StatusOf("a", {{"x", 1}})), kNotFound);
  EXPECT_TRUE(this->Names(this->All()).empty());
}

TYPED_TEST_P(KubeContract, AKindThatIsNotServedIsUnimplemented) {
  const Json object = {{"apiVersion", kUnserved.ApiVersion()},
                       {"kind", kUnserved.name},
                       {"metadata", {{"name", "a"}, {"namespace", this->fixture_.space()}}},
                       {"status", {{"x", 1}}}};
  const ObjectRef ref = *RefOf(kUnserved, object);
  const Selection all{kUnserved, ref.space, ""};
  EXPECT_CODE(this->kube().Get(TestContext(), ref), kUnimplemented);
  EXPECT_CODE(this->kube().List(TestContext(), all), kUnimplemented);
  EXPECT_CODE(this->kube().Create(TestContext(), kUnserved, object), kUnimplemented);
  EXPECT_CODE(this->kube().Apply(TestContext(), kUnserved, object, OnConflict::kTake), kUnimplemented);
  EXPECT_CODE(this->kube().ApplyStatus(TestContext(), kUnserved, object), kUnimplemented);
  EXPECT_CODE(this->kube().Delete(TestContext(), ref, {}), kUnimplemented);
  EXPECT_CODE(this->kube().Watch(TestContext(), all, "1", std::chrono::seconds(1), [](const WatchEvent&) {}),
              kUnimplemented);
}

TYPED_TEST_P(KubeContract, WhatNoObjectIsCalledIsRefused) {
  for (const std::string name : {"", ".", "..", "a/b", "a%2fb", "a?b", "ä"}) {
    EXPECT_CODE(this->kube().Get(TestContext(), {kSample, this->fixture_.space(), name}), kInvalidArgument);
    EXPECT_CODE(this->kube().Delete(TestContext(), {kSample, this->fixture_.space(), name}, {}), kInvalidArgument);
    const Json object = this->With(this->Sample("a"), "/metadata/name", name);
    EXPECT_CODE(this->kube().Create(TestContext(), kSample, object), kInvalidArgument);
    EXPECT_CODE(this->kube().Apply(TestContext(), kSample, object, OnConflict::kTake), kInvalidArgument);
  }
  EXPECT_CODE(this->kube().Get(TestContext(), {kSample, "", "a"}), kInvalidArgument);
  EXPECT_CODE(this->kube().Get(TestContext(), {kinds::kNode, this->fixture_.space(), "a"}), kInvalidArgument);
  EXPECT_CODE(this->kube().Create(TestContext(), kinds::kSecret, this->Sample("a")), kInvalidArgument);
  EXPECT_CODE(this->kube().List(TestContext(), {kSample, this->fixture_.space(), "a"}), kInvalidArgument);
}

TYPED_TEST_P(KubeContract, GenerationCountsChangesOfTheSpecOnly) {
  const Json made = this->Apply(this->Sample("a"));
  const Json labelled = this->Apply(this->With(this->Sample("a"), "/metadata/labels/more", "x"));
  EXPECT_EQ(this->Generation(labelled), this->Generation(made));
  EXPECT_NE(this->Version(labelled), this->Version(made));
  const Json with_status = this->ApplyStatus(this->StatusOf("a", {{"x", 1}}));
  EXPECT_EQ(this->Generation(with_status), this->Generation(made));
  EXPECT_NE(this->Version(with_status), this->Version(labelled));
  EXPECT_EQ(this->Generation(this->Apply(this->Sample("a", {{"a", 2}}))), this->Generation(made) + 1);
}

TYPED_TEST_P(KubeContract, AnApplyMakesAnObjectThenChangesIt) {
  const Json made = this->Apply(this->Sample("a", {{"a", 1}, {"b", {{"c", 1}}}}));
  const Json changed = this->Apply(this->Sample("a", {{"a", 2}, {"b", {{"c", 1}, {"d", {1, 2}}}}}));
  EXPECT_EQ(changed["spec"], Json({{"a", 2}, {"b", {{"c", 1}, {"d", {1, 2}}}}}));
  EXPECT_EQ(this->Uid(changed), this->Uid(made));
  EXPECT_EQ(this->Get("a"), changed);
}

TYPED_TEST_P(KubeContract, AnApplyThatChangesNothingWritesNothing) {
  const Json intent = this->Sample("a", {{"a", 1}, {"list", {{{"x", 1}}}}, {"empty", Json::object()}});
  this->Apply(intent);
  const Json status = this->StatusOf("a", {{"x", 1}, {"list", {1}}});
  const Json before = this->ApplyStatus(status);
  EXPECT_EQ(this->Apply(intent), before);
  EXPECT_EQ(this->ApplyStatus(status), before);
  EXPECT_EQ(this->Get("a"), before);
}

TYPED_TEST_P(KubeContract, AnApplyRemovesWhatItNoLongerNames) {
  this->Apply(this->Sample("a", {{"a", 1}, {"b", {{"c", 1}, {"d", 1}}}}));
  this->Apply(this->other(), this->Sample("a", {{"b", {{"foreign", 1}}}}));
  const Json left = this->Apply(this->Sample("a", {{"b", {{"d", 1}}}}));
  EXPECT_EQ(left["spec"], Json({{"b", {{"d", 1}, {"foreign", 1}}}}));
}

TYPED_TEST_P(KubeContract, AFieldThatTwoNameGoesWithTheSecond) {
  this->Apply(this->Sample("a", {{"keep", 1}, {"both", 1}}));
  this->Apply(this->other(), this->Sample("a", {{"both", 1}}));
  EXPECT_EQ(this->Apply(this->Sample("a", {{"keep", 1}}))["spec"], Json({{"keep", 1}, {"both", 1}}));
  EXPECT_EQ(this->Apply(this->other(), this->Sample("a", Json::object()))["spec"], Json({{"keep", 1}}));
}

TYPED_TEST_P(KubeContract, FieldsOfOthersAreTakenOnlyIfAsked) {
  this->Apply(this->other(), this->Sample("a", {{"a", 1}, {"b", 1}}));
  const Json before = this->Get("a");
  const Status refused =
      this->kube().Apply(TestContext(), kSample, this->Sample("a", {{"a", 2}}), OnConflict::kRefuse).status();
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_EQ(refused.Detail(kCause), kFieldConflict);
  EXPECT_THAT(refused.message(), testing::HasSubstr(".spec.a"));
  EXPECT_EQ(this->Get("a"), before);
  EXPECT_OK(this->kube().Apply(TestContext(), kSample, this->Sample("a", {{"a", 1}}), OnConflict::kRefuse));
  EXPECT_EQ(this->Apply(this->Sample("a", {{"a", 2}}))["spec"], Json({{"a", 2}, {"b", 1}}));
  EXPECT_CODE(this->other().Apply(TestContext(), kSample, this->Sample("a", {{"a", 1}}), OnConflict::kRefuse),
              kFailedPrecondition);
}

TYPED_TEST_P(KubeContract, FieldsOfACreateOutliveApplies) {
  this->Create(this->Sample("a", {{"made", 1}}));
  this->Apply(this->Sample("a", {{"made", 1}, {"applied", 1}}));
  EXPECT_EQ(this->Apply(this->Sample("a", {{"other", 1}}))["spec"], Json({{"made", 1}, {"other", 1}}));
}

TYPED_TEST_P(KubeContract, AnApplyMayNameTheVersionThatItMeans) {
  const std::string first = this->Version(this->Apply(this->Sample("a")));
  const auto from = [&](const std::string& version, int a) {
    return this->With(this->Sample("a", {{"a", a}}), "/metadata/resourceVersion", version);
  };
  const std::string second = this->Version(this->Apply(from(first, 2)));
  EXPECT_CODE(this->kube().Apply(TestContext(), kSample, from(first, 3), OnConflict::kTake), kAborted);
  EXPECT_EQ(this->Get("a")["spec"]["a"], 2);
  this->Apply(from(second, 3));
  EXPECT_EQ(this->Get("a")["spec"]["a"], 3);
}

TYPED_TEST_P(KubeContract, AnApplyMayNameTheObjectThatItMeans) {
  const Json gone = this->Create(this->Sample("a"));
  const Json intent = this->With(this->Sample("a", {{"b", 2}}), "/metadata/uid", this->Uid(gone));
  this->Apply(intent);
  ASSERT_OK(this->Delete("a"));
  EXPECT_CODE(this->kube().Apply(TestContext(), kSample, intent, OnConflict::kTake), kAborted);
  EXPECT_CODE(this->kube().Get(TestContext(), this->Ref("a")), kNotFound);
  const Json next = this->Create(this->Sample("a"));
  EXPECT_CODE(this->kube().Apply(TestContext(), kSample, intent, OnConflict::kTake), kInvalidArgument);
  EXPECT_EQ(this->Get("a"), next);
}

TYPED_TEST_P(KubeContract, TextOfAllKindsComesBackAsItWas) {
  const std::string text =
      "/ \\ \" ' \t\n\r\b\f\x01\x1f : # {} [] , & * ! | > % @ ` \x7f \xC2\x80 \xC2\x85 \xC3\xA9 "
      "\xE2\x80\xA8 \xE2\x80\xA9 \xEF\xBB\xBF \xEF\xBF\xBD \xF0\x9F\x98\x80";
  const Json spec = {{"text", text}, {"yes", "yes"}, {"number", "1e3"}, {"null", "null"}, {"empty", ""}};
  EXPECT_EQ(this->Create(this->Sample("a", spec))["spec"], spec);
  EXPECT_EQ(this->Apply(this->Sample("b", spec))["spec"], spec);
  EXPECT_EQ(this->ApplyStatus(this->StatusOf("b", spec))["status"], spec);
}

TYPED_TEST_P(KubeContract, StatusAndSpecAreWrittenApart) {
  const Json with_status = this->With(this->Sample("a"), "/status", {{"x", 1}});
  EXPECT_FALSE(this->Create(with_status).contains("status"));
  EXPECT_FALSE(this->Apply(with_status).contains("status"));
  const Json said = this->ApplyStatus(this->With(this->StatusOf("a", {{"x", 2}}), "/spec", {{"a", 7}}));
  EXPECT_EQ(said["spec"], Json({{"a", 1}}));
  EXPECT_EQ(said["status"], Json({{"x", 2}}));
  EXPECT_EQ(this->Apply(this->Sample("a", {{"a", 3}}))["status"], Json({{"x", 2}}));
}

TYPED_TEST_P(KubeContract, AStatusIsWholeAndMayNameItsVersion) {
  this->Create(this->Sample("a"));
  const Json first = this->ApplyStatus(this->StatusOf("a", {{"x", 1}, {"y", 1}}));
  const Json second = this->ApplyStatus(this->StatusOf("a", {{"y", 2}}));
  EXPECT_EQ(second["status"], Json({{"y", 2}}));
  const auto from = [&](const Json& object, int y) {
    return this->With(this->StatusOf("a", {{"y", y}}), "/metadata/resourceVersion", this->Version(object));
  };
  EXPECT_CODE(this->kube().ApplyStatus(TestContext(), kSample, from(first, 3)), kAborted);
  EXPECT_EQ(this->Get("a"), second);
  EXPECT_EQ(this->ApplyStatus(from(second, 3))["status"], Json({{"y", 3}}));
}

TYPED_TEST_P(KubeContract, OnlyTheObjectThatWasMeantIsDeleted) {
  const Json first = this->Create(this->Sample("a"));
  const Json second = this->Apply(this->Sample("a", {{"b", 2}}));
  EXPECT_CODE(this->Delete("a", {.uid = "another"}), kAborted);
  EXPECT_CODE(this->Delete("a", {.uid = this->Uid(first), .version = this->Version(first)}), kAborted);
  EXPECT_EQ(this->Get("a"), second);
  EXPECT_OK(this->Delete("a", {.uid = this->Uid(second), .version = this->Version(second)}));
  EXPECT_CODE(this->kube().Get(TestContext(), this->Ref("a")), kNotFound);
}

TYPED_TEST_P(KubeContract, FinalizersHoldADeletionBack) {
  const Json bare = this->Sample("a");
  const auto held_by = [&](const Json& names) { return this->With(bare, "/metadata/finalizers", names); };
  const Json held = this->Apply(held_by({"pbfs.dev/test"}));
  this->Apply(this->other(), held_by({"example.com/other"}));
  ASSERT_OK(this->Delete("a"));
  const Json ending = this->Get("a");
  EXPECT_FALSE(Text(ending["metadata"], "deletionTimestamp").empty());
  EXPECT_EQ(this->Generation(ending), this->Generation(held) + 1);
  ASSERT_OK(this->Delete("a"));
  EXPECT_EQ(this->Version(this->Get("a")), this->Version(ending));
  EXPECT_CODE(
      this->kube().Apply(TestContext(), kSample, held_by({"pbfs.dev/test", "pbfs.dev/late"}), OnConflict::kTake),
      kInvalidArgument);
  EXPECT_EQ(this->Apply(bare)["metadata"]["finalizers"], Json({"example.com/other"}));
  this->Apply(this->other(), bare);
  EXPECT_CODE(this->kube().Get(TestContext(), this->Ref("a")), kNotFound);
}

TYPED_TEST_P(KubeContract, ListsSelectByLabels) {
  for (const auto& [name, colour] : {std::pair("a", "red"), std::pair("b", "red"), std::pair("c", "blue")})
    this->Create(this->With(this->Sample(name), "/metadata/labels/colour", colour));
  EXPECT_EQ(this->Names(this->All()).size(), 3u);
  EXPECT_THAT(this->Names(this->All("colour=red")), testing::UnorderedElementsAre(this->Name("a"), this->Name("b")));
  EXPECT_TRUE(this->Names(this->All("colour=green")).empty());
}

TYPED_TEST_P(KubeContract, AWatchTellsEveryChangeAfterItsVersion) {
  using Type = WatchEvent::Type;
  this->Apply(this->Sample("before"));
  const std::string version = this->Now();
  this->Apply(this->Sample("a"));
  this->Apply(this->Sample("a"));  // no change
  this->Apply(this->Sample("a", {{"a", 2}}));
  this->ApplyStatus(this->StatusOf("before", {{"x", 1}}));
  ASSERT_OK(this->Delete("a"));
  const std::string a = this->Name("a"), before = this->Name("before");
  const typename TestFixture::Told all{
      {Type::kAdded, a}, {Type::kModified, a}, {Type::kModified, before}, {Type::kDeleted, a}};
  EXPECT_EQ(this->Watch(this->All(), version, 4), all);
  const auto events = this->Events(this->All(), version, 4);
  ASSERT_EQ(events.size(), 4u);
  EXPECT_EQ(events[1].object["spec"], Json({{"a", 2}}));
  EXPECT_EQ(events[3].object["spec"], Json({{"a", 2}}));
  EXPECT_FALSE(events[0].object["metadata"].contains("managedFields"));
  for (const WatchEvent& event : events) EXPECT_OK(RefOf(kSample, event.object));
  EXPECT_EQ(this->Watch(this->All(), events[1].version, 2),
            (typename TestFixture::Told{{Type::kModified, before}, {Type::kDeleted, a}}));
}

TYPED_TEST_P(KubeContract, AWatchTellsWhatHappensMeanwhile) {
  const std::string version = this->Now();
  Thread late("late", [&] { this->Create(this->Sample("a")); });
  EXPECT_EQ(this->Watch(this->All(), version, 1),
            (typename TestFixture::Told{{WatchEvent::Type::kAdded, this->Name("a")}}));
}

TYPED_TEST_P(KubeContract, WhatCeasesToFitIsDeletedToWhoWatches) {
  using Type = WatchEvent::Type;
  const auto coloured = [&](const std::string& colour) {
    return this->With(this->Sample("a"), "/metadata/labels/colour", colour);
  };
  this->Apply(coloured("red"));
  const std::string version = this->Now();
  for (const std::string colour : {"blue", "green", "red"}) this->Apply(coloured(colour));
  const std::string a = this->Name("a");
  EXPECT_EQ(this->Watch(this->All("colour=red"), version, 2),
            (typename TestFixture::Told{{Type::kDeleted, a}, {Type::kAdded, a}}));
  EXPECT_EQ(this->Watch(this->All("colour=blue"), version, 2),
            (typename TestFixture::Told{{Type::kAdded, a}, {Type::kDeleted, a}}));
}

TYPED_TEST_P(KubeContract, ADeletionThatIsHeldBackIsAChangeThenADeletion) {
  using Type = WatchEvent::Type;
  this->Apply(this->With(this->Sample("a"), "/metadata/finalizers", {"pbfs.dev/test"}));
  const std::string version = this->Now();
  ASSERT_OK(this->Delete("a"));
  this->Apply(this->Sample("a"));
  EXPECT_EQ(this->Watch(this->All(), version, 2),
            (typename TestFixture::Told{{Type::kModified, this->Name("a")}, {Type::kDeleted, this->Name("a")}}));
}

TYPED_TEST_P(KubeContract, AWatchEndsWhenItsTimeIsOver) {
  const std::string version = this->Now();
  EXPECT_OK(this->kube().Watch(TestContext(), this->All(), version, std::chrono::milliseconds(1),
                               [](const WatchEvent& event) { EXPECT_EQ(event.type, WatchEvent::Type::kBookmark); }));
}

TYPED_TEST_P(KubeContract, AVersionThatIsForgottenIsOutOfRange) {
  const std::string version = this->fixture_.forgotten_version();
  EXPECT_CODE(
      this->kube().Watch(TestContext(), this->All(), version, std::chrono::seconds(1), [](const WatchEvent&) {}),
      kOutOfRange);
}

TYPED_TEST_P(KubeContract, ACallThatIsCalledOffDoesNothing) {
  const Context cancelled;
  cancelled.Cancel();
  EXPECT_CODE(this->kube().Create(cancelled, kSample, this->Sample("a")), kCancelled);
  EXPECT_CODE(this->kube().Apply(Context::WithTimeout({}), kSample, this->Sample("a"), OnConflict::kTake),
              kDeadlineExceeded);
  EXPECT_CODE(this->kube().Get(TestContext(), this->Ref("a")), kNotFound);
}

REGISTER_TYPED_TEST_SUITE_P(
    KubeContract, WhatIsMadeIsReadAsItWasSaid, AnObjectIsMadeOnce, ANameThatIsUsedAgainIsAnotherObject,
    WhatIsNotThereIsNotFound, AKindThatIsNotServedIsUnimplemented, WhatNoObjectIsCalledIsRefused,
    GenerationCountsChangesOfTheSpecOnly, AnApplyMakesAnObjectThenChangesIt, AnApplyThatChangesNothingWritesNothing,
    AnApplyRemovesWhatItNoLongerNames, AFieldThatTwoNameGoesWithTheSecond, FieldsOfOthersAreTakenOnlyIfAsked,
    FieldsOfACreateOutliveApplies, AnApplyMayNameTheVersionThatItMeans, AnApplyMayNameTheObjectThatItMeans,
    TextOfAllKindsComesBackAsItWas, StatusAndSpecAreWrittenApart, AStatusIsWholeAndMayNameItsVersion,
    OnlyTheObjectThatWasMeantIsDeleted, FinalizersHoldADeletionBack, ListsSelectByLabels,
    AWatchTellsEveryChangeAfterItsVersion, AWatchTellsWhatHappensMeanwhile, WhatCeasesToFitIsDeletedToWhoWatches,
    ADeletionThatIsHeldBackIsAChangeThenADeletion, AWatchEndsWhenItsTimeIsOver, AVersionThatIsForgottenIsOutOfRange,
    ACallThatIsCalledOffDoesNothing);

}  // namespace pbfs::kube
