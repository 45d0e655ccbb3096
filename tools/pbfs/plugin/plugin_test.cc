#include "tools/pbfs/plugin/plugin.h"

#include <filesystem>
#include <fstream>

#include <stdlib.h>

#include "libs/base/testing.h"
#include "libs/kube/memory_kube.h"
#include "tools/pbfs/exit_codes.h"
#include "tools/pbfs/plugin/views.h"

namespace pbfs::plugin {
namespace {

namespace kinds = kube::kinds;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSpace = "storage";

/// A person at a Kubernetes in memory.
class MemoryUser final : public KubeUser {
 public:
  explicit MemoryUser(kube::MemoryKube& kube) : kube_(kube) {}
  Result<Json> Get(const Context& context, const kube::Kind& kind, const std::string& name) override {
    return kube_.Get(context, {kind, kSpace, name});
  }
  Result<std::vector<Json>> List(const Context& context, const kube::Kind& kind, const std::string& labels) override {
    PBFS_ASSIGN_OR_RETURN(kube::ObjectList list, kube_.List(context, {kind, kSpace, labels}));
    return std::move(list.items);
  }
  Status Patch(const Context& context, const kube::Kind& kind, const std::string& name, const Json& patch) override {
    PBFS_ASSIGN_OR_RETURN(Json object, Get(context, kind, name));
    const std::string version = object["metadata"]["resourceVersion"];
    object.merge_patch(patch);
    if (object["metadata"]["resourceVersion"] != version) return AbortedError("another version");
    object.erase("status");
    return kube_.Apply(context, kind, object, kube::OnConflict::kTake).status();
  }

 private:
  kube::MemoryKube& kube_;
};

struct Outcome {
  int exit_code;
  std::string out, error;
};

class PluginTest : public testing::Test {
 protected:
  Outcome Run(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "kubectl-pbfs");
    Outcome outcome;
    outcome.exit_code = RunPlugin(static_cast<int>(arguments.size()), arguments.data(),
                                  {[&](const Kubectl::Options& options) {
                                     options_ = options;
                                     return std::make_unique<MemoryUser>(kube_);
                                   },
                                   clock_, [&](const std::string& text) { outcome.out += text; },
                                   [&](const std::string& text) { outcome.error += text; }});
    return outcome;
  }
  void Make(const kube::Kind& kind, const std::string& name, const Json& more, const Json& labels = Json::object()) {
    Json object = {{"apiVersion", kind.ApiVersion()},
                   {"kind", kind.name},
                   {"metadata", {{"name", name}, {"namespace", kSpace}, {"labels", labels}}}};
    Json status = kube::Member(more, "status");
    object.update(more);
    ASSERT_OK(kube_.Create(TestContext(), kind, object));
    object["status"] = status;
    if (!status.is_null()) {
      ASSERT_OK(kube_.ApplyStatus(TestContext(), kind, object));
    }
  }
  Json Get(const kube::Kind& kind, const std::string& name) {
    return kube_.Get(TestContext(), {kind, kSpace, name}).value_or(Json());
  }
  void MakeCluster(const char* name, bool ready) {
    Make(kinds::kPbfsCluster, name,
         {{"spec", {{"tls", {{"caGeneration", 3}}}}},
          {"status",
           {{"version", "0.1.0"},
            {"stores", {{"summary", "2/3"}}},
            {"operation", {{"type", "ScaleDown"}, {"step", "Draining"}, {"message", "7 groups"}}},
            {"attention", Json::array({{{"pod", "demo-fs-main-1"}, {"state", "Lost"}, {"message", "down in b"}}})},
            {"conditions", Json::array({{{"type", "Ready"},
                                         {"status", ready ? "True" : "False"},
                                         {"reason", ready ? "AllHealthy" : "StoreLost"},
                                         {"message", "it says why"}}})}}}});
  }

