#include "libs/adapters/kube/kube_client.h"

#include "libs/adapters/kube/testing/fake_kube.h"
#include "libs/adapters/kube/testing/scripted_server.h"
#include "libs/base/stop_signal.h"
#include "libs/base/testing.h"

namespace pbfs::kube {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string kLeases = "/apis/coordination.k8s.io/v1/namespaces/ns/leases";

Json Lease(const std::string& name, const std::string& cluster = "demo") {
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata", {{"name", name}, {"labels", {{"cluster", cluster}}}}},
          {"spec", {{"holderIdentity", "a"}}}};
}

class KubeClientTest : public testing::Test {
 protected:
  Json Create(const std::string& name, const std::string& cluster = "demo") {
    const auto made = client_->Create(TestContext(), kLeases, Lease(name, cluster));
    EXPECT_OK(made);
    return made.value_or(Json());
  }
  std::vector<std::string> Names(const std::string& labels = "") {
    const auto list = client_->List(TestContext(), kLeases, labels);
    EXPECT_OK(list);
    std::vector<std::string> names;
    for (const Json& item : list.value_or({}).items) names.push_back(item["metadata"]["name"]);
    return names;
  }
  FakeApiServer& server() { return kube_.server(); }

  FakeKube kube_;
  std::unique_ptr<KubeClient> client_ = kube_.Client();
};

TEST_F(KubeClientTest, ObjectsAreCreatedReadReplacedAndDeleted) {
  Json made = Create("a");
  EXPECT_EQ(*client_->Get(TestContext(), kLeases + "/a"), made);
  made["spec"]["holderIdentity"] = "b";
  ASSERT_OK_AND_ASSIGN(const Json replaced, client_->Replace(TestContext(), kLeases + "/a", made));
  EXPECT_EQ(replaced["spec"]["holderIdentity"], "b");
  EXPECT_CODE(client_->Delete(TestContext(), kLeases + "/a", {.uid = "another"}), kAborted);
  EXPECT_OK(client_->Delete(TestContext(), kLeases + "/a", {.uid = made["metadata"]["uid"]}));
  EXPECT_CODE(client_->Get(TestContext(), kLeases + "/a"), kNotFound);
}

TEST_F(KubeClientTest, TheThreeConflictsAreToldApart) {
  const Json made = Create("a");
  EXPECT_CODE(client_->Create(TestContext(), kLeases, Lease("a")), kAlreadyExists);
  Json changed = made;
  changed["spec"]["holderIdentity"] = "b";
  ASSERT_OK(client_->Replace(TestContext(), kLeases + "/a", changed));
  EXPECT_CODE(client_->Replace(TestContext(), kLeases + "/a", changed), kAborted);
  changed["metadata"].erase("resourceVersion");
  EXPECT_CODE(client_->Replace(TestContext(), kLeases + "/a", changed), kInvalidArgument);
  EXPECT_CODE(client_->Replace(TestContext(), kLeases + "/b",
                               [&] {
                                 Json other = made;
                                 other["metadata"]["name"] = "b";
                                 return other;
                               }()),
              kNotFound);
}

TEST_F(KubeClientTest, AnswersBecomeCodes) {
  for (const auto& [status, code] : std::vector<std::pair<int, StatusCode>>{{400, StatusCode::kInvalidArgument},
                                                                            {401, StatusCode::kUnauthenticated},
                                                                            {403, StatusCode::kPermissionDenied},
                                                                            {404, StatusCode::kNotFound},
                                                                            {409, StatusCode::kAborted},
                                                                            {410, StatusCode::kOutOfRange},
                                                                            {413, StatusCode::kInvalidArgument},
                                                                            {422, StatusCode::kInvalidArgument},
                                                                            {429, StatusCode::kResourceExhausted},
                                                                            {500, StatusCode::kUnavailable},
                                                                            {504, StatusCode::kUnavailable},
                                                                            {302, StatusCode::kUnavailable}}) {
    server().FailNext("GET", 1, status);
    const Status got = client_->Get(TestContext(), kLeases + "/a").status();
    EXPECT_EQ(StatusCodeName(got.code()), StatusCodeName(code)) << status;
    EXPECT_THAT(got.message(), testing::HasSubstr("asked to fail"));
  }
}

TEST_F(KubeClientTest, TheServersWishToWaitIsADetail) {
  server().FailNext("GET", 1, 429, false, "Retry-After: 3\r\n");
  EXPECT_EQ(client_->Get(TestContext(), kLeases + "/a").status().Detail("retry-after-ms"), "3000");
  server().FailNext("GET", 1, 503, false, "Retry-After: soon\r\n");
  EXPECT_EQ(client_->Get(TestContext(), kLeases + "/a").status().Detail("retry-after-ms"), std::nullopt);
}

