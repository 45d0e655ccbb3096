#include "bench/bench_cluster.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

#include "libs/runtime/settings.h"
#include "tools/local/cluster_state.h"
#include "tools/local/files.h"

namespace pbfs::bench {
namespace {

Context Patience() { return Context::WithTimeout(std::chrono::minutes(2)); }

/// The same configurations, served by the program that knows no TLS.
local::LocalCluster WithoutTls(const std::string& directory) {
  local::ClusterState state = Need(local::LoadState(directory));
  for (local::ManagedProcess& process : state.processes) {
    std::vector<std::string>& argv = process.command.argv;
    if (process.kind == local::ProcessKind::kStore) argv.insert(argv.begin() + 1, "store-in-clear");
    if (process.kind == local::ProcessKind::kCatalog) argv.insert(argv.begin() + 1, "catalog-in-clear");
    if (argv[1].ends_with("-in-clear")) argv[0] = Need(local::FindProgram("pbfs-bench-server"));
  }
  Need(local::SaveState(state));
  return Need(local::LocalCluster::Open(directory));
}

local::LocalCluster Start(const std::string& directory, bool in_clear) {
  local::LocalClusterOptions options;
  options.directory = directory + "/cluster";
  local::LocalCluster cluster = Need(local::LocalCluster::Create(Patience(), options));
  if (in_clear) cluster = WithoutTls(options.directory);
  Need(cluster.Up(Patience()));
  return cluster;
}

void ForProcessAndChildren(pid_t pid, const std::function<void(pid_t)>& visit) {
  visit(pid);
  std::ifstream children("/proc/" + std::to_string(pid) + "/task/" + std::to_string(pid) + "/children");
  for (pid_t child; children >> child;) ForProcessAndChildren(child, visit);
}

int64_t WrittenByProcess(pid_t pid) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/io");
  for (std::string key; in >> key;) {
    int64_t value = 0;
    in >> value;
    if (key == "write_bytes:") return value;
  }
  return 0;
}

}  // namespace

BenchCluster::BenchCluster(const std::string& directory, Transport transport)
    : in_clear_(transport == Transport::kInClear),
      local_(Start(directory, in_clear_)),
      processes_(local_.Processes()),
      connection_(Connect()) {}

BenchCluster::~BenchCluster() {
  connection_.reset();
  Need(local_.Purge(Patience()));
}

std::unique_ptr<Connection> BenchCluster::Connect(const ConnectionOptions& options) const {
  const std::string config = local_.client_config();
  return Need(in_clear_ ? Connection::OpenInClear(config) : Connection::Open(config, options));
}

TransportSecurity BenchCluster::security() const {
  if (in_clear_) return TransportSecurity::Insecure();
  return Need(TransportSecurity::MutualTls(Need(LoadClientSettings(local_.client_config())).tls));
}

Bucket BenchCluster::MakeBucket(const std::string& name) {
  BucketSettings settings;
  settings.name = name;
  settings.k = 4;
  settings.m = 2;
  return Need(client().CreateBucket(Patience(), settings));
}

double BenchCluster::CpuOf(local::ProcessKind kind) const {
  double total = 0;
  for (const local::ProcessStatus& process : processes_) {
    if (process.kind == kind) ForProcessAndChildren(process.pid, [&](pid_t pid) { total += CpuSeconds(pid); });
  }
  return total;
}

int64_t BenchCluster::WrittenBy(const std::string& name) const {
  int64_t total = 0;
  for (const local::ProcessStatus& process : processes_) {
    if (process.name == name) ForProcessAndChildren(process.pid, [&](pid_t pid) { total += WrittenByProcess(pid); });
  }
  return total;
}

int64_t BenchCluster::WrittenBy(local::ProcessKind kind) const {
  int64_t total = 0;
  for (const local::ProcessStatus& process : processes_) {
    if (process.kind == kind) ForProcessAndChildren(process.pid, [&](pid_t pid) { total += WrittenByProcess(pid); });
  }
  return total;
}

}  // namespace pbfs::bench
