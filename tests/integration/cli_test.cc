// The command line on a real cluster: each command once, exit codes, JSON, bad input.
#include <signal.h>

#include "libs/base/random.h"
#include "tests/integration/cluster_fixture.h"

namespace pbfs {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Cli : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    running_ = new pbfs::testing::RunningCluster();
    ASSERT_OK(running_->status());
    ASSERT_EQ(running_->Pbfs({"bucket", "create", "b"}).exit_code, 0);
  }
  static void TearDownTestSuite() { delete running_; }

  static local::ProgramOutcome Pbfs(std::vector<std::string> arguments, const std::string& input = "") {
    return running_->Pbfs(std::move(arguments), input);
  }
  static nlohmann::json PbfsJson(std::vector<std::string> arguments, const std::string& input = "") {
    return running_->PbfsJson(std::move(arguments), input);
  }
  static void Put(const std::string& address, const std::string& content) {
    const auto outcome = Pbfs({"put", "-", address}, content);
    ASSERT_EQ(outcome.exit_code, 0) << outcome.error;
  }
  static std::string Get(const std::string& address) {
    const auto outcome = Pbfs({"get", address, "-"});
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    return outcome.output;
  }
  static std::string RandomText(size_t size) {
    Bytes bytes(size);
    SeededRandom random(TestSeed());
    random.Fill(bytes);
    return std::string(AsText(bytes));
  }

  static pbfs::testing::RunningCluster* running_;
};
pbfs::testing::RunningCluster* Cli::running_ = nullptr;

TEST_F(Cli, PutAndGetStreamsAndFiles) {
  const std::string content = RandomText(3'000'017);
  Put("b/stream", content);
  EXPECT_EQ(Get("b/stream"), content);
  const std::string in = running_->directory() + "/in", out = running_->directory() + "/out";
  ASSERT_OK(local::WriteTextFile(in, content, 0600));
  ASSERT_EQ(Pbfs({"put", in, "b/file"}).exit_code, 0);
  ASSERT_EQ(Pbfs({"get", "b/file", out}).exit_code, 0);
  EXPECT_EQ(*local::ReadTextFile(out), content);
}

TEST_F(Cli, EmptyObject) {
  Put("b/empty", "");
  EXPECT_EQ(Get("b/empty"), "");
  EXPECT_EQ(PbfsJson({"stat", "b/empty"})["size"], 0);
}