TEST_F(KubeClientTest, ListsComeInPagesAndBySelector) {
  for (const std::string name : {"a", "b", "c", "d", "e"}) Create(name, name < "d" ? "demo" : "other");
  server().SetPageSize(2);
  EXPECT_EQ(Names(), (std::vector<std::string>{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(Names("cluster=demo"), (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(Names("cluster=nobody"), std::vector<std::string>());
}

TEST_F(KubeClientTest, AnExpiredPageBeginsTheListAgain) {
  server().FailNext("GET", 1, 410);
  Create("a");
  EXPECT_EQ(Names(), std::vector<std::string>{"a"});
  server().FailNext("GET", 100, 410);
  EXPECT_CODE(client_->List(TestContext(), kLeases, ""), kUnavailable);
}

TEST_F(KubeClientTest, ATokenThatIsRotatedIsReadAgain) {
  Create("a");
  server().SetToken("token-2");
  EXPECT_CODE(client_->Get(TestContext(), kLeases + "/a"), kUnauthenticated);
  kube_.SetTokenFile("token-2");
  EXPECT_OK(client_->Get(TestContext(), kLeases + "/a"));
  kube_.SetTokenFile("");  // being written
  EXPECT_OK(client_->Get(TestContext(), kLeases + "/a"));
}

TEST_F(KubeClientTest, AServerOfAnotherAuthorityIsNotTrusted) {
  TestDirectory directory;
  ASSERT_OK(CertificateAuthority::Create(directory.path()));
  KubeClient::Options options = kube_.Options();
  options.ca_file = directory.path() + "/ca.pem";
  const Status refused = (*KubeClient::Open(options))->Get(TestContext(), kLeases + "/a").status();
  EXPECT_CODE(refused, kUnavailable);
  EXPECT_THAT(refused.message(), testing::HasSubstr("certificate"));
  EXPECT_EQ(server().Count("GET"), 0);
}

TEST_F(KubeClientTest, AServerOfAnotherNameIsNotTrusted) {
  FakeApiServer other(*TestCertificates::Get().authority.Issue("other", {"api.example"}));
  KubeClient::Options options = kube_.Options();
  options.server = other.url();
  EXPECT_CODE((*KubeClient::Open(options))->Get(TestContext(), kLeases + "/a"), kUnavailable);
  EXPECT_EQ(other.Count("GET"), 0);
}

TEST_F(KubeClientTest, BadOptionsAreSaid) {
  const auto with = [&](auto change) {
    KubeClient::Options options = kube_.Options();
    change(options);
    return KubeClient::Open(options).status();
  };
  EXPECT_CODE(with([](auto& options) { options.server = "http://127.0.0.1:1"; }), kInvalidArgument);
  EXPECT_CODE(with([](auto& options) { options.ca_file = "none"; }), kFailedPrecondition);
  EXPECT_CODE(with([](auto& options) { options.token_file = "none"; }), kFailedPrecondition);
  kube_.SetTokenFile("two words");
  const Status refused = with([](auto&) {});
  EXPECT_CODE(refused, kFailedPrecondition);
  EXPECT_THAT(refused.message(), testing::Not(testing::HasSubstr("words")));
}

TEST_F(KubeClientTest, AServerThatIsAwayIsUnavailableAndIsFoundAgain) {
  Create("a");
  server().SetAvailable(false);
  EXPECT_CODE(client_->Get(TestContext(), kLeases + "/a"), kUnavailable);
  server().SetAvailable(true);
  EXPECT_OK(client_->Get(TestContext(), kLeases + "/a"));
}

TEST_F(KubeClientTest, NonsenseIsUnavailable) {
  for (const std::string body : {"", "x", "[]", "null", "\"text\"", "{\"items\":", "{}", "{\"metadata\":7}",
                                 "{\"metadata\":{\"resourceVersion\":\"1\",\"continue\":\"1\"},\"items\":"}) {
    const ScriptedServer scripted([&](const HttpRequest&, HttpAnswer& answer) { answer.Whole(200, body); });
    EXPECT_CODE(scripted.Client(kube_.Options())->List(TestContext(), kLeases, ""), kUnavailable);
  }
}

TEST_F(KubeClientTest, AValueThatItsKindCannotHoldIsNotTheServersTrouble) {
  const ScriptedServer scripted([](const HttpRequest&, HttpAnswer& answer) {
    answer.Whole(
        500,
        R"({"kind":"Status","message":"failed to create typed patch object (a/b; /v1, Kind=ConfigMap): .data.a"})");
  });
  EXPECT_CODE(scripted.Client(kube_.Options())->Apply(TestContext(), kLeases + "/a", Json::object(), "me", false),
              kInvalidArgument);
}

TEST_F(KubeClientTest, EndlessAnswersAreCutOff) {
  const ScriptedServer bodies([](const HttpRequest&, HttpAnswer& answer) {
    answer.Begin();
    while (answer.Chunk(std::string(1 << 20, ' '))) continue;
  });
  EXPECT_CODE(bodies.Client(kube_.Options())->Get(TestContext(), kLeases + "/a"), kUnavailable);
  EXPECT_CODE(
      bodies.Client(kube_.Options())->Watch(TestContext(), kLeases, "", "1", seconds(60), [](const WatchEvent&) {}),
      kUnavailable);
  const ScriptedServer lists([](const HttpRequest&, HttpAnswer& answer) {
    answer.Whole(200, R"({"metadata":{"resourceVersion":"1","continue":"x"},"items":[]})");
  });
  EXPECT_CODE(lists.Client(kube_.Options())->List(TestContext(), kLeases, ""), kResourceExhausted);
  const ScriptedServer headers([](const HttpRequest&, HttpAnswer& answer) {
    std::string many;
    for (int i = 0; i < 2000; ++i) many += "X-Header: " + std::string(100, 'x') + "\r\n";
    answer.Whole(200, "{}", many);
  });
  EXPECT_CODE(headers.Client(kube_.Options())->Get(TestContext(), kLeases + "/a"), kUnavailable);
}

TEST_F(KubeClientTest, AServerThatDoesNotAnswerIsLeftAtTheDeadlineOrByCancelling) {
  StopSignal stop;
  const ScriptedServer silent([&](const HttpRequest&, HttpAnswer&) { stop.Pause(seconds(600)); });
  KubeClient::Options options = kube_.Options();
  options.call = milliseconds(50);
  const auto client = silent.Client(options);
  EXPECT_CODE(client->Get(Context::WithTimeout(milliseconds(10)), kLeases + "/a"), kDeadlineExceeded);
  EXPECT_CODE(client->Get(TestContext(), kLeases + "/a"), kUnavailable);
  EXPECT_CODE(client->Watch(TestContext(), kLeases, "", "1", milliseconds(20), [](const WatchEvent&) {}), kUnavailable);
  const Context context = TestContext();
  Thread cancel("cancel", [&] { context.Cancel(); });
  EXPECT_CODE(client->Watch(context, kLeases, "", "1", seconds(60), [](const WatchEvent&) {}), kCancelled);
  stop.Stop();
}

/// Watches from `version` until the server ends it; the names of what changed.
class WatchTest : public KubeClientTest {
 protected:
  Status Watch(const std::string& version, const std::function<void(const WatchEvent&)>& on_event = {}) {
    return client_->Watch(TestContext(), kLeases, "cluster=demo", version, seconds(1), [&](const WatchEvent& event) {
      if (on_event) on_event(event);
      if (event.type != WatchEvent::Type::kBookmark) names_.push_back(event.object["metadata"]["name"]);
      version_ = event.version;
    });
  }
  std::string Version() { return client_->List(TestContext(), kLeases, "")->version; }

  std::vector<std::string> names_;
  std::string version_;
};

TEST_F(WatchTest, TellsWhatHappensAfterAVersionThenABookmarkAndEndsAsAsked) {
  Create("before");
  const std::string version = Version();
  Create("a"), Create("b", "other");
  server().SetDribble(true);
  EXPECT_OK(Watch(version, [&](const WatchEvent& event) {
    if (names_.empty() && event.type == WatchEvent::Type::kAdded) Create("c"), server().EndWatches();
  }));
  EXPECT_EQ(names_, (std::vector<std::string>{"a", "c"}));
  EXPECT_EQ(version_, Version());  // of the bookmark: "b" has passed
}

TEST_F(WatchTest, AVersionThatIsForgottenIsOutOfRange) {
  const std::string version = Version();
  Create("a");
  server().Compact();
  EXPECT_CODE(Watch(version), kOutOfRange);
  server().FailNext("WATCH", 1, 410);
  EXPECT_CODE(Watch(Version()), kOutOfRange);
}

TEST_F(WatchTest, ALineThatIsCutIsNoEventAndUnavailable) {
  const std::string version = Version();
  Create("a");
  EXPECT_CODE(Watch(version, [&](const WatchEvent&) { server().CutWatches(); }), kUnavailable);
  EXPECT_EQ(names_, std::vector<std::string>{"a"});
}

}  // namespace
}  // namespace pbfs::kube
