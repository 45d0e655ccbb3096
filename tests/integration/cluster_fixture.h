#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <stdlib.h>
#include <sys/stat.h>

#include "libs/base/testing.h"
#include "tools/local/files.h"
#include "tools/local/local_cluster.h"

namespace pbfs::testing {

/// A directory that the user who runs PostgreSQL may enter; removed at the end.
class ClusterDirectory {
 public:
  ClusterDirectory() {
    PBFS_CHECK(mkdtemp(path_.data()) != nullptr);
    chmod(path_.c_str(), 0755);
  }
  ~ClusterDirectory() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  std::string cluster() const { return path_ + "/c"; }

 private:
  std::string path_ = "/tmp/pbfs-test-XXXXXX";
};

/// Takes a cluster down when this goes, or when the process of the test ends in whatever way: processes of a cluster outlive
/// who started them, and a test that is killed at its timeout takes nothing down. A shell in a session of its own waits for
/// the end of a pipe.
class ClusterGuard {
 public:
  explicit ClusterGuard(const std::string& cluster_directory) {
    const auto program = local::FindProgram("pbfs");
    PBFS_CHECK(program.ok(), program.status().message());
    const std::string script = "cat; exec \"$0\" local --dir \"$1\" down --purge";
    const std::string command =
        "exec setsid --fork sh -c '" + script + "' '" + *program + "' '" + cluster_directory + "' >/dev/null 2>&1";
    pipe_ = popen(command.c_str(), "we");  // not inherited by anyone else, so our end is its end
    PBFS_CHECK(pipe_ != nullptr);
  }
  ~ClusterGuard() { pclose(pipe_); }
  ClusterGuard(const ClusterGuard&) = delete;
  ClusterGuard& operator=(const ClusterGuard&) = delete;

 private:
  std::FILE* pipe_;
};

/// A real local cluster for the tests of one binary, and the real command line on it.
class RunningCluster {
 public:
  /// Without Patroni unless it is what the test is about: it takes some seconds more to start, and on a machine that is
  /// overloaded it may promote a standby in the middle of a test.
  explicit RunningCluster(int stores = 8, int catalogs = 2,
                          local::PostgresKind postgres = local::PostgresKind::kPlain) {
    auto cluster = local::LocalCluster::Create(
        TestContext(),
        {.directory = directory_.cluster(), .stores = stores, .catalogs = catalogs, .postgres = postgres});
    status_ = cluster.status();
    if (!status_.ok()) return;
    cluster_ = std::make_unique<local::LocalCluster>(*std::move(cluster));
    status_ = cluster_->Up(TestContext());
  }
  ~RunningCluster() {
    if (cluster_ == nullptr) return;
    const Status purged = cluster_->Purge(TestContext());
    EXPECT_TRUE(purged.ok() || purged.code() == StatusCode::kNotFound)
        << purged.ToString();  // the test may have done it
  }

  const Status& status() const { return status_; }
  local::LocalCluster& cluster() { return *cluster_; }
  const std::string& directory() const { return directory_.path(); }

  /// `pbfs arguments...` with this cluster's configuration.
  local::ProgramOutcome Pbfs(std::vector<std::string> arguments, const std::string& input = "") const {
    return RunPbfs(std::move(arguments), input,
                   {{"PBFS_CONFIG", cluster_->client_config()}, {"PBFS_LOCAL_DIR", cluster_->directory()}});
  }
  /// The same with --json: the document.
  nlohmann::json PbfsJson(std::vector<std::string> arguments, const std::string& input = "") const {
    arguments.push_back("--json");
    const auto outcome = Pbfs(std::move(arguments), input);
    EXPECT_EQ(outcome.exit_code, 0) << outcome.error;
    const auto json = nlohmann::json::parse(outcome.output, nullptr, false);
    EXPECT_FALSE(json.is_discarded()) << outcome.output;
    return json;
  }

  static local::ProgramOutcome RunPbfs(std::vector<std::string> arguments, const std::string& input,
                                       std::vector<std::pair<std::string, std::string>> environment) {
    const auto program = local::FindProgram("pbfs");
    PBFS_CHECK(program.ok(), program.status().message());
    arguments.insert(arguments.begin(), *program);
    const auto outcome = local::RunToEnd(Context::WithTimeout(std::chrono::minutes(5)),
                                         {.argv = std::move(arguments), .environment = std::move(environment)}, input);
    PBFS_CHECK(outcome.ok(), outcome.status().message());
    return *outcome;
  }

 private:
  ClusterDirectory directory_;
  ClusterGuard guard_{directory_.cluster()};
  std::unique_ptr<local::LocalCluster> cluster_;
  Status status_;
};

}  // namespace pbfs::testing
