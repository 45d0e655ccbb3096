#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/base/result.h"
#include "libs/base/scheduler.h"
#include "libs/http/exchange.h"

namespace pbfs {

struct HttpListen {
  std::string address;  // host:port, [::]:port; port 0 takes a free one
  bool tls = false;
};

struct HttpServerOptions {
  std::vector<HttpListen> listen;
  /// PEM; needed where a listener speaks TLS. The certificate may be followed by its chain.
  std::string certificate_file;
  std::string key_file;
  Duration certificate_check = std::chrono::seconds(5);  // how often their times are looked at

  int io_threads = 2;        // serve all sockets
  int worker_threads = 256;  // most calls of HttpHandler::Handle() at once
  int worker_queue = 64;     // requests that wait for a thread; those beyond are answered by Overloaded()
  Duration worker_idle = std::chrono::seconds(30);  // after which a thread without work ends
  int max_connections = 10'000;                     // those beyond wait to be accepted

  int max_head_bytes = 32 * 1024;    // request line and fields; more is answered 431
  int max_fields = 200;              // more are answered 431
  int max_target_bytes = 16 * 1024;  // more is answered 414

  Duration head_timeout =
      std::chrono::seconds(30);  // from its first byte to its last, and for a TLS handshake; answered 408
  Duration idle_timeout = std::chrono::seconds(75);  // between requests
  Duration rate_window = std::chrono::seconds(30);   // over which the rates of bodies are averaged
  int64_t min_bytes_per_second = 1024;               // of bodies, either way, while we wait for the other end
  Duration linger_timeout =
      std::chrono::seconds(2);  // how long what a client still sends is dropped after the last answer
};

/// A snapshot; each number is right by itself.
struct HttpServerStats {
  int64_t connections = 0;  // open now
  int64_t idle = 0;         // of those: between requests
  int64_t requests = 0;     // being served now, or waiting for a thread
  int64_t accepted_total = 0;
  int64_t requests_total = 0;    // given to the handler
  int64_t overloaded_total = 0;  // answered by Overloaded()
  int64_t refused_total = 0;     // not HTTP as we take it, beyond a limit or too slow: answered 4xx without the handler
  int64_t bytes_in_total = 0;    // of sockets, without TLS
  int64_t bytes_out_total = 0;
};

/// HTTP/1.1 and 1.0 over TCP and TLS (1.2 and later), for an HttpHandler.
///
/// A few threads serve all sockets. A request comes to the handler, on a thread of its own out of a bounded pool, when its head and
/// 64 KiB of its body (or all of it) are there, or at once where the other end waits for "100 Continue": whoever is idle or slow
/// costs a socket and a small buffer. At most 1 MiB of a body is read ahead, and at most 1 MiB of an answer waits to be sent.
/// A thread is held until all but 64 KiB of an answer that is longer was taken by the socket.
///
/// Taken strictly, because proxies and we must see the same requests in the same bytes: whatever is ambiguous in the length of a
/// body, in line ends or in fields is answered 400 and the connection closed, as is a target that does not begin with '/' (but "*").
/// Trailers are dropped. Control characters in fields of answers become blanks.
///
/// Threads: any.
class HttpServer {
 public:
  /// Listens and serves. The handler outlives the server.
  /// Errors: UNAVAILABLE an address is in use or cannot be had, or the machine has no more threads or descriptors; INVALID_ARGUMENT an address; FAILED_PRECONDITION certificate or key
  /// cannot be read or do not fit (says which).
  static Result<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options, HttpHandler& handler);
  /// Drain() without time, then waits for the handlers.
  ~HttpServer();

  /// Of listener `index` of the options.
  int port(size_t index = 0) const;
  /// Accepts no more connections, closes those that are idle, lets requests that have begun end (their answers say
  /// "Connection: close"), and cuts what is left after `timeout`: reads and writes of its handlers are CANCELLED, and so are their
  /// contexts. Returns when no connection is left; harmless if repeated.
  void Drain(Duration timeout);
  /// Reads certificate and key again; the server does so by itself when their times change. Connections made later use them.
  /// Errors: FAILED_PRECONDITION as in Start(); the old ones stay.
  Status ReloadCertificates();
  HttpServerStats stats() const;

 private:
  struct Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbfs
