#include "libs/adapters/kube/testing/https_server.h"

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <utility>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pbfs::kube {
namespace {

constexpr size_t kMaxConnections = 64, kMaxRequest = 4 << 20;

std::string Decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escaped = text[i] == '%' && i + 2 < text.size();
    out += escaped ? static_cast<char>(std::strtol(std::string(text.substr(i + 1, 2)).c_str(), nullptr, 16)) : text[i];
    if (escaped) i += 2;
  }
  return out;
}

std::string_view Before(std::string_view& text, std::string_view end) {
  const size_t at = std::min(text.find(end), text.size());
  const std::string_view piece = text.substr(0, at);
  text.remove_prefix(std::min(at + end.size(), text.size()));
  return piece;
}

void ReadTarget(std::string_view target, HttpRequest& request) {
  request.path = Before(target, "?");
  while (!target.empty()) {
    std::string_view pair = Before(target, "&");
    const std::string name = Decode(Before(pair, "="));
    request.query[name] = Decode(pair);
  }
}

/// The head of a request; the size of the body that follows.
size_t ReadHead(std::string_view head, HttpRequest& request) {
  std::string_view first = Before(head, "\r\n");
  request.method = Before(first, " ");
  ReadTarget(Before(first, " "), request);
  size_t size = 0;
  while (!head.empty()) {
    std::string_view value = Before(head, "\r\n");
    const std::string name(Before(value, ": "));
    if (strcasecmp(name.c_str(), "content-length") == 0) size = std::strtoul(std::string(value).c_str(), nullptr, 10);
    if (strcasecmp(name.c_str(), "content-type") == 0) request.content_type = value;
    if (strcasecmp(name.c_str(), "authorization") == 0 && value.starts_with("Bearer ")) request.token = value.substr(7);
  }
  return size;
}

int Listen(int port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(listener, 64) == 0)
    return listener;
  close(listener);
  return -1;
}

int PortOf(int listener) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

}  // namespace

struct HttpsServer::Tls {
  explicit Tls(const TlsFiles& files) : context(SSL_CTX_new(TLS_server_method())) {
    PBFS_CHECK(SSL_CTX_use_certificate_chain_file(context, files.cert.c_str()) == 1, files.cert);
    PBFS_CHECK(SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1, files.key);
  }
  ~Tls() { SSL_CTX_free(context); }
  SSL_CTX* context;
};

struct HttpsServer::Connection final : HttpAnswer {
  Connection(SSL_CTX* context, int socket_in) : socket(socket_in), ssl(SSL_new(context)) { SSL_set_fd(ssl, socket); }
  ~Connection() override {
    thread.Join();
    SSL_free(ssl);
    close(socket);
  }

  bool Read(HttpRequest& request) {
    size_t head = std::string::npos;
    while ((head = buffer.find("\r\n\r\n")) == std::string::npos)
      if (!ReadMore()) return false;
    const size_t size = ReadHead(std::string_view(buffer).substr(0, head), request);
    while (buffer.size() < head + 4 + size)
      if (!ReadMore()) return false;
    request.body = buffer.substr(head + 4, size);
    buffer.erase(0, head + 4 + size);
    return true;
  }
  bool ReadMore() {
    char bytes[16 << 10];
    const int size = SSL_read(ssl, bytes, sizeof bytes);
    if (size <= 0 || buffer.size() > kMaxRequest) return false;
    buffer.append(bytes, static_cast<size_t>(size));
    return true;
  }
  bool Write(std::string_view bytes) {
    broken = broken || SSL_write(ssl, bytes.data(), static_cast<int>(bytes.size())) <= 0;
    return !broken;
  }

  void Whole(int status, const std::string& body, const std::string& more_headers) override {
    Write(fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}\r\n{}", status,
                      body.size(), more_headers, body));
  }
  bool Begin() override { return Write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"); }
  bool Chunk(std::string_view bytes) override { return Write(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes)); }
  void End() override { Write("0\r\n\r\n"); }
  void Cut() override {
    broken = true;
    shutdown(socket, SHUT_RDWR);
  }

  const int socket;
  SSL* const ssl;
  std::string buffer;
  bool broken = false;
  bool ended = false;  // guarded by the server's mutex
  Thread thread;
};

HttpsServer::HttpsServer(const TlsFiles& files, Handler handler)
    : tls_(std::make_unique<Tls>(files)), handler_(std::move(handler)) {
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets that the other side has closed
}
HttpsServer::~HttpsServer() { Stop(); }

Status HttpsServer::Start() {
  listener_ = Listen(port_);
  if (listener_ < 0) return UnavailableError(fmt::format("cannot listen at port {}", port_));
  port_ = PortOf(listener_);
  {
    MutexLock lock(mutex_);
    open_ = true;
  }
  accepting_ = Thread("accept", [this, listener = listener_] { Accept(listener); });
  return OkStatus();
}

void HttpsServer::Stop() {
  if (listener_ < 0) return;
  shutdown(listener_, SHUT_RDWR);
  accepting_.Join();
  close(listener_);
  listener_ = -1;
  std::list<Connection> ending;
  {
    MutexLock lock(mutex_);
    open_ = false;
    for (Connection& connection : connections_) shutdown(connection.socket, SHUT_RDWR);
    ending.swap(connections_);
  }
}  // joins the threads of `ending`

void HttpsServer::Accept(int listener) {
  for (;;) {
    const int socket = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    if (!Add(socket)) close(socket);
  }
}

bool HttpsServer::Add(int socket) {
  std::list<Connection> ended;
  MutexLock lock(mutex_);
  for (auto it = connections_.begin(); it != connections_.end();) {
    const auto next = std::next(it);
    if (it->ended) ended.splice(ended.end(), connections_, it);
    it = next;
  }
  if (!open_ || connections_.size() >= kMaxConnections) return false;
  Connection& connection = connections_.emplace_back(tls_->context, socket);
  connection.thread = Thread("connection", [this, &connection] { Serve(connection); });
  return true;
}

void HttpsServer::Serve(Connection& connection) {
  HttpRequest request;
  if (SSL_accept(connection.ssl) == 1) {
    while (!connection.broken && connection.Read(request)) {
      handler_(request, connection);
      request = {};
    }
  }
  shutdown(connection.socket, SHUT_RDWR);
  MutexLock lock(mutex_);
  connection.ended = true;
}

}  // namespace pbfs::kube
