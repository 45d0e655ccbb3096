#include "libs/adapters/kube/kube_objects.h"

#include "libs/adapters/kube/testing/fake_kube.h"
#include "libs/adapters/kube/testing/scripted_server.h"
#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

struct Answer {
  int status = 200;
  std::string body;
  std::string headers;
};

Json Service(const std::string& name) {
  return {{"apiVersion", "v1"}, {"kind", "Service"}, {"metadata", {{"name", name}, {"namespace", "space"}}}};
}
const ObjectRef kRef{kinds::kService, "space", "a"};
const Selection kAllServices{kinds::kService, "space", "a=b"};

/// A v1 Status.
std::string Said(int code, const std::string& reason, const Json& causes = Json::array()) {
  return Json{{"kind", "Status"},
              {"code", code},
              {"reason", reason},
              {"message", "services \"a\" is forbidden"},
              {"details", {{"causes", causes}}}}
      .dump();
}

/// KubeObjects before a server that gives the answers of the test, the last one for ever, and keeps what it was asked.
class KubeObjectsTest : public testing::Test {
 protected:
  void Script(std::vector<Answer> answers) {
    MutexLock lock(mutex_);
    answers_ = std::move(answers);
    requests_.clear();
  }
  HttpRequest Request(size_t at = 0) {
    MutexLock lock(mutex_);
    PBFS_CHECK(at < requests_.size(), "there were fewer requests");
    return requests_[at];
  }
  size_t Requests() {
    MutexLock lock(mutex_);
    return requests_.size();
  }
  Result<Json> Apply() { return api_.Apply(TestContext(), kinds::kService, Service("a"), OnConflict::kTake); }
  Status Watch(std::vector<WatchEvent>& events) {
    return api_.Watch(TestContext(), kAllServices, "7", std::chrono::seconds(60),
                      [&](const WatchEvent& event) { events.push_back(event); });
  }

  FakeKube kube_;

 private:
  Answer Next(const HttpRequest& request) {
    MutexLock lock(mutex_);
    requests_.push_back(request);
    return answers_[std::min(requests_.size(), answers_.size()) - 1];
  }

  Mutex mutex_;
  std::vector<Answer> answers_ PBFS_GUARDED_BY(mutex_) = {{200, "{}", ""}};
  std::vector<HttpRequest> requests_ PBFS_GUARDED_BY(mutex_);
  const ScriptedServer server_{[this](const HttpRequest& request, HttpAnswer& answer) {
    const Answer next = Next(request);
    answer.Whole(next.status, next.body, next.headers);
  }};

 protected:
  const std::unique_ptr<KubeClient> client_ = server_.Client(kube_.Options());
  KubeObjects api_{*client_};
};

TEST(CollectionPathTest, IsThatOfTheKind) {
  EXPECT_EQ(CollectionPath(kinds::kPod, "space"), "/api/v1/namespaces/space/pods");
  EXPECT_EQ(CollectionPath(kinds::kNode, ""), "/api/v1/nodes");
  EXPECT_EQ(CollectionPath(kinds::kStatefulSet, ""), "/apis/apps/v1/statefulsets");
  EXPECT_EQ(CollectionPath(kinds::kPbfsCluster, "space"), "/apis/pbfs.dev/v1alpha1/namespaces/space/pbfsclusters");
}

TEST_F(KubeObjectsTest, AnApplyIsAYamlPatchOfThisManager) {
  Json intent = Service("a");
  intent["spec"]["path"] = "/caf\xC3\xA9";
  ASSERT_OK(api_.Apply(TestContext(), kinds::kService, intent, OnConflict::kTake));
  EXPECT_EQ(Request().method, "PATCH");
  EXPECT_EQ(Request().path, "/api/v1/namespaces/space/services/a");
  EXPECT_EQ(Request().content_type, "application/apply-patch+yaml");
  EXPECT_EQ(Request().query,
            (std::map<std::string, std::string>{{"fieldManager", "pbfs-operator"}, {"force", "true"}}));
  EXPECT_EQ(*ParseJson(Request().body), intent);
  EXPECT_THAT(Request().body, testing::HasSubstr("\"/caf\xC3\xA9\""));
  ASSERT_OK(api_.Apply(TestContext(), kinds::kService, intent, OnConflict::kRefuse));
  EXPECT_FALSE(Request(1).query.contains("force"));
}

TEST_F(KubeObjectsTest, AStatusGoesToItsSubresourceAlone) {
  Json status = Service("a");
  status["metadata"].update({{"resourceVersion", "7"}, {"labels", {{"a", "b"}}}, {"finalizers", {"x"}}});
  status["spec"] = {{"x", 1}};
  status["status"] = {{"y", 1}};
  ASSERT_OK(api_.ApplyStatus(TestContext(), kinds::kService, status));
  EXPECT_EQ(Request().path, "/api/v1/namespaces/space/services/a/status");
  Json sent = Service("a");
  sent["metadata"]["resourceVersion"] = "7";
  sent["status"] = {{"y", 1}};
  EXPECT_EQ(*ParseJson(Request().body), sent);
  EXPECT_EQ(Request().query["force"], "true");
}

