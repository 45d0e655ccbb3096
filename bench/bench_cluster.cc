#include "bench/bench_cluster.h"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>

namespace pbfs::bench {
namespace {

Context Patience() { return Context::WithTimeout(std::chrono::minutes(2)); }

local::LocalCluster Start(const std::string& directory) {
  local::LocalClusterOptions options;
  options.directory = directory + "/cluster";
  local::LocalCluster cluster = Need(local::LocalCluster::Create(Patience(), options));
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

BenchCluster::BenchCluster(const std::string& directory)
    : local_(Start(directory)), connection_(Need(cli::Connection::Open(local_.client_config()))) {}

BenchCluster::~BenchCluster() {
  connection_.reset();
  Need(local_.Purge(Patience()));
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
  for (const local::ProcessStatus& process : local_.Processes()) {
    if (process.kind == kind) ForProcessAndChildren(process.pid, [&](pid_t pid) { total += CpuSeconds(pid); });
  }
  return total;
}

int64_t BenchCluster::WrittenBy(local::ProcessKind kind) const {
  int64_t total = 0;
  for (const local::ProcessStatus& process : local_.Processes()) {
    if (process.kind == kind) ForProcessAndChildren(process.pid, [&](pid_t pid) { total += WrittenByProcess(pid); });
  }
  return total;
}

}  // namespace pbfs::bench
