#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "libs/client/client.h"
#include "libs/http/exchange.h"
#include "services/gateway/admin_api.h"

namespace pbfs::gateway {

struct AdminOptions {
  bool page = true;  // false: /healthz and /readyz only
  std::string region = "us-east-1";
  /// By which browsers may reach the page, without port, besides localhost and IP addresses.
  std::vector<std::string> names;
};

/// The port for those who look after a gateway, not for its clients:
///
///   /healthz  the process serves                /readyz  it reaches its site
///   /, /ui/   the browser page (ui/)            /api/    what it shows without a key, read-only (AdminApi)
///   /s3/      S3 for the page, same origin: signed by it, or anonymous; all else of the target is S3's
///
/// Whoever reaches the port sees what the catalog sees: names, sizes, times and ranges of buckets and objects, and the stores. Contents and
/// changes go through S3, which decides. Threads: any; all parts outlive it.
class Admin final : public HttpHandler {
 public:
  /// `s3` answers what comes below /s3/.
  Admin(AdminOptions options, Client& client, const Clock& clock, HttpHandler& s3)
      : options_(std::move(options)), client_(client), s3_(s3), api_(options_.region, client, clock) {}
  void Handle(const Context& context, HttpExchange& exchange) override;
  std::pair<HttpResponse, std::string> Overloaded() const override;

  /// Requests of pages at one time. A server with more threads has one left for those who ask whether the process serves.
  static constexpr int kPageRequests = 48;

 private:
  void ServePage(const Context& context, HttpExchange& exchange);
  void ServeApi(const Context& context, HttpExchange& exchange);
  bool IsKnownHost(std::string_view host) const;

  const AdminOptions options_;
  Client& client_;
  HttpHandler& s3_;
  AdminApi api_;
  std::atomic<int> page_requests_ = 0;
};

}  // namespace pbfs::gateway
