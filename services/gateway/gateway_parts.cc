#include "services/gateway/gateway_parts.h"

#include <spdlog/spdlog.h>

#include "libs/adapters/http/http_server.h"
#include "libs/adapters/objects/object_servant.h"
#include "libs/runtime/connection.h"
#include "libs/runtime/line_log.h"
#include "libs/runtime/program.h"
#include "services/gateway/access_log.h"
#include "services/gateway/admin.h"
#include "services/gateway/gateway.h"
#include "services/gateway/gateway_metrics.h"
#include "services/gateway/lifecycle_loop.h"
#include "services/gateway/object_service.h"

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

HttpServerOptions AdminServerOptions(const std::string& address) {
  HttpServerOptions options;
  options.listen.push_back({address, false});
  options.io_threads = 1;
  options.worker_threads = Admin::kPageRequests + 8;
  return options;
}

BucketScheme SchemeOf(const SchemeSettings& settings) {
  const auto given = [](int shards) {
    return shards == 0 ? std::nullopt : std::optional(static_cast<uint8_t>(shards));
  };
  return {given(settings.k), given(settings.m), given(settings.w)};
}

GatewayOptions OptionsOf(const GatewaySettings& settings) {
  GatewayOptions options;
  options.region = settings.region;
  for (const std::string& domain : settings.domains) options.domains.push_back(LowerCase(domain));
  options.etag = settings.md5_etags ? Etag::kMd5 : Etag::kOpaque;
  options.scheme = SchemeOf(settings.scheme);
  return options;
}

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

}  // namespace

Status ServeS3(const GatewaySettings& settings, const std::string& config) {
  Metrics metrics;
  std::vector<std::string> shown;
  if (!settings.https.empty()) shown.push_back(settings.certificate_file);
  PBFS_RETURN_IF_ERROR(StartTelemetry("pbfs-gateway", settings, metrics, std::move(shown)));
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
  const Status made = documents.Create(Context::WithTimeout(kFirstContact), SchemeOf(settings.scheme));
  if (!made.ok()) spdlog::warn("the bucket of access keys: {}", made.ToString());
  std::unique_ptr<HttpServer> server;
  if (!settings.http.empty() || !settings.https.empty()) {
    PBFS_ASSIGN_OR_RETURN(server, HttpServer::Start(ServerOptions(settings), gateway));
  }
  PBFS_ASSIGN_OR_RETURN(const auto objects, ObjectServer::Start(settings, gateway, metrics));
  Lifecycle lifecycle(connection->client(), documents, clock);
  PatchTokens tokens(documents, clock, random);
  const LifecycleLoop loop(lifecycle, tokens, kLifecycleInterval, random);
  Admin admin({settings.admin_page, settings.region, settings.admin_names}, connection->client(), clock, gateway);
  std::unique_ptr<HttpServer> admin_server;
  if (!settings.admin.empty()) {
    PBFS_ASSIGN_OR_RETURN(admin_server, HttpServer::Start(AdminServerOptions(settings.admin), admin));
  }
  const GatewayMetrics state(metrics, server.get(), connection->client());
  AwaitSignal(server != nullptr ? " at port " + std::to_string(server->port()) : "");
  Drain(server.get(), *objects, settings.drain);
  spdlog::info("stopped");
  return OkStatus();
}

}  // namespace pbfs::gateway
