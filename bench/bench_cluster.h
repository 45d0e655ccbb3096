#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/harness.h"
#include "tools/local/local_cluster.h"
#include "tools/pbfs/connection.h"

namespace pbfs::bench {

/// A whole local cluster of release binaries with mutual TLS (PostgreSQL with a synchronous standby, two catalogs, eight
/// stores), made for a family of rows and removed with this object, and a client of it. Failures end the program.
/// Threads: one; the client is for any.
class BenchCluster {
 public:
  explicit BenchCluster(const std::string& directory);
  ~BenchCluster();
  BenchCluster(const BenchCluster&) = delete;
  BenchCluster& operator=(const BenchCluster&) = delete;

  Client& client() { return connection_->client(); }
  local::LocalCluster& local() { return local_; }
  /// A new 4+2 bucket.
  Bucket MakeBucket(const std::string& name);
  /// CPU seconds that all processes of a kind have used, their children (PostgreSQL's backends) included.
  double CpuOf(local::ProcessKind kind) const;
  /// Bytes that the processes of a kind have sent to their disks (proc(5), io: write_bytes), children included.
  int64_t WrittenBy(local::ProcessKind kind) const;

 private:
  local::LocalCluster local_;
  std::unique_ptr<cli::Connection> connection_;
};

/// A value, or the end of the program with the reason.
template <typename T>
T Need(Result<T> result) {
  PBFS_CHECK(result.ok(), result.status().ToString());
  return *std::move(result);
}
inline void Need(const Status& status) { PBFS_CHECK(status.ok(), status.ToString()); }

}  // namespace pbfs::bench