TEST_F(KubeObjectsTest, ACreateIsAPostOfThisManager) {
  ASSERT_OK(api_.Create(TestContext(), kinds::kService, Service("a")));
  EXPECT_EQ(Request().method, "POST");
  EXPECT_EQ(Request().path, "/api/v1/namespaces/space/services");
  EXPECT_EQ(Request().content_type, "application/json");
  EXPECT_EQ(Request().query["fieldManager"], "pbfs-operator");
}

TEST_F(KubeObjectsTest, ADeletionCarriesItsPreconditionsAndItsPolicy) {
  using Dependents = DeleteOptions::Dependents;
  ASSERT_OK(api_.Delete(TestContext(), kRef, {.uid = "u", .version = "7", .dependents = Dependents::kBefore}));
  EXPECT_EQ(Request().method, "DELETE");
  EXPECT_EQ((*ParseJson(Request().body))["preconditions"], Json({{"uid", "u"}, {"resourceVersion", "7"}}));
  for (const auto& [dependents, policy] :
       {std::pair(Dependents::kLater, "Background"), std::pair(Dependents::kBefore, "Foreground"),
        std::pair(Dependents::kOrphan, "Orphan")}) {
    Script({{200, "{}", ""}});
    ASSERT_OK(api_.Delete(TestContext(), kRef, {.dependents = dependents}));
    const Json body = *ParseJson(Request().body);
    EXPECT_EQ(body["propagationPolicy"], policy);
    EXPECT_FALSE(body.contains("preconditions"));
    EXPECT_FALSE(body.contains("gracePeriodSeconds"));
  }
  Script({{200, "{}", ""}});
  ASSERT_OK(api_.Delete(TestContext(), kRef, {.at_once = true}));
  EXPECT_EQ((*ParseJson(Request().body))["gracePeriodSeconds"], 0);
}

TEST_F(KubeObjectsTest, AnAnswerBecomesACodeAndACause) {
  const std::string conflict = Said(409, "Conflict", {{{"reason", "FieldManagerConflict"}, {"field", ".spec.x"}}});
  const std::string ending = Said(403, "Forbidden", {{{"reason", "NamespaceTerminating"}}});
  const struct {
    Answer answer;
    StatusCode code;
    std::optional<std::string> cause = {};
  } kCases[] = {
      {{400, Said(400, "BadRequest"), ""}, StatusCode::kInvalidArgument},
      {{401, Said(401, "Unauthorized"), ""}, StatusCode::kUnauthenticated},
      {{403, Said(403, "Forbidden"), ""}, StatusCode::kPermissionDenied},
      {{403, ending, ""}, StatusCode::kFailedPrecondition, "NamespaceTerminating"},
      {{404, Said(404, "NotFound"), ""}, StatusCode::kNotFound},
      {{404, "404 page not found\n", ""}, StatusCode::kUnimplemented},
      {{409, Said(409, "AlreadyExists"), ""}, StatusCode::kAlreadyExists},
      {{409, Said(409, "Conflict"), ""}, StatusCode::kAborted},
      {{409, conflict, ""}, StatusCode::kFailedPrecondition, "FieldManagerConflict"},
      {{410, Said(410, "Expired"), ""}, StatusCode::kOutOfRange},
      {{413, Said(413, "RequestEntityTooLarge"), ""}, StatusCode::kInvalidArgument, "RequestEntityTooLarge"},
      {{422, Said(422, "Invalid"), ""}, StatusCode::kInvalidArgument},
      {{429, Said(429, "TooManyRequests"), ""}, StatusCode::kResourceExhausted},
      {{500, Said(500, "InternalError"), ""}, StatusCode::kUnavailable},
      {{502, "<html>", ""}, StatusCode::kUnavailable},
      {{503, Said(503, "ServiceUnavailable"), ""}, StatusCode::kUnavailable},
      {{504, Said(504, "Timeout"), ""}, StatusCode::kUnavailable},
  };
  for (const auto& [answer, code, cause] : kCases) {
    SCOPED_TRACE(answer.body);
    Script({answer});
    const Status status = Apply().status();
    EXPECT_EQ(StatusCodeName(status.code()), StatusCodeName(code));
    EXPECT_EQ(status.Detail(kCause), cause);
    EXPECT_EQ(api_.Get(TestContext(), kRef).status(), status);
    EXPECT_EQ(api_.Delete(TestContext(), kRef, {}), status);
  }
}

TEST_F(KubeObjectsTest, NothingIsRepeatedThatMayHaveHappened) {
  for (const int status : {429, 500, 502, 503, 504}) {
    Script({{status, Said(status, "x"), ""}, {200, "{}", ""}});
    EXPECT_FALSE(Apply().ok());
    EXPECT_EQ(Requests(), 1u) << status;
  }
}

TEST_F(KubeObjectsTest, TheServersWishToWaitIsADetail) {
  for (const int status : {429, 503}) {
    Script({{status, Said(status, "x"), "Retry-After: 3\r\n"}});
    EXPECT_EQ(Apply().status().Detail(kRetryAfterMs), "3000") << status;
  }
}

