#pragma once

#include <string>
#include <vector>

#include "libs/adapters/http/http_server.h"
#include "libs/client/client.h"
#include "libs/runtime/metrics.h"
#include "services/gateway/gateway.h"

namespace pbfs::gateway {

/// Counts and times requests by operation. Threads: any.
class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics);
  void Note(const Served& served);

 private:
  const std::vector<std::string> names_;
  CallMetrics calls_;
};

/// Shows how a gateway is: its server, its client, whether it reaches its site.
class GatewayMetrics {
 public:
  /// All outlive this.
  /// `server` may be null: then no HTTP is served.
  GatewayMetrics(Metrics& metrics, const HttpServer* server, Client& client);

 private:
  void Refresh(const HttpServerStats& server, Client& client);

  Gauges http_, client_, site_;
  const Refresher refresher_;
};

}  // namespace pbfs::gateway
