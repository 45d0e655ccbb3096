#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "libs/adapters/grpc/certificate_authority.h"
#include "libs/adapters/http/http_server.h"
#include "libs/adapters/http/testing/raw_client.h"
#include "libs/base/sync.h"
#include "libs/base/testing.h"
#include "libs/http/exchange_contract.h"

/// What tests of the server share.
namespace pbfs {

/// A certificate of this process, in a directory that goes with it.
class TestCertificates {
 public:
  TestCertificates() {
    directory_ = testing::TempDir() + "pbfs-http-XXXXXX";
    PBFS_CHECK(mkdtemp(directory_.data()) != nullptr);
    Renew();
  }
  ~TestCertificates() { std::filesystem::remove_all(directory_); }
  /// Another key and certificate in the same files.
  void Renew() {
    auto authority = CertificateAuthority::Create(directory_);
    auto issued = authority->IssueLocal("server");
    PBFS_CHECK(issued.ok());
    files = *issued;
  }
  TlsFiles files;

 private:
  std::string directory_;
};

/// A server in clear text, or with TLS, that a handler is told what to do. Small time-outs are a test's to ask for.
class TestServer {
 public:
  using Script = ScriptedHandler::Script;
  explicit TestServer(Script script, HttpServerOptions options = {}, const TestCertificates* certificates = nullptr)
      : handler_(std::move(script)), tls_(certificates != nullptr) {
    options.listen = {{"127.0.0.1:0", tls_}};
    if (tls_) {
      options.certificate_file = certificates->files.cert;
      options.key_file = certificates->files.key;
    }
    auto started = HttpServer::Start(options, handler_);
    PBFS_CHECK(started.ok(), started.status().ToString());
    server_ = *std::move(started);
  }
  HttpServer* operator->() { return server_.get(); }
  RawClient Connect() { return RawClient(server_->port(), tls_); }
  void Stop() { server_ = nullptr; }

 private:
  ScriptedHandler handler_;
  const bool tls_;
  std::unique_ptr<HttpServer> server_;
};

/// Waits until `condition` holds; false if it never does.
inline bool Eventually(const std::function<bool()>& condition) {
  const MonotonicTime deadline = TestContext().deadline();
  while (!condition()) {
    if (MonotonicNow() > deadline) return false;
    SleepFor(std::chrono::milliseconds(1));
  }
  return true;
}

/// Lets threads wait for each other.
class Gate {
 public:
  void Open() {
    MutexLock lock(mutex_);
    open_ = true;
    changed_.NotifyAll();
  }
  void Pass() {
    MutexLock lock(mutex_);
    while (!open_) changed_.Wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool open_ PBFS_GUARDED_BY(mutex_) = false;
};

/// Answers 200 with `body`.
inline void AnswerText(const Context& context, HttpExchange& exchange, std::string_view body) {
  EXPECT_OK(exchange.Begin(context, {200, {}, static_cast<int64_t>(body.size())}));
  if (!HasBody(exchange.request().method, 200)) return;
  EXPECT_OK(exchange.Write(context, AsBytes(body)));
}

/// Answers with the body of the request.
inline void Echo(const Context& context, HttpExchange& exchange) {
  Bytes body;
  EXPECT_OK(ReadAll(context, exchange, body));
  AnswerText(context, exchange, AsText(body));
}

inline std::string GetRequest(std::string_view target = "/a") {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

}  // namespace pbfs
