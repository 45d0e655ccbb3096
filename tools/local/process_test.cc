#include "tools/local/process.h"

#include <filesystem>
#include <set>

#include <signal.h>
#include <unistd.h>

#include "libs/base/sync.h"
#include "libs/base/testing.h"
#include "tools/local/cluster_state.h"
#include "tools/local/files.h"

namespace pbfs::local {
namespace {

std::string Shell() { return "/bin/sh"; }

struct Directory {
  std::string path = testing::TempDir() + "pbfs-process-XXXXXX";
  Directory() { PBFS_CHECK(mkdtemp(path.data()) != nullptr); }
  ~Directory() { std::filesystem::remove_all(path); }
};

TEST(Process, IsFoundAgainAndKilled) {
  ASSERT_OK_AND_ASSIGN(const ProcessRef sleeper, StartProcess({.argv = {Shell(), "-c", "exec sleep 600"}}));
  EXPECT_TRUE(IsAlive(sleeper));
  ProcessRef other = sleeper;
  ++other.start_ticks;  // the pid used again by another process
  EXPECT_FALSE(IsAlive(other));
  EXPECT_CODE(SendSignal(other, SIGKILL), kNotFound);
  other = sleeper;
  other.boot_id = "before";
  EXPECT_FALSE(IsAlive(other));
  ASSERT_OK(SendSignal(sleeper, SIGKILL));
  ASSERT_OK(AwaitExit(TestContext(), sleeper));
  EXPECT_FALSE(IsAlive(sleeper));
  EXPECT_CODE(SendSignal(sleeper, SIGKILL), kNotFound);
}

// As after a SIGKILL, when the threads of a process end one after another.
TEST(Process, IsAliveAsLongAsOneOfItsThreadsIs) {
  ASSERT_OK_AND_ASSIGN(const std::string python, FindProgram("python3"));
  const std::string script =
      "import ctypes, threading, time\n"
      "threading.Thread(target=time.sleep, args=(600,)).start()\n"
      "ctypes.CDLL(None).syscall(60, 0)\n";  // exit of amd64: of this thread only
  ASSERT_OK_AND_ASSIGN(const ProcessRef process, StartProcess({.argv = {python, "-c", script}}));
  const auto first_thread_has_ended = [&] {
    const auto stat = ReadTextFile("/proc/" + std::to_string(process.pid) + "/stat");
    return stat.ok() && stat->find(") Z ") != std::string::npos;
  };
  const Context context = TestContext();
  while (!first_thread_has_ended() && context.Check().ok()) SleepFor(std::chrono::milliseconds(1));
  ASSERT_TRUE(first_thread_has_ended());
  EXPECT_TRUE(IsAlive(process));
  ASSERT_OK(SendSignal(process, SIGKILL));
  ASSERT_OK(AwaitExit(TestContext(), process));
}

TEST(Process, StopIsGentleFirstThenNot) {
  Directory dir;
  const std::string log = dir.path + "/log";
  ASSERT_OK_AND_ASSIGN(
      const ProcessRef polite,
      StartProcess(
          {.argv = {Shell(), "-c", "trap 'echo bye; exit' TERM; echo on; while :; do sleep 0.01; done"}, .log = log}));
  while (LogTail(log, 1) != "on") ASSERT_TRUE(IsAlive(polite));
  ASSERT_OK(StopProcess(TestContext(), polite, SIGTERM, std::chrono::seconds(30)));
  EXPECT_EQ(LogTail(log, 1), "bye");
  ASSERT_OK_AND_ASSIGN(const ProcessRef deaf,
                       StartProcess({.argv = {Shell(), "-c", "trap '' TERM; echo deaf; exec sleep 600"}, .log = log}));
  while (LogTail(log, 1) != "deaf") ASSERT_TRUE(IsAlive(deaf));
  ASSERT_OK(StopProcess(TestContext(), deaf, SIGTERM, std::chrono::milliseconds(50)));
  EXPECT_FALSE(IsAlive(deaf));
  EXPECT_OK(StopProcess(TestContext(), deaf, SIGTERM, std::chrono::milliseconds(50)));
}

TEST(Process, WhatCannotRunIsAnError) {
  EXPECT_CODE(StartProcess({.argv = {"/no/such/program"}}), kNotFound);
  EXPECT_CODE(StartProcess({.argv = {"/etc/passwd"}}), kPermissionDenied);
  EXPECT_CODE(StartProcess({.argv = {Shell()}, .user = "no-such-user"}), kNotFound);
  EXPECT_CODE(StartProcess({.argv = {Shell()}, .log = "/no/such/directory/log"}), kNotFound);
}

TEST(RunProgram, GivesOutputOrTheReason) {
  EXPECT_EQ(*RunProgram(TestContext(), {.argv = {Shell(), "-c", "cat; echo $A"}, .environment = {{"A", "b"}}}, "in "),
            "in b\n");
  const auto failed = RunProgram(TestContext(), {.argv = {Shell(), "-c", "echo why >&2; exit 3"}});
  EXPECT_CODE(failed, kInternal);
  EXPECT_THAT(failed.status().message(), testing::HasSubstr("exit code 3: why"));
  EXPECT_CODE(
      RunProgram(Context::WithTimeout(std::chrono::milliseconds(50)), {.argv = {Shell(), "-c", "exec sleep 600"}}),
      kDeadlineExceeded);
}

TEST(RunProgram, InputAndOutputOfAnySize) {
  const std::string big(5'000'000, 'x');
  EXPECT_EQ(*RunProgram(TestContext(), {.argv = {"/bin/cat"}}, big), big);
}

TEST(ParseSignal, NamesAndNumbers) {
  EXPECT_EQ(*ParseSignal("KILL"), SIGKILL);
  EXPECT_EQ(*ParseSignal("SIGTERM"), SIGTERM);
  EXPECT_EQ(*ParseSignal("9"), SIGKILL);
  EXPECT_CODE(ParseSignal("BOGUS"), kInvalidArgument);
}

TEST(Files, WriteReplacesWholeWithMode) {
  Directory dir;
  const std::string path = dir.path + "/f";
  ASSERT_OK(WriteTextFile(path, "one", 0600));
  ASSERT_OK(WriteTextFile(path, "two", 0600));
  EXPECT_EQ(*ReadTextFile(path), "two");
  EXPECT_EQ(static_cast<int>(std::filesystem::status(path).permissions()), 0600);
  EXPECT_CODE(WriteTextFile(dir.path + "/no/f", "x", 0600), kNotFound);
  EXPECT_CODE(ReadTextFile(dir.path + "/none"), kNotFound);
}

TEST(Files, UnreachableDirectoryNamesTheOneInTheWay) {
  Directory dir;
  ASSERT_OK(MakeDirectory(dir.path + "/closed/in", 0755));
  std::filesystem::permissions(dir.path + "/closed", std::filesystem::perms::owner_all);
  const Status status = CheckReachableBy(dir.path + "/closed/in", "nobody");
  EXPECT_CODE(status, kPermissionDenied);
  EXPECT_THAT(status.message(), testing::HasSubstr("--dir"));
}

TEST(Ports, FreeOnesDifferAndUsedOnesAreNamed) {
  ASSERT_OK_AND_ASSIGN(const std::vector<int> ports, FreePorts(20, 0));
  EXPECT_EQ(ports.size(), 20u);
  EXPECT_EQ(std::set<int>(ports.begin(), ports.end()).size(), 20u);
  EXPECT_CODE(FreePorts(10, 65530), kInvalidArgument);
}

TEST(FindProgram, SaysHowToGetIt) {
  EXPECT_OK(FindProgram("sh"));
  const auto missing = FindProgram("pbfs-no-such-service");
  EXPECT_CODE(missing, kNotFound);
  EXPECT_THAT(missing.status().message(), testing::HasSubstr("scripts/up"));
}

TEST(ClusterState, ReadsBack) {
  Directory dir;
  ClusterState state;
  state.options = {.directory = dir.path, .stores = 3, .catalogs = 1, .base_port = 5};
  state.processes.push_back({"store-1",
                             ProcessKind::kStore,
                             4711,
                             0,
                             "/data",
                             {.argv = {"a", "b"}, .environment = {{"X", "y"}}, .user = "u", .log = "l"},
                             {12, 34, "boot"}});
  ASSERT_OK(SaveState(state));
  ASSERT_OK_AND_ASSIGN(const ClusterState back, LoadState(dir.path));
  ASSERT_EQ(back.processes.size(), 1u);
  EXPECT_EQ(back.processes[0].name, "store-1");
  EXPECT_EQ(back.processes[0].command.argv, state.processes[0].command.argv);
  EXPECT_EQ(back.processes[0].command.environment, state.processes[0].command.environment);
  EXPECT_EQ(back.processes[0].process, state.processes[0].process);
  EXPECT_EQ(back.options.stores, 3);
}

TEST(ClusterState, StaleOrForeignFilesAreNamed) {
  Directory dir;
  EXPECT_CODE(LoadState(dir.path), kNotFound);
  for (const char* bad : {"", "{", "[]", "{}", R"({"version":2})", R"({"version":1,"stores":"x"})"}) {
    ASSERT_OK(WriteTextFile(StatePath(dir.path), bad, 0600));
    SCOPED_TRACE(bad);
    const auto state = LoadState(dir.path);
    EXPECT_CODE(state, kDataLoss);
    EXPECT_THAT(state.status().message(), testing::HasSubstr("cluster.json"));
  }
}

// It opens, and then it does not read: so does a file of a process in /proc that ends meanwhile.
TEST(Files, AFileThatCannotBeReadIsAnError) { EXPECT_CODE(ReadTextFile("/proc"), kInternal); }

TEST(Process, IsFoundByItsPidAndWithItsChildren) {
  ASSERT_OK_AND_ASSIGN(const ProcessRef parent,
                       StartProcess({.argv = {"/bin/sh", "-c", "sleep 1000 & sleep 1000 & wait"}}));
  EXPECT_EQ(FindProcess(parent.pid), parent);
  EXPECT_FALSE(FindProcess(0).has_value());
  const Context patience = TestContext();
  while (ChildrenOf(parent).size() < 2) {
    ASSERT_OK(patience.Check());
    SleepFor(std::chrono::milliseconds(5));  // a poll, bounded by `patience`
  }
  const std::vector<ProcessRef> children = ChildrenOf(parent);
  SignalSession(parent, SIGKILL);
  ASSERT_OK(AwaitExit(TestContext(), parent));
  for (const ProcessRef& child : children) EXPECT_OK(AwaitExit(TestContext(), child));
  SignalSession(parent, SIGKILL);  // nobody
}

}  // namespace
}  // namespace pbfs::local
