#include "services/gateway/gateway_parts.h"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "libs/adapters/http/http_server.h"
#include "libs/runtime/connection.h"
#include "libs/runtime/line_log.h"
#include "libs/runtime/metrics.h"
#include "libs/runtime/program.h"
#include "services/gateway/access_log.h"
#include "services/gateway/admin.h"
#include "services/gateway/gateway.h"
#include "services/gateway/lifecycle_loop.h"
#include "services/gateway/routes.h"

namespace pbfs::gateway {
namespace {

constexpr Duration kLifecycleInterval = std::chrono::hours(1);
constexpr Duration kFirstContact = std::chrono::seconds(30);

HttpServerOptions ServerOptions(const GatewaySettings& settings) {
  HttpServerOptions options;
  if (!settings.http.empty()) options.listen.push_back({settings.http, false});
  if (!settings.https.empty()) options.listen.push_back({settings.https, true});
  options.certificate_file = settings.certificate_file;
  options.key_file = settings.certificate_key_file;
  options.worker_threads = settings.requests;
  return options;
}

HttpServerOptions AdminOptions(const std::string& address) {
  HttpServerOptions options;
  options.listen.push_back({address, false});
  options.io_threads = 1;
  options.worker_threads = 8;
  return options;
}

GatewayOptions OptionsOf(const GatewaySettings& settings) {
  GatewayOptions options;
  options.region = settings.region;
  for (const std::string& domain : settings.domains) options.domains.push_back(LowerCase(domain));
  options.etag = settings.md5_etags ? Etag::kMd5 : Etag::kOpaque;
  return options;
}

StatusCode CodeOf(int http_status) {
  if (http_status == 0) return StatusCode::kCancelled;  // the other end was gone
  if (http_status < 400) return StatusCode::kOk;
  if (http_status == 403) return StatusCode::kPermissionDenied;
  if (http_status == 404) return StatusCode::kNotFound;
  if (http_status == 412 || http_status == 409) return StatusCode::kFailedPrecondition;
  if (http_status == 503) return StatusCode::kUnavailable;
  return http_status < 500 ? StatusCode::kInvalidArgument : StatusCode::kInternal;
}

/// Counts and times requests by operation.
class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics) : names_(OperationNames()), calls_(&metrics, "pbfs_gateway", names_) {}
  void Note(const Served& served) {
    const auto found = std::find(names_.begin(), names_.end(), served.operation);
    calls_.Begin();
    calls_.End(found == names_.end() ? 0 : static_cast<size_t>(found - names_.begin()), CodeOf(served.status),
               served.took);
  }

 private:
  const std::vector<std::string> names_;
  CallMetrics calls_;
};

void ShowServer(const HttpServerStats& stats, Gauges& shown) {
  shown.Set("connections", stats.connections), shown.Set("idle_connections", stats.idle);
  shown.Set("requests", stats.requests), shown.Set("accepted", stats.accepted_total);
  shown.Set("overloaded", stats.overloaded_total), shown.Set("refused", stats.refused_total);
  shown.Set("bytes_in", stats.bytes_in_total), shown.Set("bytes_out", stats.bytes_out_total);
}

}  // namespace

Status ServeS3(const GatewaySettings& settings, const std::string& config) {
  Metrics metrics;
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-gateway", settings, metrics));
  PBFS_ASSIGN_OR_RETURN(const LineLog access, LineLog::Open(settings.access_log));
  ConnectionOptions client_options;
  client_options.rehome_offers = true;
  PBFS_ASSIGN_OR_RETURN(const auto connection, Connection::Open(settings.client, config, client_options));
  SystemClock clock;
  SystemRandom random;
  SystemBucket documents(connection->client());
  AccessKeys keys(documents, clock);
  RequestMetrics requests(metrics);
  const auto observe = [&](const Served& served) {
    requests.Note(served);
    if (access.on()) access.Write(AccessLine(served));
  };
  Gateway gateway(OptionsOf(settings), {connection->client(), keys, documents, clock, random, observe});
  // A gateway may make the bucket of access keys; without the administrator's key `pbfs key create` has to.
  const Status made = documents.Create(Context::WithTimeout(kFirstContact));
  if (!made.ok()) spdlog::warn("the bucket of access keys: {}", made.ToString());
  PBFS_ASSIGN_OR_RETURN(const auto server, HttpServer::Start(ServerOptions(settings), gateway));
  Lifecycle lifecycle(connection->client(), documents, clock);
  PatchTokens tokens(documents, clock, random);
  const LifecycleLoop loop(lifecycle, tokens, kLifecycleInterval, random);
  Admin admin(connection->client());
  std::unique_ptr<HttpServer> admin_server;
  if (!settings.admin.empty()) {
    PBFS_ASSIGN_OR_RETURN(admin_server, HttpServer::Start(AdminOptions(settings.admin), admin));
  }
  Gauges shown(metrics, "pbfs_gateway_http", "Connections and requests; totals since the start", "what");
  const Refresher refresher(metrics, [&] { ShowServer(server->stats(), shown); });
  AwaitSignal(" at port " + std::to_string(server->port()));
  server->Drain(settings.drain);
  spdlog::info("stopped");
  return OkStatus();
}

}  // namespace pbfs::gateway
