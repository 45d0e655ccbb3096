#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/adapters/grpc/servant.h"
#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/result.h"
#include "libs/base/scheduler.h"

namespace pbfs {

/// Listens at one address and serves servants, and grpc.health.v1.Health. Threads: any.
class GrpcServer {
 public:
  /// `listen`: host:port; port 0 takes a free one. Servants outlive the server.
  /// Errors: UNAVAILABLE the port is in use (says so); INVALID_ARGUMENT the address.
  static Result<std::unique_ptr<GrpcServer>> Start(const std::string& listen, const TransportSecurity& security,
                                                   const std::vector<GrpcServant*>& servants);
  /// Ends calls that are under way at once, unless Stop() was called before.
  ~GrpcServer();

  int port() const;
  /// What the health service says; true at first.
  void SetServing(bool serving);
  /// Takes no new calls, lets those under way end for `grace`, cancels the rest, and returns when all have ended.
  void Stop(Duration grace);

 private:
  struct Impl;
  explicit GrpcServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
