#include "libs/adapters/grpc/grpc_server.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/adapters/grpc/wire.h"

namespace pbfs {
namespace {

/// gRPC does not say why it could not listen; trying the plain way does.
Status WhyNot(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return InvalidArgumentError("listen address " + listen + " is not host:port");
  std::string host = listen.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), listen.c_str() + colon + 1, &hints, &found); error != 0) {
    return InvalidArgumentError("cannot listen at " + listen + ": " + gai_strerror(error));
  }
  const int probe = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(probe, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int bound = bind(probe, found->ai_addr, found->ai_addrlen);
  const int error = bound == 0 && ::listen(probe, 1) == 0 ? 0 : errno;
  close(probe);
  freeaddrinfo(found);
  if (error == EADDRINUSE) {
    return UnavailableError("cannot listen at " + listen +
                            ": the port is in use by another process; stop it or change `listen`");
  }
  return UnavailableError("cannot listen at " + listen + ": " +
                          (error != 0 ? std::strerror(error) : "gRPC refused it"));
}

void SetArguments(grpc::ServerBuilder& builder) {
  builder.SetMaxReceiveMessageSize(wire::kMaxMessageBytes);
  builder.SetMaxSendMessageSize(wire::kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // else two processes share a port without noticing
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 1024);
  // Clients ping every 20 s; dead ones are noticed.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
}

}  // namespace

struct GrpcServer::Impl {
  std::vector<GrpcServant*> servants;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
  bool stopped = false;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
GrpcServer::~GrpcServer() { Stop(Duration::zero()); }

Result<std::unique_ptr<GrpcServer>> GrpcServer::Start(const std::string& listen, const TransportSecurity& security,
                                                      const std::vector<GrpcServant*>& servants) {
  grpc::EnableDefaultHealthCheckService(true);
  auto impl = std::make_unique<Impl>();
  impl->servants = servants;
  grpc::ServerBuilder builder;
  SetArguments(builder);
  builder.AddListeningPort(listen, security.credentials().server, &impl->port);
  for (GrpcServant* servant : servants) builder.RegisterService(&servant->service());
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || impl->port == 0) return WhyNot(listen);
  return std::unique_ptr<GrpcServer>(new GrpcServer(std::move(impl)));
}

int GrpcServer::port() const { return impl_->port; }

void GrpcServer::SetServing(bool serving) {
  if (auto* health = impl_->server->GetHealthCheckService()) health->SetServingStatus(serving);
}

void GrpcServer::Stop(Duration grace) {
  if (std::exchange(impl_->stopped, true)) return;
  for (GrpcServant* servant : impl_->servants) servant->Drain();
  const auto nanos = std::chrono::duration_cast<std::chrono::nanoseconds>(grace).count();
  impl_->server->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(nanos, GPR_TIMESPAN)));
  impl_->server->Wait();
}

}  // namespace pbfs
