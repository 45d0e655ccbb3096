#include "libs/adapters/http/http_server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "libs/adapters/http/connection.h"
#include "libs/adapters/http/tls_certificates.h"

namespace pbfs {
namespace {

using asio::ip::tcp;
using Acceptor = asio::basic_socket_acceptor<tcp, asio::io_context::executor_type>;

constexpr Duration kAcceptRetry = std::chrono::milliseconds(100);

struct Listener {
  Acceptor acceptor;
  bool tls = false;
  int port = 0;
  bool waits = false;  // there are as many connections as may be; on the first I/O thread only
};

Result<tcp::endpoint> ParseAddress(const std::string& address) {
  const size_t colon = address.rfind(':');
  std::string host = colon == std::string::npos ? "" : address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return InvalidArgumentError(fmt::format("'{}' is no address: host:port is wanted", address));
  asio::io_context context;
  error_code error;
  const auto found = tcp::resolver(context).resolve(host, address.substr(colon + 1), tcp::resolver::passive, error);
  if (error || found.empty())
    return InvalidArgumentError(fmt::format("'{}' is no address: {}", address, error.message()));
  return found.begin()->endpoint();
}

}  // namespace

struct HttpServer::Impl {
  Impl(const HttpServerOptions& o, HttpHandler& handler)
      : options(o),
        workers(std::make_unique<WorkerPool>(static_cast<size_t>(o.worker_threads), static_cast<size_t>(o.worker_queue),
                                             o.worker_idle)),
        shared{options, handler, *workers},
        certificates(o.certificate_file, o.key_file) {
    for (int i = 0; i < std::max(1, o.io_threads); ++i) io.push_back(std::make_unique<IoThread>());
    certificate_timer.emplace(io.front()->context);
  }
  ~Impl();

  Status Start();
  Status Listen(const HttpListen& listen);
  void Accept(Listener& listener);
  void AcceptSoon(Listener& listener);
  void Adopt(IoThread& thread, bool tls, TcpSocket socket);
  void OnClosed();
  bool Full();
  void WatchCertificates();
  bool WaitForNone(MonotonicTime deadline);
  void ForEachConnection(std::function<void(Connection&)> act);

  const HttpServerOptions options;
  std::unique_ptr<WorkerPool> workers;
  ServerShared shared;
  TlsCertificates certificates;
  std::vector<std::unique_ptr<IoThread>> io;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::optional<asio::steady_timer> certificate_timer;
  size_t next_io = 0;  // on the first I/O thread only
  std::atomic<int64_t> accepted_total = 0;
  std::atomic<bool> some_wait = false;  // of the listeners

  Mutex mutex;
  CondVar none;
  int64_t connections PBFS_GUARDED_BY(mutex) = 0;

  std::vector<asio::executor_work_guard<asio::io_context::executor_type>> work;
  std::vector<Thread> threads;
};

HttpServer::Impl::~Impl() {
  workers = nullptr;  // waits for handlers, which may still wake connections
  for (const auto& thread : io) thread->context.stop();
  threads.clear();
}

Status HttpServer::Impl::Listen(const HttpListen& listen) {
  PBFS_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseAddress(listen.address));
  Acceptor acceptor(io.front()->context);
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  tcp::endpoint bound;
  if (!error) bound = acceptor.local_endpoint(error);
  if (error) return UnavailableError(fmt::format("cannot listen at {}: {}", listen.address, error.message()));
  listeners.push_back(std::make_unique<Listener>(Listener{std::move(acceptor), listen.tls, bound.port()}));
  return OkStatus();
}

Status HttpServer::Impl::Start() {
  const bool tls = std::any_of(options.listen.begin(), options.listen.end(), [](const HttpListen& l) { return l.tls; });
  if (tls) PBFS_RETURN_IF_ERROR(certificates.Reload());
  for (const HttpListen& listen : options.listen) PBFS_RETURN_IF_ERROR(Listen(listen));
  for (const auto& listener : listeners) Accept(*listener);
  WatchCertificates();
  for (const auto& thread : io) {
    work.push_back(asio::make_work_guard(thread->context));
    threads.emplace_back("http-io", [context = &thread->context] { context->run(); });
  }
  return OkStatus();
}

void HttpServer::Impl::Accept(Listener& listener) {
  if (shared.draining) return;
  listener.waits = true;
  some_wait = true;  // before the count is looked at, so that whoever closes afterwards sees it
  if (Full()) return;
  listener.waits = false;
  IoThread& thread = *io[next_io++ % io.size()];
  listener.acceptor.async_accept(thread.context, [this, &listener, &thread](const error_code& error, TcpSocket socket) {
    if (error == asio::error::operation_aborted || shared.draining) return;
    if (error) return AcceptSoon(listener);
    Adopt(thread, listener.tls, std::move(socket));
    Accept(listener);
  });
}

