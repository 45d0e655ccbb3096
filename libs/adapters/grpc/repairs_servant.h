#pragma once

#include <memory>

#include "libs/adapters/grpc/servant.h"
#include "libs/catalog/catalog.h"
#include "libs/runtime/metrics.h"

namespace pbfs {

/// Serves a catalog's Repairs port over the wire, to callers whose certificate's name begins with "repairer"; others may ask for
/// GetRedundancy and Recheck and nothing else (PERMISSION_DENIED).
class RepairsServant final : public GrpcServant {
 public:
  /// `metrics` may be null. All outlive this, and this outlives the server.
  RepairsServant(Repairs& repairs, Metrics* metrics);
  ~RepairsServant() override;
  grpc::Service& service() override;

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace pbfs