TEST_F(Cli, PatchAppendTruncateAndRanges) {
  std::string content = RandomText(500'000);
  Put("b/patched", content);
  ASSERT_EQ(Pbfs({"patch", "--offset", "123457", "-", "b/patched"}, "PATCHED").exit_code, 0);
  content.replace(123457, 7, "PATCHED");
  EXPECT_EQ(Get("b/patched"), content);
  EXPECT_EQ(Pbfs({"cat", "--range", "123450+20", "b/patched"}).output, content.substr(123450, 20));
  EXPECT_EQ(Pbfs({"cat", "--range", "123457-123463", "b/patched"}).output, "PATCHED");
  EXPECT_EQ(Pbfs({"cat", "--range", "-5", "b/patched"}).output, content.substr(content.size() - 5));
  EXPECT_EQ(Pbfs({"cat", "b/patched"}).output, content);
  ASSERT_EQ(Pbfs({"append", "-", "b/patched"}, "THE END").exit_code, 0);
  content += "THE END";
  EXPECT_EQ(Get("b/patched"), content);
  ASSERT_EQ(Pbfs({"truncate", "--size", "1000", "b/patched"}).exit_code, 0);
  ASSERT_EQ(Pbfs({"truncate", "--size", "2Ki", "b/patched"}).exit_code, 0);
  content = content.substr(0, 1000) + std::string(1048, '\0');
  EXPECT_EQ(Get("b/patched"), content);
  ASSERT_EQ(Pbfs({"rehome", "b/patched"}).exit_code, 0);
  EXPECT_EQ(Get("b/patched"), content);
}

TEST_F(Cli, StatDrawsTheMap) {
  Put("b/map", std::string(100'000, 'x'));
  ASSERT_EQ(Pbfs({"patch", "--offset", "50000", "-", "b/map"}, std::string(20'000, 'y')).exit_code, 0);
  const auto outcome = Pbfs({"stat", "--extents", "b/map"});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.output, HasSubstr("aaaa"));
  EXPECT_THAT(outcome.output, HasSubstr("bbbb"));
  const auto json = PbfsJson({"stat", "--extents", "b/map"});
  EXPECT_EQ(json["size"], 100'000);
  EXPECT_EQ(json["extents"].size(), 3u);
}

TEST_F(Cli, NamesAreOrdinaryText) {
  for (const char* name : {"a/b/c", "../up", "x//y", "with blank", "ümläut", "-dash", "/lead", "tail/"}) {
    SCOPED_TRACE(name);
    Put(std::string("b/names/") + name, name);
    EXPECT_EQ(Get(std::string("b/names/") + name), name);
  }
  const auto json = PbfsJson({"ls", "b/names/"});
  EXPECT_EQ(json["names"].size(), 8u);
}

TEST_F(Cli, CopyMoveRemoveList) {
  Put("b/one", "one");
  ASSERT_EQ(Pbfs({"cp", "b/one", "b/two"}).exit_code, 0);
  ASSERT_EQ(Pbfs({"patch", "--offset", "0", "-", "b/one"}, "ONE").exit_code, 0);
  EXPECT_EQ(Get("b/two"), "one");
  EXPECT_EQ(Get("b/one"), "ONE");
  ASSERT_EQ(Pbfs({"mv", "b/two", "b/three"}).exit_code, 0);
  EXPECT_EQ(Pbfs({"get", "b/two", "-"}).exit_code, 3);
  EXPECT_EQ(Get("b/three"), "one");
  ASSERT_EQ(Pbfs({"rm", "b/three"}).exit_code, 0);
  EXPECT_EQ(Pbfs({"stat", "b/three"}).exit_code, 3);
  EXPECT_EQ(Pbfs({"rm", "b/three"}).exit_code, 3);
}

TEST_F(Cli, HistoryAndVerify) {
  Put("b/history", std::string(300'000, 'h'));
  ASSERT_EQ(Pbfs({"patch", "--offset", "7", "-", "b/history"}, "x").exit_code, 0);
  const auto history = PbfsJson({"history", "b/history"});
  EXPECT_GE(history["ops"].size(), 2u);
  EXPECT_EQ(history["ops"][0]["kind"], "WRITE");
  const auto verify = PbfsJson({"verify", "b/history"});
  EXPECT_EQ(verify["sound"], true);
  EXPECT_GE(verify["fragments"].get<int>(), 6);
}

TEST_F(Cli, RehomeOfAPrefixAndWhatItCost) {
  for (const char* name : {"b/sweep/1", "b/sweep/2"}) {
    Put(name, std::string(100'000, 's'));
    ASSERT_EQ(Pbfs({"patch", "--offset", "1000", "-", name}, std::string(1000, 'p')).exit_code, 0);
  }
  const auto swept = PbfsJson({"rehome", "--all", "--parallel", "3", "--prefix", "b/sweep/"});
  EXPECT_EQ(swept["objects"], 2);
  EXPECT_EQ(swept["merged"], 2);
  EXPECT_EQ(swept["bytes"], 200'000);
  const auto cost = PbfsJson({"stat", "b/sweep/2"})["compaction"];
  EXPECT_EQ(cost["put_bytes"], 100'000);
  EXPECT_EQ(cost["patched_bytes"], 1000);
  EXPECT_EQ(cost["rewritten_bytes"], 100'000);
  EXPECT_EQ(cost["rewritten_per_patched"], 100.0);
  EXPECT_THAT(Pbfs({"stat", "b/sweep/2"}).output, HasSubstr("100.00 bytes per byte patched"));
  EXPECT_EQ(PbfsJson({"rehome", "--all", "--prefix", "b/sweep/"})["merged"], 0) << "nothing is left to do";
  EXPECT_EQ(Pbfs({"rehome", "b"}).exit_code, 0);
  EXPECT_EQ(Pbfs({"rehome", "b/sweep/3"}).exit_code, 3);
  EXPECT_EQ(Pbfs({"rehome", "no-such-bucket"}).exit_code, 3);
}

TEST_F(Cli, Buckets) {
  ASSERT_EQ(
      Pbfs({"bucket", "create", "other", "--k", "2", "--m", "1", "--integrity", "sha256", "--history", "1d"}).exit_code,
      0);
  EXPECT_EQ(Pbfs({"bucket", "create", "other"}).exit_code, 4);
  const auto shown = PbfsJson({"bucket", "show", "other"});
  EXPECT_EQ(shown["k"], 2);
  EXPECT_EQ(shown["m"], 1);
  EXPECT_EQ(shown["integrity"], "sha256");
  EXPECT_THAT(Pbfs({"bucket", "ls"}).output, HasSubstr("other"));
  Put("other/x", "x");
  EXPECT_EQ(Pbfs({"bucket", "rm", "other"}).exit_code, 4);  // not empty
  ASSERT_EQ(Pbfs({"rm", "other/x"}).exit_code, 0);
  EXPECT_EQ(Pbfs({"bucket", "rm", "other"}).exit_code, 0);
  EXPECT_EQ(Pbfs({"bucket", "show", "other"}).exit_code, 3);
}

TEST_F(Cli, ABucketGetsANewKeyAndEverythingIsReadAsBefore) {
  ASSERT_EQ(Pbfs({"bucket", "create", "turned", "--k", "2", "--m", "1"}).exit_code, 0);
  const std::string large = RandomText(300'000);
  Put("turned/large", large);
  Put("turned/small", "small");
  const auto rotated = PbfsJson({"bucket", "rotate-key", "turned"});
  EXPECT_EQ(rotated["epoch"], 2);
  EXPECT_EQ(rotated["fresh_key"], true);
  EXPECT_EQ(rotated["rewrapped"], 2);
  EXPECT_EQ(PbfsJson({"bucket", "show", "turned"})["keyring_version"], 2);
  Put("turned/later", "later");
  EXPECT_EQ(Get("turned/large"), large);
  EXPECT_EQ(Get("turned/small"), "small");
  EXPECT_EQ(Get("turned/later"), "later");
  const auto finished = PbfsJson({"bucket", "rotate-key", "turned", "--finish"});
  EXPECT_EQ(finished["epoch"], 2);
  EXPECT_EQ(finished["rewrapped"], 0);
  EXPECT_THAT(Pbfs({"bucket", "rotate-key", "turned"}).output, HasSubstr("turned has a new key, of epoch 3; 3 bodies"));
  EXPECT_EQ(Pbfs({"bucket", "rotate-key", "no-such-bucket"}).exit_code, 3);
  EXPECT_EQ(Pbfs({"bucket", "rotate-key"}).exit_code, 2);
}

TEST_F(Cli, Bench) {
  const auto json =
      PbfsJson({"bench", "b", "--size", "1MiB", "--count", "4", "--patch-size", "4KiB", "--patches", "8"});
  for (const char* row : {"put", "get", "patch"}) EXPECT_GT(json[row]["bytes_per_second"].get<double>(), 0) << row;
}

TEST_F(Cli, ErrorsSayWhatAndWhatToDo) {
  const auto missing = Pbfs({"get", "b/nothing", "-", "--json"});
  EXPECT_EQ(missing.exit_code, 3);
  EXPECT_EQ(missing.output, "");
  const auto error = nlohmann::json::parse(missing.error)["error"];
  EXPECT_EQ(error["code"], "NOT_FOUND");
  EXPECT_EQ(error["exit"], 3);
  EXPECT_EQ(Pbfs({"put", "-", "no-such-bucket/x"}, "x").exit_code, 3);
  EXPECT_EQ(Pbfs({"put", "/no/such/file", "b/x"}).exit_code, 3);
  EXPECT_EQ(Pbfs({"put", "/etc", "b/x"}).exit_code, 2);
  EXPECT_EQ(Pbfs({"get", "b/empty-not", "/no/such/dir/file"}).exit_code, 3);
}

TEST_F(Cli, FailedGetLeavesNoFile) {
  const std::string out = running_->directory() + "/never";
  EXPECT_EQ(Pbfs({"get", "b/nothing", out}).exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST_F(Cli, BadCommandLinesAreExitCode2) {
  const std::vector<std::vector<std::string>> bad = {{},
                                                     {"bogus"},
                                                     {"put"},
                                                     {"put", "-"},
                                                     {"put", "-", "b"},
                                                     {"put", "-", "b/"},
                                                     {"put", "-", "/x"},
                                                     {"get", "b/x", "-", "--bogus"},
                                                     {"patch", "-", "b/x"},
                                                     {"patch", "--offset", "-1", "-", "b/x"},
                                                     {"patch", "--offset", "x", "-", "b/x"},
                                                     {"patch", "--offset", "9223372036854775807", "-", "b/patched"},
                                                     {"patch", "--offset", "8796093022208", "-", "b/patched"},
                                                     {"truncate", "--size", "9TiB", "b/patched"},
                                                     {"cat", "--range", "9-1", "b/patched"},
                                                     {"cat", "--range", "x", "b/patched"},
                                                     {"put", "-", "b/" + std::string(1025, 'n')},
                                                     {"put", "-", "b/\xff"},
                                                     {"--timeout", "soon", "ls", "b"},
                                                     {"rehome"},
                                                     {"rehome", "--parallel", "0", "b"},
                                                     {"bucket", "create", "c", "--k", "99"},
                                                     {"bucket", "create", "c", "--integrity", "md5"},
                                                     {"local", "kill", "store-1", "--signal", "BOGUS"},
                                                     {"local", "up", "--stores", "99"}};
  Put("b/patched", "0123456789");
  for (const auto& arguments : bad) {
    const auto outcome = Pbfs(arguments, "some input");
    EXPECT_EQ(outcome.exit_code, 2) << ::testing::PrintToString(arguments) << outcome.error;
    EXPECT_NE(outcome.error, "");
  }
  EXPECT_EQ(Get("b/patched"), "0123456789");
}

TEST_F(Cli, EmptyPatchChangesNothing) {
  Put("b/e", "abc");
  const auto outcome = Pbfs({"patch", "--offset", "1", "-", "b/e"}, "");
  EXPECT_EQ(outcome.exit_code, 2) << "an empty write is refused, not ignored";
  EXPECT_EQ(Get("b/e"), "abc");
}

TEST_F(Cli, ConfigurationErrorsNameTheField) {
  const std::string path = running_->directory() + "/bad.json";
  const auto run = [&](const std::string& config) {
    EXPECT_OK(local::WriteTextFile(path, config, 0600));
    return Pbfs({"--config", path, "ls", "b"});
  };
  auto outcome = run(R"({"catalogues": []})");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.error, HasSubstr("catalogues"));
  EXPECT_EQ(run("{").exit_code, 2);
  EXPECT_EQ(run("{}").exit_code, 2);
  const auto none = pbfs::testing::RunningCluster::RunPbfs({"ls", "b"}, "", {{"PBFS_CONFIG", "/no/such/config.json"}});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.error, HasSubstr("/no/such/config.json"));
}

TEST_F(Cli, OpenKeyFileIsRefused) {
  auto config = nlohmann::json::parse(*local::ReadTextFile(running_->cluster().client_config()));
  const std::string key = running_->directory() + "/open-key.pem", path = running_->directory() + "/open.json";
  ASSERT_OK(local::WriteTextFile(key, *local::ReadTextFile(config["tls"]["key"]), 0644));
  config["tls"]["key"] = key;
  ASSERT_OK(local::WriteTextFile(path, config.dump(), 0600));
  const auto outcome = Pbfs({"--config", path, "ls", "b"});
  EXPECT_NE(outcome.exit_code, 0);
  EXPECT_THAT(outcome.error, HasSubstr("open-key.pem"));
}

TEST_F(Cli, NobodyAnswersIsExitCode5) {
  auto config = nlohmann::json::parse(*local::ReadTextFile(running_->cluster().client_config()));
  config["catalogs"] = {"127.0.0.1:1"};
  const std::string path = running_->directory() + "/dead.json";
  ASSERT_OK(local::WriteTextFile(path, config.dump(), 0600));
  const auto outcome = Pbfs({"--config", path, "--timeout", "2s", "ls", "b"});
  EXPECT_EQ(outcome.exit_code, 5) << outcome.error;
  EXPECT_THAT(outcome.error, HasSubstr("pbfs local status"));
}

TEST_F(Cli, LocalStatusKillStart) {
  const auto status = PbfsJson({"local", "status"});
  EXPECT_EQ(status["processes"].size(), 16u);
  ASSERT_EQ(Pbfs({"local", "kill", "store-8"}).exit_code, 0);
  EXPECT_EQ(Pbfs({"local", "kill", "store-8"}).exit_code, 4);
  EXPECT_THAT(Pbfs({"local", "status"}).output, HasSubstr("down"));
  EXPECT_EQ(Pbfs({"local", "kill", "store-99"}).exit_code, 3);
  ASSERT_EQ(Pbfs({"local", "start", "store-8"}).exit_code, 0);
  EXPECT_EQ(Pbfs({"local", "up"}).exit_code, 0);  // idempotent
  EXPECT_EQ(Pbfs({"local", "status", "--dir", "/no/such/dir"}).exit_code, 3);
}

TEST_F(Cli, NoProgressWhenPiped) {
  const auto outcome = Pbfs({"put", "-", "b/quiet"}, std::string(100'000, 'q'));
  EXPECT_THAT(outcome.error, Not(HasSubstr("%")));
}

TEST_F(Cli, HelpOfEveryCommandHasExamples) {
  for (const char* command : {"put", "get", "cat", "patch", "append", "truncate", "cp", "mv", "rm", "ls", "stat",
                              "history", "verify", "rehome", "bench", "bucket", "local", "job"}) {
    const auto outcome = Pbfs({command, "--help"});
    EXPECT_EQ(outcome.exit_code, 0);
    EXPECT_THAT(outcome.output, HasSubstr("pbfs ")) << command;
  }
}

}  // namespace
}  // namespace pbfs
