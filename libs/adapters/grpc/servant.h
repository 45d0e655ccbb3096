#pragma once

namespace grpc {
class Service;
}  // namespace grpc

namespace pbfs {

/// One wire service over our ports, to be given to a GrpcServer, which it outlives.
class GrpcServant {
 public:
  virtual ~GrpcServant() = default;
  virtual grpc::Service& service() = 0;
  /// Ends streams that would never end by themselves; called when the server begins to stop.
  virtual void Drain() {}
};

}  // namespace pbfs
