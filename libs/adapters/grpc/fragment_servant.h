#pragma once

#include <memory>

#include "libs/adapters/grpc/servant.h"
#include "libs/fragments/fragment_store.h"
#include "libs/runtime/metrics.h"

namespace pbfs {

/// Serves a FragmentStore over the wire. Threads of gRPC only pass events on; the store is called on bounded pools. A put
/// holds one message (at most 1 MiB) while the store takes it, so slow disks slow senders and memory stays bounded; what
/// does not fit is refused at once with RESOURCE_EXHAUSTED and retry-after-ms.
class FragmentServant final : public GrpcServant {
 public:
  struct Options {
    size_t threads = 8;                // of each of the two pools: puts, and everything else
    int64_t memory_bytes = 160 << 20;  // payload of requests under way
    Metrics* metrics = nullptr;        // outlives this
  };
  /// `store` outlives this, and this outlives the server.
  FragmentServant(FragmentStore& store, const Options& options);
  ~FragmentServant() override;
  grpc::Service& service() override;

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace pbfs
