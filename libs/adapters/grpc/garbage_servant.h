#pragma once

#include <memory>

#include "libs/adapters/grpc/servant.h"
#include "libs/catalog/catalog.h"
#include "libs/runtime/metrics.h"

namespace pbfs {

/// Serves a catalog's Garbage port over the wire, to callers whose certificate's name begins with "garbage-collector" and to
/// nobody else (PERMISSION_DENIED), except AskForPass and GetGarbage: what it does cannot be undone. Few threads: its callers are in no hurry.
class GarbageServant final : public GrpcServant {
 public:
  /// `metrics` may be null. All outlive this, and this outlives the server.
  GarbageServant(Garbage& garbage, Metrics* metrics);
  ~GarbageServant() override;
  grpc::Service& service() override;

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace pbfs
