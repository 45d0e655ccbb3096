#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/bench_cluster.h"
#include "libs/adapters/grpc/grpc_fragment_store.h"

namespace pbfs::bench {

/// R2: six do-nothing stores in processes of their own, and a client of them that does R1 and the product's gRPC calls (same
/// adapter, chunks, ranges and number of connections), and nothing else: no catalog, no formats, no keys, no checks.
/// Failures end the program. Threads: one object per thread, any number of threads.
class ReferenceTransfer {
 public:
  /// Borrows certificates and configuration from the cluster; keeps its files in `directory`.
  ReferenceTransfer(const BenchCluster& cluster, const std::string& directory);
  ~ReferenceTransfer();
  ReferenceTransfer(const ReferenceTransfer&) = delete;
  ReferenceTransfer& operator=(const ReferenceTransfer&) = delete;

  /// R2-PUT: seals, codes, sends and waits until all six have synced. `object`: its number, any.
  void Put(uint8_t object, ByteSpan plaintext);
  /// R2-GET of an object that was put: reads four shards, checks, opens.
  void Get(uint8_t object, MutableByteSpan out);
  /// CPU seconds of the six stores.
  double StoresCpu() const;

 private:
  void Start(const BenchCluster& cluster, int number, int port, const std::string& directory);

  std::vector<local::ProcessRef> processes_;
  std::vector<std::unique_ptr<GrpcFragmentStore>> stores_;
};

}  // namespace pbfs::bench
