#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

#include <openssl/ssl.h>

#include "libs/adapters/http/testing/server_fixture.h"

namespace pbfs {
namespace {

void AnswerSecure(const Context& context, HttpExchange& exchange) {
  AnswerText(context, exchange, exchange.request().secure ? "secure" : "clear");
}

std::string Text(const RawClient::Answer& answer) { return std::string(AsText(answer.body)); }

class HttpServerTls : public testing::Test {
 protected:
  TestCertificates certificates_;
};

TEST_F(HttpServerTls, BothKindsOfListenersAreServed) {
  ScriptedHandler handler(AnswerSecure);
  HttpServerOptions options;
  options.listen = {{"127.0.0.1:0", false}, {"127.0.0.1:0", true}};
  options.certificate_file = certificates_.files.cert;
  options.key_file = certificates_.files.key;
  ASSERT_OK_AND_ASSIGN(const auto server, HttpServer::Start(options, handler));
  EXPECT_EQ(Text(RawClient(server->port(0)).Ask(GetRequest())), "clear");
  RawClient secure(server->port(1), true);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Text(secure.Ask(GetRequest())), "secure");
}

TEST_F(HttpServerTls, AnswersEndAsWellAsBodiesDo) {
  TestServer server(
      [](const Context& context, HttpExchange& exchange) {
        EXPECT_OK(exchange.Begin(context, {403, {}, 0}));
      },
      {}, &certificates_);
  RawClient client = server.Connect();
  const auto answer =
      client.Ask("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n" + std::string(1'000'000, 'x'));
  EXPECT_EQ(answer.head.status, 403);
  EXPECT_TRUE(answer.closes);
  EXPECT_TRUE(client.EndsCleanly()) << "without close_notify";
}

TEST_F(HttpServerTls, OldVersionsAreRefused) {
  TestServer server(AnswerSecure, {}, &certificates_);
  EXPECT_FALSE(RawClient(server->port(), true, TLS1_1_VERSION).ok());
  EXPECT_TRUE(RawClient(server->port(), true, TLS1_2_VERSION).ok());
}

TEST_F(HttpServerTls, ClearTextAtASecurePortAndASlowHandshakeEnd) {
  HttpServerOptions options;
  options.head_timeout = std::chrono::milliseconds(50);
  TestServer server(AnswerSecure, options, &certificates_);
  RawClient clear(server->port());
  EXPECT_FALSE(clear.Ask(GetRequest()).begun);
  RawClient slow(server->port());
  EXPECT_FALSE(slow.ReadAnswer().begun);
  EXPECT_TRUE(Eventually([&] { return server->stats().connections == 0; }));
}

TEST_F(HttpServerTls, ANewCertificateIsForNewConnections) {
  TestServer server(AnswerSecure, {}, &certificates_);
  RawClient old = server.Connect();
  const std::string first = old.ServerCertificate();
  EXPECT_EQ(old.Ask(GetRequest()).head.status, 200);
  certificates_.Renew();
  ASSERT_OK(server->ReloadCertificates());
  RawClient renewed = server.Connect();
  EXPECT_NE(renewed.ServerCertificate(), first);
  EXPECT_EQ(renewed.Ask(GetRequest()).head.status, 200);
  EXPECT_EQ(old.Ask(GetRequest()).head.status, 200);
}

TEST_F(HttpServerTls, ABrokenCertificateChangesNothing) {
  TestServer server(AnswerSecure, {}, &certificates_);
  const std::string first = server.Connect().ServerCertificate();
  std::ofstream(certificates_.files.cert) << "nonsense";
  const Status status = server->ReloadCertificates();
  EXPECT_CODE(status, kFailedPrecondition);
  EXPECT_THAT(status.message(), testing::HasSubstr(certificates_.files.cert));
  EXPECT_EQ(server.Connect().ServerCertificate(), first);
}

TEST_F(HttpServerTls, ACertificateAndAKeyThatDoNotFitAreRefused) {
  const TestCertificates others;
  ScriptedHandler handler(AnswerSecure);
  HttpServerOptions options;
  options.listen = {{"127.0.0.1:0", true}};
  options.certificate_file = certificates_.files.cert;
  options.key_file = others.files.key;
  EXPECT_CODE(HttpServer::Start(options, handler), kFailedPrecondition);
  options.key_file = "/no/such/file";
  EXPECT_CODE(HttpServer::Start(options, handler), kFailedPrecondition);
}

TEST_F(HttpServerTls, ChangedFilesAreNoticed) {
  HttpServerOptions options;
  options.certificate_check = std::chrono::milliseconds(5);
  TestServer server(AnswerSecure, options, &certificates_);
  const std::string first = server.Connect().ServerCertificate();
  std::ofstream(certificates_.files.cert) << "nonsense for a while";
  certificates_.Renew();
  // Whatever the resolution of the file system's times is.
  std::filesystem::last_write_time(certificates_.files.cert,
                                   std::filesystem::file_time_type::clock::now() + std::chrono::seconds(5));
  EXPECT_TRUE(Eventually([&] { return server.Connect().ServerCertificate() != first; }));
}

}  // namespace
}  // namespace pbfs
