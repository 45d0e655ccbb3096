#include "services/gateway/gateway_parts.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include <spdlog/spdlog.h>

#include "libs/adapters/http/http_server.h"
#include "libs/adapters/objects/object_servant.h"
#include "libs/runtime/connection.h"
#include "libs/runtime/metrics.h"
#include "libs/runtime/program.h"
#include "services/gateway/admin.h"
#include "services/gateway/gateway.h"
#include "services/gateway/lifecycle_loop.h"
#include "services/gateway/object_service.h"
#include "services/gateway/routes.h"

namespace pbfs::gateway {
namespace {

constexpr Duration kLifecycleInterval = std::chrono::hours(1);
constexpr Duration kFirstContact = std::chrono::seconds(30);

// One line of JSON a request: what was asked, by whom, what became of it. Never a signature, a token or a query.
void LogAccess(const Served& served) {
  nlohmann::json line = {{"request_id", served.request_id},
                         {"operation", served.operation},
                         {"method", served.method},
                         {"path", served.path},
                         {"status", served.status},
                         {"peer", served.peer},
                         {"user", served.user},
                         {"access_key", served.access_key},
                         {"received_bytes", served.received_bytes},
                         {"sent_bytes", served.sent_bytes},
                         {"microseconds", std::chrono::duration_cast<std::chrono::microseconds>(served.took).count()}};
  if (!served.error.empty()) line["error"] = served.error;
  if (!served.detail.empty()) line["detail"] = served.detail;
  spdlog::info("access {}", line.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace));
}

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
  options.domains = settings.domains;
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

std::vector<std::string> AllOperationNames() {
  std::vector<std::string> names = OperationNames();
  const std::vector<std::string> more = ObjectService::OperationNames();
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

/// Counts and times requests by operation.
class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics) : names_(AllOperationNames()), calls_(&metrics, "pbfs_gateway", names_) {}
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

/// The object API, if it is to be served.
class ObjectServer {
 public:
  static Result<std::unique_ptr<ObjectServer>> Start(const GatewaySettings& settings, Gateway& gateway,
                                                     Metrics& metrics) {
    auto server = std::unique_ptr<ObjectServer>(new ObjectServer(settings, gateway, metrics));
    if (settings.grpc.empty()) return server;
    PBFS_ASSIGN_OR_RETURN(const TransportSecurity security,
                          TransportSecurity::ServerTls(settings.certificate_file, settings.certificate_key_file));
    PBFS_ASSIGN_OR_RETURN(server->server_, GrpcServer::Start(settings.grpc, security, {&server->servant_}));
    spdlog::info("the object API is at port {}", server->server_->port());
    return server;
  }
  void Drain(Duration drain) {
    if (server_ == nullptr) return;
    server_->SetServing(false);
    server_->Stop(drain);
  }

 private:
  ObjectServer(const GatewaySettings& settings, Gateway& gateway, Metrics& metrics)
      : service_(gateway),
        servant_(service_, {.threads = static_cast<size_t>(settings.requests), .metrics = &metrics}) {}

  ObjectService service_;
  ObjectServant servant_;
  std::unique_ptr<GrpcServer> server_;
};

// Both protocols at once.
void Drain(HttpServer* http, ObjectServer& objects, Duration drain) {
  const Thread other("drain", [&] { objects.Drain(drain); });
  if (http != nullptr) http->Drain(drain);
}

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
    LogAccess(served);
  };
  Gateway gateway(OptionsOf(settings), {connection->client(), keys, documents, clock, random, observe});
  // A gateway may make the bucket of access keys; without the administrator's key `pbfs key create` has to.
  const Status made = documents.Create(Context::WithTimeout(kFirstContact));
  if (!made.ok()) spdlog::warn("the bucket of access keys: {}", made.ToString());
  std::unique_ptr<HttpServer> server;
  if (!settings.http.empty() || !settings.https.empty()) {
    PBFS_ASSIGN_OR_RETURN(server, HttpServer::Start(ServerOptions(settings), gateway));
  }
  PBFS_ASSIGN_OR_RETURN(const auto objects, ObjectServer::Start(settings, gateway, metrics));
  Lifecycle lifecycle(connection->client(), documents, clock);
  PatchTokens tokens(documents, clock, random);
  const LifecycleLoop loop(lifecycle, tokens, kLifecycleInterval, random);
  Admin admin(connection->client());
  std::unique_ptr<HttpServer> admin_server;
  if (!settings.admin.empty()) {
    PBFS_ASSIGN_OR_RETURN(admin_server, HttpServer::Start(AdminOptions(settings.admin), admin));
  }
  Gauges shown(metrics, "pbfs_gateway_http", "Connections and requests; totals since the start", "what");
  const Refresher refresher(metrics, [&] {
    if (server != nullptr) ShowServer(server->stats(), shown);
  });
  AwaitSignal(server != nullptr ? " at port " + std::to_string(server->port()) : "");
  Drain(server.get(), *objects, settings.drain);
  spdlog::info("stopped");
  return OkStatus();
}

}  // namespace pbfs::gateway