TEST_F(KubeObjectsTest, WhatIsForbiddenIsSaidAsTheServerSaysIt) {
  Script({{403, Said(403, "Forbidden"), ""}});
  EXPECT_THAT(Apply().status().message(), testing::HasSubstr("services \"a\" is forbidden"));
}

TEST_F(KubeObjectsTest, ARefusedTokenIsReadAgainOnce) {
  Script({{401, Said(401, "Unauthorized"), ""}, {200, Service("a").dump(), ""}});
  kube_.SetTokenFile("token-2");
  EXPECT_OK(Apply());
  EXPECT_EQ(Request(0).token, "token-1");
  EXPECT_EQ(Request(1).token, "token-2");
  EXPECT_EQ(Request(1).content_type, "application/apply-patch+yaml");
  Script({{401, Said(401, "Unauthorized"), ""}});
  EXPECT_CODE(Apply(), kUnauthenticated);
  EXPECT_EQ(Requests(), 1u);
}

TEST_F(KubeObjectsTest, ObjectsOfAListAreWholeAndWithoutManagedFields) {
  Json bare = {{"metadata", {{"name", "a"}, {"namespace", "space"}, {"managedFields", {1, 2}}}}};
  Script({{200, Json{{"metadata", {{"resourceVersion", "7"}, {"continue", "c"}}}, {"items", {bare}}}.dump(), ""},
          {200, Json{{"metadata", {{"resourceVersion", "7"}}}, {"items", {bare, 7}}}.dump(), ""}});
  ASSERT_OK_AND_ASSIGN(const ObjectList list, api_.List(TestContext(), kAllServices));
  EXPECT_EQ(list.version, "7");
  EXPECT_EQ(list.items, (std::vector<Json>{Service("a"), Service("a"), 7}));
  EXPECT_EQ(Request(1).query,
            (std::map<std::string, std::string>{{"continue", "c"}, {"labelSelector", "a=b"}, {"limit", "500"}}));
}

TEST_F(KubeObjectsTest, AnObjectThatComesBackHasNoManagedFields) {
  Json object = Service("a");
  object["metadata"]["managedFields"] = {1, 2};
  Script({{200, object.dump(), ""}});
  EXPECT_EQ(*api_.Get(TestContext(), kRef), Service("a"));
  EXPECT_EQ(*Apply(), Service("a"));
  EXPECT_EQ(*api_.Create(TestContext(), kinds::kService, Service("a")), Service("a"));
}

TEST_F(KubeObjectsTest, AnAnswerOfAnotherShapeIsNoObject) {
  for (const std::string body : {"", "[]", "7", "<html>"}) {
    Script({{200, body, ""}});
    EXPECT_CODE(Apply(), kUnavailable);
  }
  for (const std::string body : {"{}", "{\"metadata\":7}", "{\"metadata\":[]}"}) {
    Script({{200, body, ""}});
    EXPECT_OK(Apply());  // whoever reads it trusts no shape
  }
}

TEST_F(KubeObjectsTest, AWatchThatBeginsTooLateOrBreaksIsSaid) {
  const std::string added =
      R"({"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"8","managedFields":[1]}}})";
  std::vector<WatchEvent> events;
  Script({{200, added + "\n" + R"({"type":"ERROR","object":{"kind":"Status","code":410}})" + "\n", ""}});
  EXPECT_CODE(Watch(events), kOutOfRange);
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].object["kind"], "Service");
  EXPECT_FALSE(events[0].object["metadata"].contains("managedFields"));
  EXPECT_EQ(events[0].version, "8");
  Script({{200, added + "\n", ""}});
  EXPECT_OK(Watch(events));  // a clean end
  Script({{200, added + "\n{\"type\":", ""}});
  EXPECT_OK(Watch(events)) << "what is not a whole line was not told, and comes again from the version before";
  EXPECT_EQ(events.size(), 3u);
  Script({{410, Said(410, "Expired"), ""}});
  EXPECT_CODE(Watch(events), kOutOfRange);
  Script({{404, "404 page not found\n", ""}});
  EXPECT_CODE(Watch(events), kUnimplemented);
  EXPECT_EQ(Request().query["resourceVersion"], "7");
  EXPECT_EQ(Request().query["allowWatchBookmarks"], "true");
}

TEST_F(KubeObjectsTest, AnUntrustedNameIsNeverPartOfAPath) {
  EXPECT_CODE(api_.Get(TestContext(), {kinds::kSecret, "space", "../../nodes"}), kInvalidArgument);
  EXPECT_CODE(api_.Delete(TestContext(), {kinds::kSecret, "../x", "a"}, {}), kInvalidArgument);
  EXPECT_EQ(Requests(), 0u);
}

TEST_F(KubeObjectsTest, TextThatIsNotUtf8IsRefused) {
  Json object = Service("a");
  object["spec"] = "\xFF";
  EXPECT_CODE(api_.Apply(TestContext(), kinds::kService, object, OnConflict::kTake), kInvalidArgument);
  EXPECT_EQ(Requests(), 0u);
}

}  // namespace
}  // namespace pbfs::kube