  ManualClock clock_{1'767'225'600'000'000};  // 2026 begins
  kube::MemoryKube kube_{clock_};
  Kubectl::Options options_;
};

TEST_F(PluginTest, StatusSaysHowClustersAreAndEndsAccordingly) {
  MakeCluster("good", true);
  MakeCluster("bad", false);
  const Outcome all = Run({"status", "-n", "storage", "--context", "c", "-A"});
  EXPECT_EQ(all.exit_code, 0);
  EXPECT_THAT(all.out, HasSubstr("storage/bad   False  StoreLost   2/3     0.1.0    ScaleDown/Draining\n"));
  EXPECT_EQ(options_.space, "storage");
  EXPECT_EQ(options_.context, "c");
  EXPECT_TRUE(options_.all_spaces);
  EXPECT_EQ(Run({"status", "good"}).exit_code, 0);
  const Outcome bad = Run({"status", "bad"});
  EXPECT_EQ(bad.exit_code, cli::kExitConflict);
  EXPECT_THAT(bad.out, HasSubstr("no: it says why"));
  EXPECT_THAT(bad.out, HasSubstr("Ready      False   StoreLost  it says why\n"));
  EXPECT_THAT(bad.error, HasSubstr("bad is not ready"));
  EXPECT_EQ(Run({"status", "none"}).exit_code, cli::kExitNotFound);
}

TEST_F(PluginTest, StoresAreThePodsOfStoresAndWhatTheOperatorSaysOfThem) {
  MakeCluster("demo", true);
  const Json labels = {{"pbfs.dev/cluster", "demo"}, {"app.kubernetes.io/component", "fragment-store"}};
  for (const char* name : {"demo-fs-main-0", "demo-fs-main-1"})
    Make(kinds::kPod, name, {{"spec", {{"nodeName", "node-a"}}}}, labels);
  Make(kinds::kPod, "demo-gateway-0", Json::object(), {{"pbfs.dev/cluster", "demo"}});
  const Outcome outcome = Run({"stores", "demo"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, HasSubstr("demo-fs-main-0  no     0         node-a  Up\n"));
  EXPECT_THAT(outcome.out, HasSubstr("demo-fs-main-1  no     0         node-a  Lost   down in b\n"));
  EXPECT_THAT(outcome.out, Not(HasSubstr("gateway")));
}

TEST_F(PluginTest, WhatIsWantedIsWrittenIntoTheSpec) {
  MakeCluster("demo", true);
  EXPECT_EQ(Run({"pause", "demo"}).exit_code, 0);
  EXPECT_EQ(Get(kinds::kPbfsCluster, "demo")["spec"]["paused"], true);
  EXPECT_EQ(Run({"resume", "demo"}).exit_code, 0);
  EXPECT_EQ(Get(kinds::kPbfsCluster, "demo")["spec"]["paused"], false);
  EXPECT_EQ(Run({"restart", "demo"}).exit_code, 0);
  EXPECT_EQ(Get(kinds::kPbfsCluster, "demo")["metadata"]["annotations"]["pbfs.dev/restartedAt"],
            "2026-01-01T00:00:00Z");
  EXPECT_EQ(Run({"rotate", "--ca", "demo"}).exit_code, 0);
  EXPECT_EQ(Get(kinds::kPbfsCluster, "demo")["spec"]["tls"]["caGeneration"], 4);
  Make(kinds::kPbfsAccessKey, "reader", {{"spec", {{"clusterRef", {{"name", "demo"}}}}}});
  for (const int generation : {2, 3}) {
    EXPECT_EQ(Run({"rotate", "reader"}).exit_code, 0);
    EXPECT_EQ(Get(kinds::kPbfsAccessKey, "reader")["spec"]["rotation"]["generation"], generation);
  }
}

TEST_F(PluginTest, AReportHasNoSecrets) {
  MakeCluster("demo", true);
  const Json labels = {{"pbfs.dev/cluster", "demo"}};
  Make(kinds::kSecret, "demo-keyring", {{"data", {{"admin-key", "c2VjcmV0"}}}}, labels);
  Make(kinds::kPod, "demo-gateway-0",
       {{"spec",
         {{"containers",
           Json::array({{{"name", "x"}, {"env", Json::array({{{"name", "A"}, {"value", "hidden"}}})}}})}}}},
       labels);
  const Outcome outcome = Run({"report", "demo"});
  EXPECT_EQ(outcome.exit_code, 0);
  const Json report = Json::parse(outcome.out);
  EXPECT_EQ(report["pods"].size(), 1u);
  EXPECT_EQ(report["cluster"]["metadata"]["name"], "demo");
  EXPECT_THAT(outcome.out, Not(HasSubstr("c2VjcmV0")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("hidden")));
  kube_.SetServed(kinds::kJob, false);
  EXPECT_TRUE(Json::parse(Run({"report", "demo"}).out)["jobs"].contains("error"));
}

TEST_F(PluginTest, WhatKubectlKeepsBesideAnObjectIsLeftOut) {
  const Json object = {{"metadata",
                        {{"managedFields", Json::array()},
                         {"annotations", {{"kubectl.kubernetes.io/last-applied-configuration", "x"}, {"a", "b"}}}}}};
  EXPECT_EQ(WithoutSecrets(object), Json::parse(R"({"metadata": {"annotations": {"a": "b"}}})"));
  for (const char* odd : {"5", "[]", R"({"metadata": 5})", R"({"metadata": {"annotations": 5}})", R"({"env": [5]})"})
    EXPECT_EQ(WithoutSecrets(Json::parse(odd)), Json::parse(odd));
}

TEST_F(PluginTest, UsageIsToldApartFromFailure) {
  EXPECT_EQ(Run({}).exit_code, cli::kExitUsage);
  EXPECT_EQ(Run({"stores"}).exit_code, cli::kExitUsage);
  EXPECT_EQ(Run({"dance"}).exit_code, cli::kExitUsage);
  const Outcome help = Run({"--help"}), of_one = Run({"rotate", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, HasSubstr("report"));
  EXPECT_EQ(of_one.exit_code, 0);
  EXPECT_THAT(of_one.out, HasSubstr("--ca"));
}

TEST(PluginNameTest, ItIsTheNameThatTheProgramWasCalledBy) {
  EXPECT_TRUE(IsPluginName("/usr/local/bin/kubectl-pbfs"));
  EXPECT_TRUE(IsPluginName("kubectl-pbfs"));
  EXPECT_FALSE(IsPluginName("/usr/bin/pbfs"));
}

TEST(KubectlTest, WhatItSaysIsUnderstood) {
  const auto code = [](const char* error) { return StatusOfKubectl(error).code(); };
  EXPECT_EQ(code("Error from server (NotFound): pbfsclusters.pbfs.dev \"x\" not found\n"), StatusCode::kNotFound);
  EXPECT_EQ(code("Error from server (Forbidden): pods is forbidden"), StatusCode::kPermissionDenied);
  EXPECT_EQ(code("Error from server (Conflict): Operation cannot be fulfilled"), StatusCode::kAborted);
  EXPECT_EQ(code("The PBFSCluster \"demo\" is invalid: spec.x: y"), StatusCode::kInvalidArgument);
  EXPECT_EQ(code("error: the server doesn't have a resource type \"pbfsclusters\""), StatusCode::kUnimplemented);
  EXPECT_EQ(code("The connection to the server localhost:8080 was refused"), StatusCode::kUnavailable);
  EXPECT_EQ(code("something else"), StatusCode::kInternal);
}

/// A kubectl that says what it was asked.
class KubectlScriptTest : public testing::Test {
 protected:
  KubectlScriptTest() { PBFS_CHECK(mkdtemp(directory_.data()) != nullptr); }
  ~KubectlScriptTest() override { std::filesystem::remove_all(directory_); }
  Kubectl Script(const std::string& body) {
    const std::string path = directory_ + "/kubectl";
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return Kubectl({path, "file", "there", "storage", true});
  }
  std::string directory_ = "/tmp/pbfs-test-XXXXXX";
};

TEST_F(KubectlScriptTest, ItIsAskedInItsOwnWords) {
  Kubectl get = Script(R"(printf '{"asked": "%s"}' "$*")");
  EXPECT_EQ((*get.Get(TestContext(), kinds::kPbfsCluster, "demo"))["asked"],
            "--kubeconfig=file --context=there --namespace=storage get pbfsclusters.pbfs.dev --output=json -- demo");
  Kubectl list = Script(R"(printf '{"items": ["%s"]}' "$*")");
  EXPECT_EQ(
      (*list.List(TestContext(), kinds::kPod, "a=b"))[0],
      "--kubeconfig=file --context=there --namespace=storage get pods --output=json --selector=a=b --all-namespaces");
  Kubectl patch = Script("echo \"$*\" >\"$0.asked\"");
  ASSERT_OK(patch.Patch(TestContext(), kinds::kPbfsCluster, "demo", {{"a", "b c"}}));
  std::string asked;
  std::getline(std::ifstream(directory_ + "/kubectl.asked"), asked);
  EXPECT_THAT(asked, HasSubstr("patch pbfsclusters.pbfs.dev --type=merge --patch={\"a\":\"b c\"} -- demo"));
}

TEST_F(KubectlScriptTest, ItsFailureIsAnError) {
  EXPECT_CODE(Script("echo 'Error from server (NotFound): x' >&2; exit 1").Get(TestContext(), kinds::kPod, "x"),
              kNotFound);
  EXPECT_CODE(Script("echo no").Get(TestContext(), kinds::kPod, "x"), kInvalidArgument);
  EXPECT_CODE(Kubectl({.program = "no-such-kubectl"}).Get(TestContext(), kinds::kPod, "x"), kNotFound);
}

}  // namespace
}  // namespace pbfs::plugin
