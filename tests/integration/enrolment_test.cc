// A store that nobody gave a number joins a running cluster, as the pods of a StatefulSet do, and is the same store ever after.
#include <fmt/format.h>
#include <signal.h>

#include "libs/base/sync.h"
#include "libs/base/testing/child_process.h"
#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr char kNowhere[] = "127.0.0.1:1";

class Enrolment : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_OK(running_.status());
    ASSERT_EQ(setenv("PBFS_TEST_NODE", "node-7", 1), 0);
    config_ = JsonOf(running_.cluster().directory() + "/store-1.json");
    config_.erase("storeId");
    config_.erase("storeKeyFile");
    config_.erase("metrics");
    config_["listen"] = "127.0.0.1:0";
    config_["dataDirectory"] = Data();
    config_["domain"] = "$(PBFS_TEST_NODE)";
    config_["catalogs"] = JsonOf(running_.cluster().client_config())["catalogs"];
  }
  static Json JsonOf(const std::string& path) {
    const auto text = local::ReadTextFile(path);
    PBFS_CHECK(text.ok(), text.status().ToString());
    return Json::parse(*text);
  }
  std::string Data() const { return running_.directory() + "/data"; }
  std::vector<std::string> CommandOf(const Json& config) const {
    const std::string path = running_.directory() + "/new-store.json";
    EXPECT_OK(local::WriteTextFile(path, config.dump(), 0600));
    const auto program = local::FindProgram("pbfs-fragment-store");
    PBFS_CHECK(program.ok(), program.status().ToString());
    return {*program, "--config", path};
  }
  void Start(const Json& config) {
    auto store = ChildProcess::Start({.command = CommandOf(config), .output = running_.directory() + "/new-store.log"});
    ASSERT_OK(store);
    store_ = *std::move(store);
  }
  /// Runs one that is expected to end by itself.
  local::ProgramOutcome Refused(const Json& config) const {
    const auto outcome = local::RunToEnd(TestContext(), {.argv = CommandOf(config)});
    PBFS_CHECK(outcome.ok(), outcome.status().ToString());
    return *outcome;
  }
  Json Stores() const { return running_.PbfsJson({"cluster", "stores"}).at("stores"); }
  /// The row of the new store, once it is up at another address than `before`.
  Json AwaitStore(const std::string& before = "") {
    const Context patience = TestContext();
    for (;;) {
      for (const Json& row : Stores())
        if (row.at("domain") == "node-7" && row.at("state") == "up" && row.at("address") != before) return row;
      if (!patience.Check().ok() || store_.Ended()) {
        ADD_FAILURE() << local::ReadTextFile(running_.directory() + "/new-store.log").value_or("");
        return Json{{"id", 0}, {"address", ""}};
      }
      SleepFor(std::chrono::milliseconds(100));  // a poll of other processes, bounded by `patience`
    }
  }

  testing::RunningCluster running_{3, 2};
  Json config_;
  ChildProcess store_;
};

TEST_F(Enrolment, AStoreWithoutANumberJoinsOnceAndServes) {
  config_["catalogs"].insert(config_["catalogs"].begin(), Json(kNowhere));  // the next is asked
  ASSERT_NO_FATAL_FAILURE(Start(config_));
  const Json joined = AwaitStore();
  EXPECT_EQ(joined.at("id"), 4) << "the first that no store has";
  // Four shards on four stores, each with its receipt: the catalog verifies those of the new one with the key that it derives.
  ASSERT_EQ(running_.Pbfs({"bucket", "create", "b", "--k", "3", "--m", "1", "--w", "4"}).exit_code, 0);
  const std::string content(300'000, 'x');
  const auto put = running_.Pbfs({"put", "-", "b/there"}, content);
  ASSERT_EQ(put.exit_code, 0) << put.error;

  // Whatever its end: from then on no catalog is asked.
  config_["catalogs"] = {kNowhere};
  store_.Signal(SIGKILL);
  ASSERT_TRUE(store_.AwaitEnd(std::chrono::seconds(30)));
  ASSERT_NO_FATAL_FAILURE(Start(config_));
  EXPECT_EQ(AwaitStore(joined.at("address")).at("id"), 4);
  EXPECT_EQ(Stores().size(), 4u);
  ASSERT_OK(running_.cluster().Kill(TestContext(), "store-1", SIGKILL));
  const auto get = running_.Pbfs({"get", "b/there", "-"});
  EXPECT_EQ(get.exit_code, 0) << get.error;
  EXPECT_TRUE(get.output == content) << "with what the new store has";
}

TEST_F(Enrolment, AStoreThatCannotBeSureWhoItIsDoesNotStart) {
  Json both = config_;
  both["storeId"] = 9;
  const auto contradiction = Refused(both);
  EXPECT_EQ(contradiction.exit_code, 2);
  EXPECT_THAT(contradiction.error, HasSubstr("store_id is given by catalogs"));

  Json alone = config_;
  alone["catalogs"] = {kNowhere};
  const auto away = Refused(alone);
  EXPECT_EQ(away.exit_code, 3);
  EXPECT_THAT(away.error, HasSubstr("no catalog gave this store a number"));

  ASSERT_NO_FATAL_FAILURE(Start(config_));
  AwaitStore();
  store_.Signal(SIGKILL);
  ASSERT_TRUE(store_.AwaitEnd(std::chrono::seconds(30)));
  Json other = config_;
  other["clusterId"] = "0198c4a2-0000-7000-8000-00000000beef";
  const auto foreign = Refused(other);
  EXPECT_EQ(foreign.exit_code, 2);
  EXPECT_THAT(foreign.error, HasSubstr("give the store its own directory"));
  std::filesystem::remove(Data() + "/identity");
  const auto nameless = Refused(config_);
  EXPECT_EQ(nameless.exit_code, 2);
  EXPECT_THAT(nameless.error, HasSubstr(Data() + "/identity is not there: restore it"));
}

TEST_F(Enrolment, OnlyAStoresCertificateGetsANumber) {
  config_["tls"] = JsonOf(running_.cluster().client_config())["tls"];
  const auto refused = Refused(config_);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.error, HasSubstr("only a fragment store may do that"));
}

}  // namespace
}  // namespace pbfs
