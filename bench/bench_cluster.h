#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/harness.h"
#include "libs/adapters/grpc/transport_security.h"
#include "libs/runtime/connection.h"
#include "tools/local/local_cluster.h"

namespace pbfs::bench {

/// A whole local cluster of release binaries with mutual TLS (PostgreSQL with a synchronous standby, two catalogs, eight
/// stores), made for a family of rows and removed with this object, and a client of it. Failures end the program.
/// Threads: one; the client is for any.
class BenchCluster {
 public:
  /// kInClear: its catalogs and stores are pbfs-bench-server's, without TLS.
  enum class Transport { kMutualTls, kInClear };
  explicit BenchCluster(const std::string& directory, Transport transport = Transport::kMutualTls);
  ~BenchCluster();
  BenchCluster(const BenchCluster&) = delete;
  BenchCluster& operator=(const BenchCluster&) = delete;

  Client& client() { return connection_->client(); }
  local::LocalCluster& local() { return local_; }
  const local::LocalCluster& local() const { return local_; }
  /// A further client, with connections of its own; gone before this.
  std::unique_ptr<Connection> Connect(const ConnectionOptions& options = {}) const;
  /// How to reach what stands beside this cluster and has its certificates.
  TransportSecurity security() const;
  bool in_clear() const { return in_clear_; }
  /// A new 4+2 bucket.
  Bucket MakeBucket(const std::string& name);
  /// CPU seconds that all processes of a kind have used, their children (PostgreSQL's backends) included.
  double CpuOf(local::ProcessKind kind) const;
  /// Bytes that the processes of a kind have sent to their disks (proc(5), io: write_bytes), children included.
  int64_t WrittenBy(local::ProcessKind kind) const;
  /// The same of one process ("postgres-2").
  int64_t WrittenBy(const std::string& name) const;

 private:
  const bool in_clear_;
  local::LocalCluster local_;
  const std::vector<local::ProcessStatus> processes_;  // as they were at the start: asking again runs programs
  std::unique_ptr<Connection> connection_;
};

/// A value, or the end of the program with the reason.
template <typename T>
T Need(Result<T> result) {
  PBFS_CHECK(result.ok(), result.status().ToString());
  return *std::move(result);
}
inline void Need(const Status& status) { PBFS_CHECK(status.ok(), status.ToString()); }

}  // namespace pbfs::bench
