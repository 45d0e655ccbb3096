#pragma once

#include <memory>

#include "libs/adapters/grpc/servant.h"
#include "libs/base/scheduler.h"
#include "libs/objects/object_api.h"
#include "libs/runtime/metrics.h"

namespace pbfs {

/// Serves an ObjectApi over the wire. A call gets a thread of a bounded pool when its first message is there, and keeps it; beyond pool
/// and queue it is refused at once with RESOURCE_EXHAUSTED and retry-after-ms. Of a stream one message is in memory.
class ObjectServant final : public GrpcServant {
 public:
  struct Options {
    size_t threads = 256;
    Duration patience = std::chrono::seconds(60);  // how long the other end of a stream may do nothing
    Metrics* metrics = nullptr;                    // outlives this
  };
  /// `api` outlives this, and this outlives the server.
  ObjectServant(objects::ObjectApi& api, const Options& options);
  ~ObjectServant() override;
  grpc::Service& service() override;

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace pbfs
