#pragma once

#include <memory>

#include "libs/adapters/grpc/servant.h"
#include "libs/catalog/catalog.h"
#include "libs/runtime/metrics.h"

namespace pbfs {

/// Serves a catalog's Recodes port over the wire: ListRecodings to anybody, what a collector does to callers whose certificate's name begins
/// with "garbage-collector", the rest to those whose name begins with "repairer" (PERMISSION_DENIED).
class RecodesServant final : public GrpcServant {
 public:
  /// `metrics` may be null. All outlive this, and this outlives the server.
  RecodesServant(Recodes& recodes, Metrics* metrics);
  ~RecodesServant() override;
  grpc::Service& service() override;

 private:
  class Service;
  std::unique_ptr<Service> service_;
};

}  // namespace pbfs