/// The machine has no room for another connection (descriptors, memory).
void HttpServer::Impl::AcceptSoon(Listener& listener) {
  auto timer = std::make_shared<asio::steady_timer>(io.front()->context, kAcceptRetry);
  timer->async_wait([this, &listener, timer](const error_code&) { Accept(listener); });
}

bool HttpServer::Impl::Full() {
  MutexLock lock(mutex);
  return connections >= options.max_connections;
}

void HttpServer::Impl::Adopt(IoThread& thread, bool tls, TcpSocket socket) {
  ++accepted_total;
  {
    MutexLock lock(mutex);
    ++connections;
  }
  asio::post(thread.context, [this, &thread, tls, socket = std::move(socket)]() mutable {
    auto stream = tls ? MakeTlsStream(std::move(socket), *certificates.current()) : MakeTcpStream(std::move(socket));
    if (stream == nullptr) return OnClosed();
    auto connection = std::make_shared<Connection>(thread, shared, std::move(stream), tls, [this] { OnClosed(); });
    thread.connections.insert(connection);
    connection->Start();
  });
}

void HttpServer::Impl::OnClosed() {
  {
    MutexLock lock(mutex);
    if (--connections == 0) none.NotifyAll();
  }
  if (!some_wait.exchange(false)) return;
  asio::post(io.front()->context, [this] {
    for (const auto& listener : listeners) {
      if (listener->waits) Accept(*listener);
    }
  });
}

void HttpServer::Impl::WatchCertificates() {
  if (certificates.current() == nullptr) return;
  certificate_timer->expires_after(options.certificate_check);
  certificate_timer->async_wait([this](const error_code& error) {
    if (error) return;
    certificates.ReloadIfChanged();
    WatchCertificates();
  });
}

bool HttpServer::Impl::WaitForNone(MonotonicTime deadline) {
  MutexLock lock(mutex);
  while (connections > 0) {
    if (!none.WaitUntil(mutex, deadline) && connections > 0) return false;
  }
  return true;
}

void HttpServer::Impl::ForEachConnection(std::function<void(Connection&)> act) {
  for (const auto& thread : io) {
    asio::post(thread->context, [thread = thread.get(), act] {
      const auto all = thread->connections;  // each may leave
      for (const auto& connection : all) act(*connection);
    });
  }
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options, HttpHandler& handler) {
  try {  // threads and descriptors that the machine does not have
    auto impl = std::make_unique<Impl>(options, handler);
    PBFS_RETURN_IF_ERROR(impl->Start());
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
  } catch (const std::exception& error) {
    return UnavailableError(fmt::format("cannot start the HTTP server: {}", error.what()));
  }
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Drain(Duration::zero()); }

int HttpServer::port(size_t index) const {
  PBFS_CHECK(index < impl_->listeners.size());
  return impl_->listeners[index]->port;
}

void HttpServer::Drain(Duration timeout) {
  const MonotonicTime deadline = MonotonicNow() + timeout;
  impl_->shared.draining = true;
  asio::post(impl_->io.front()->context, [impl = impl_.get()] {
    error_code ignored;
    for (const auto& listener : impl->listeners) listener->acceptor.close(ignored);
  });
  impl_->ForEachConnection([](Connection& connection) { connection.Drain(); });
  if (impl_->WaitForNone(deadline)) return;
  impl_->ForEachConnection(
      [](Connection& connection) { connection.Cut(CancelledError("the server is being stopped")); });
  impl_->WaitForNone(MonotonicTime::max());
}

Status HttpServer::ReloadCertificates() { return impl_->certificates.Reload(); }

HttpServerStats HttpServer::stats() const {
  HttpServerStats stats;
  {
    MutexLock lock(impl_->mutex);
    stats.connections = impl_->connections;
  }
  const ServerShared& shared = impl_->shared;
  stats.idle = shared.idle;
  stats.requests = shared.requests;
  stats.accepted_total = impl_->accepted_total;
  stats.requests_total = shared.requests_total;
  stats.overloaded_total = shared.overloaded_total;
  stats.refused_total = shared.refused_total;
  stats.bytes_in_total = shared.bytes_in_total;
  stats.bytes_out_total = shared.bytes_out_total;
  return stats;
}

}  // namespace pbfs
