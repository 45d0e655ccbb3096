#pragma once

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "libs/adapters/grpc/transport_security.h"
#include "libs/base/result.h"
#include "libs/base/sync.h"

namespace pbfs::kube {

struct HttpRequest {
  std::string method;
  std::string path;                          // without the query
  std::map<std::string, std::string> query;  // decoded
  std::string token;                         // bearer
  std::string content_type;
  std::string body;
};

/// The answer to one request. Threads: the one that answers.
class HttpAnswer {
 public:
  virtual ~HttpAnswer() = default;
  virtual void Whole(int status, const std::string& body, const std::string& more_headers = "") = 0;
  /// 200 with a body in pieces: Chunk()s, then End(). False: the other side is gone.
  virtual bool Begin() = 0;
  virtual bool Chunk(std::string_view bytes) = 0;
  virtual void End() = 0;
  /// Breaks the connection.
  virtual void Cut() = 0;
};

/// A small HTTPS/1.1 server on a loopback port, with a thread for each connection: for tests. Threads: any.
class HttpsServer {
 public:
  using Handler = std::function<void(const HttpRequest&, HttpAnswer&)>;

  /// `files`: the server's certificate; clients show none. `handler` is called on many threads.
  HttpsServer(const TlsFiles& files, Handler handler);
  ~HttpsServer();

  /// Listens; after Stop() at the same port again. Errors: UNAVAILABLE.
  Status Start();
  /// Breaks all connections. Handlers that wait must have been told to return.
  void Stop();
  int port() const { return port_; }

 private:
  struct Tls;
  struct Connection;
  void Accept(int listener);
  void Serve(Connection& connection);
  bool Add(int socket);

  const std::unique_ptr<Tls> tls_;
  const Handler handler_;
  int port_ = 0;
  int listener_ = -1;
  Thread accepting_;
  Mutex mutex_;
  bool open_ PBFS_GUARDED_BY(mutex_) = false;
  std::list<Connection> connections_ PBFS_GUARDED_BY(mutex_);
};

}  // namespace pbfs::kube
