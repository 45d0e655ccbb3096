#include "libs/adapters/http/http_server.h"

#include <algorithm>
#include <atomic>
#include <string>

#include "libs/adapters/http/testing/server_fixture.h"

namespace pbfs {
namespace {

using std::chrono::milliseconds;

/// Says which request it is an answer to.
void AnswerTarget(const Context& context, HttpExchange& exchange) {
  Bytes body;
  EXPECT_OK(ReadAll(context, exchange, body));
  AnswerText(context, exchange, exchange.request().target + ':' + std::string(AsText(body)));
}

std::string Text(const RawClient::Answer& answer) { return std::string(AsText(answer.body)); }

std::string PutRequest(size_t length, std::string_view more_fields = "") {
  return "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) + "\r\n" + std::string(more_fields) +
         "\r\n";
}

TEST(HttpServer, RequestsOfAPipelineAreAnsweredInOrder) {
  TestServer server(AnswerTarget);
  const std::string wire =
      "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n"
      "PUT /2 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "HEAD /3 HTTP/1.1\r\nHost: h\r\n\r\n"
      "PUT /4 HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\nX: y\r\n\r\n"
      "\r\nGET /5 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
      "GET /6 HTTP/1.1\r\nHost: h\r\n\r\n";
  for (const size_t piece : {size_t{1}, size_t{7}, wire.size()}) {
    RawClient client = server.Connect();
    for (size_t at = 0; at < wire.size(); at += piece) client.Send(std::string_view(wire).substr(at, piece));
    EXPECT_EQ(Text(client.ReadAnswer()), "/1:");
    EXPECT_EQ(Text(client.ReadAnswer()), "/2:hello");
    EXPECT_EQ(client.ReadAnswer("HEAD").head.length, 3);
    EXPECT_EQ(Text(client.ReadAnswer()), "/4:abcd");
    const auto last = client.ReadAnswer();
    EXPECT_EQ(Text(last), "/5:");
    EXPECT_TRUE(last.closes);
    EXPECT_TRUE(client.EndsCleanly()) << "/6 came after the end";
  }
}

TEST(HttpServer, OfTheBodiesBytesNoneIsTakenForARequest) {
  TestServer server([](const Context& context, HttpExchange& exchange) { AnswerText(context, exchange, "ok"); });
  RawClient client = server.Connect();
  for (const size_t size : {size_t{100}, size_t{100'000}, size_t{200'000}}) {
    std::string body;
    while (body.size() < size) body += GetRequest("/smuggled");
    EXPECT_EQ(Text(client.Ask(PutRequest(body.size()) + body)), "ok");
  }
  EXPECT_EQ(server->stats().requests_total, 3);
}

TEST(HttpServer, ContinueIsSentWhenTheBodyIsAskedFor) {
  TestServer server(Echo);
  RawClient client = server.Connect();
  for (int i = 0; i < 2; ++i) {
    client.Send(PutRequest(5, "Expect: 100-continue\r\n"));
    ASSERT_TRUE(Eventually([&] { return server->stats().bytes_out_total > i * 100; }));
    const auto answer = client.Ask("hello");
    EXPECT_EQ(answer.continues, 1);
    EXPECT_EQ(Text(answer), "hello");
    EXPECT_FALSE(answer.closes);
  }
}

TEST(HttpServer, WhoDoesNotWaitForContinueIsUnderstood) {
  TestServer server(Echo);
  RawClient client = server.Connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(Text(client.Ask(PutRequest(5, "Expect: 100-continue\r\n") + "hello")), "hello");
}

TEST(HttpServer, WithoutAReadThereIsNoContinueAndTheConnectionEnds) {
  TestServer server([](const Context& context, HttpExchange& exchange) {
    EXPECT_OK(exchange.Begin(context, {403, {}, 0}));
  });
  RawClient client = server.Connect();
  const auto answer = client.Ask(PutRequest(5, "Expect: 100-continue\r\n"));
  EXPECT_EQ(answer.continues, 0);
  EXPECT_EQ(answer.head.status, 403);
  EXPECT_TRUE(answer.closes);
  EXPECT_TRUE(client.EndsCleanly());
}

TEST(HttpServer, MalformedRequestsAreRefusedAndTheConnectionEnds) {
  std::atomic<int> served = 0;
  TestServer server([&](const Context&, HttpExchange&) { ++served; });
  const std::pair<std::string, int> cases[] = {
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"\x16\x03\x01", 400},
      {PutRequest(5, "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n", 400},
      {PutRequest(5, "Content-Length: 6\r\n") + "hello", 400},
      {PutRequest(5, "X: y\r\n folded\r\n") + "hello", 400},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\nhello", 400},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\nhello", 400},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", 400},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX0\r\n\r\n", 400},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(40'000, 'x'), 400},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:" + std::string(40'000, 'x'), 400},
      {PutRequest(5, "Expect: miracles\r\n"), 417},
      {"GET /" + std::string(17'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(40'000, 'a'), 431},
      {"GET / HTTP/1.1\r\nHost: h\r\n" +
           [] {
             std::string f;
             while (f.size() < 5 * 200) f += "A:b\r\n";
             return f;
           }() +
           "\r\n",
       431},
  };
  for (const auto& [wire, status] : cases) {
    SCOPED_TRACE(wire.substr(0, 100));
    RawClient client = server.Connect();
    const auto answer = client.Ask(wire);
    EXPECT_EQ(answer.head.status, status);
    EXPECT_TRUE(answer.closes);
    EXPECT_TRUE(answer.complete);
    EXPECT_TRUE(client.EndsCleanly());
  }
  EXPECT_EQ(served, 0);
  EXPECT_EQ(server->stats().refused_total, std::ssize(cases));
}

TEST(HttpServer, MalformedChunksThatComeLateReachTheHandler) {
  std::atomic<size_t> read = 0;
  TestServer server([&](const Context& context, HttpExchange& exchange) {
    Bytes body;
    EXPECT_CODE(ReadAll(context, exchange, body), kInvalidArgument);
    read = body.size();
    EXPECT_OK(exchange.Begin(context, {400, {}, 0}));
  });
  RawClient client = server.Connect();
  const std::string chunk = "10000\r\n" + std::string(65'536, 'x') + "\r\n";
  const auto answer =
      client.Ask("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk + chunk + "wrong\r\n");
  EXPECT_EQ(answer.head.status, 400);
  EXPECT_TRUE(answer.closes);
  EXPECT_EQ(read, 2u * 65'536);
}

TEST(HttpServer, Http10IsSpoken) {
  TestServer server([](const Context& context, HttpExchange& exchange) {
    if (exchange.request().target == "/known") return AnswerText(context, exchange, "known");
    EXPECT_OK(exchange.Begin(context, {200, {}, std::nullopt}));
    EXPECT_OK(exchange.Write(context, AsBytes("until the end")));
    if (exchange.request().target == "/abort") exchange.Abort();
  });
  RawClient client = server.Connect();
  const auto kept = client.Ask("GET /known HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_EQ(Text(kept), "known");
  EXPECT_EQ(kept.head.fields.Get("Connection"), "keep-alive");
  EXPECT_EQ(Text(client.Ask("GET /known HTTP/1.0\r\n\r\n")), "known");
  EXPECT_TRUE(client.EndsCleanly());

  RawClient unknown = server.Connect();
  const auto streamed = unknown.Ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_FALSE(streamed.head.fields.Has("Transfer-Encoding"));
  EXPECT_TRUE(streamed.closes);
  EXPECT_TRUE(streamed.complete);
  EXPECT_EQ(Text(streamed), "until the end");
  EXPECT_FALSE(server.Connect().Ask("GET /abort HTTP/1.0\r\n\r\n").complete);
}

TEST(HttpServer, WhatTheServerAddsIsRight) {
  TestServer server([](const Context& context, HttpExchange& exchange) {
    const HttpFields fields{{"X-A", "a\r\nSet-Cookie: b\x01"}, {"Content-Length", "7"}, {"Connection", "upgrade"}};
    EXPECT_OK(exchange.Begin(context, {exchange.request().target == "/204" ? 204 : 200, fields, 0}));
  });
  RawClient client = server.Connect();
  const auto answer = client.Ask(GetRequest());
  EXPECT_EQ(answer.head.fields.Get("X-A"), "a  Set-Cookie: b");
  EXPECT_EQ(answer.head.fields.Count("Content-Length"), 1);
  EXPECT_EQ(answer.head.length, 0);
  EXPECT_FALSE(answer.head.fields.Has("Connection"));
  EXPECT_THAT(std::string(answer.head.fields.Get("Date")), testing::EndsWith(" GMT"));
  const auto none = client.Ask(GetRequest("/204"));
  EXPECT_FALSE(none.head.fields.Has("Content-Length"));
  EXPECT_FALSE(none.head.fields.Has("Transfer-Encoding"));
  EXPECT_EQ(client.Ask(GetRequest()).head.status, 200) << "the connection goes on";
}

TEST(HttpServer, LittleThatWasNotReadIsDroppedAndMuchEndsTheConnection) {
  TestServer server([](const Context& context, HttpExchange& exchange) { AnswerText(context, exchange, "denied"); });
  RawClient client = server.Connect();
  for (int i = 0; i < 3; ++i) {
    const auto little = client.Ask(PutRequest(250'000) + std::string(250'000, 'x'));
    EXPECT_EQ(Text(little), "denied");
    EXPECT_FALSE(little.closes);
  }
  const auto much = client.Ask(PutRequest(10'000'000) + std::string(10'000'000, 'x'));
  EXPECT_EQ(Text(much), "denied");
  EXPECT_TRUE(much.closes);
  EXPECT_TRUE(client.EndsCleanly());
}

TEST(HttpServer, AShortAnswerResetsTheConnection) {
  TestServer server([](const Context& context, HttpExchange& exchange) {
    EXPECT_OK(exchange.Begin(context, {200, {}, 10}));
    EXPECT_OK(exchange.Write(context, AsBytes("short")));
  });
  RawClient client = server.Connect();
  EXPECT_FALSE(client.Ask(GetRequest()).complete);
  EXPECT_FALSE(client.EndsCleanly());
}

TEST(HttpServer, ALostConnectionReachesTheHandler) {
  std::atomic<int> unavailable = 0;
  std::atomic<bool> cancelled = false;
  TestServer server([&](const Context& context, HttpExchange& exchange) {
    if (exchange.request().method == "PUT") {
      Bytes body;
      const Status status = ReadAll(context, exchange, body);
      unavailable += status.code() == StatusCode::kUnavailable ? 1 : 0;
      return;
    }
    EXPECT_OK(exchange.Begin(context, {200, {}, int64_t{1} << 40}));
    Status status;
    while (status.ok()) status = exchange.Write(context, Bytes(100'000));
    unavailable += status.code() == StatusCode::kUnavailable ? 1 : 0;
    cancelled = context.cancelled();
  });
  RawClient uploading = server.Connect();
  uploading.Send(PutRequest(1'000'000) + std::string(100'000, 'x'));
  RawClient downloading = server.Connect();
  downloading.Send(GetRequest());
  ASSERT_TRUE(Eventually([&] { return server->stats().requests == 2; }));
  uploading.Reset();
  downloading.Reset();
  EXPECT_TRUE(Eventually([&] { return unavailable == 2; }));
  EXPECT_TRUE(cancelled);
  EXPECT_TRUE(Eventually([&] { return server->stats().connections == 0; }));
}

TEST(HttpServer, NumbersAreKept) {
  Gate gate;
  TestServer server([&](const Context& context, HttpExchange& exchange) {
    gate.Pass();
    AnswerText(context, exchange, "ok");
  });
  RawClient idle = server.Connect();
  RawClient busy = server.Connect();
  busy.Send(GetRequest());
  EXPECT_TRUE(Eventually([&] {
    const HttpServerStats stats = server->stats();
    return stats.connections == 2 && stats.idle == 1 && stats.requests == 1;
  }));
  gate.Open();
  const auto answer = busy.ReadAnswer();
  EXPECT_TRUE(Eventually([&] { return server->stats().idle == 2; }));
  const HttpServerStats stats = server->stats();
  EXPECT_EQ(stats.requests, 0);
  EXPECT_EQ(stats.accepted_total, 2);
  EXPECT_EQ(stats.requests_total, 1);
  EXPECT_EQ(stats.bytes_in_total, std::ssize(GetRequest()));
  EXPECT_GT(stats.bytes_out_total, 50);
}

TEST(HttpServer, DrainEndsIdleConnectionsAndLetsRequestsEnd) {
  Gate gate;
  TestServer server([&](const Context& context, HttpExchange& exchange) {
    gate.Pass();
    AnswerText(context, exchange, "ok");
  });
  RawClient idle = server.Connect();
  RawClient busy = server.Connect();
  busy.Send(GetRequest());
  ASSERT_TRUE(Eventually([&] { return server->stats().requests == 1 && server->stats().idle == 1; }));
  Thread drain("drain", [&] { server->Drain(std::chrono::seconds(60)); });
  EXPECT_TRUE(idle.EndsCleanly());
  EXPECT_TRUE(Eventually([&] { return !server.Connect().ok(); }));
  gate.Open();
  const auto answer = busy.ReadAnswer();
  EXPECT_EQ(Text(answer), "ok");
  EXPECT_TRUE(answer.closes);
  EXPECT_TRUE(busy.EndsCleanly());
  { const RawClient gone = std::move(busy); }
  drain.Join();
  EXPECT_EQ(server->stats().connections, 0);
}

TEST(HttpServer, DrainCutsWhatDoesNotEnd) {
  std::atomic<int> cancelled = 0;
  TestServer server([&](const Context& context, HttpExchange& exchange) {
    if (exchange.request().method == "PUT") {
      Bytes body;
      cancelled += ReadAll(context, exchange, body).code() == StatusCode::kCancelled ? 1 : 0;
    }
    EXPECT_TRUE(Eventually([&] { return context.cancelled(); }));
    EXPECT_CODE(exchange.Begin(context, {200, {}, 0}), kCancelled);
  });
  RawClient reading = server.Connect();
  reading.Send(PutRequest(1'000'000) + std::string(100'000, 'x'));
  RawClient waiting = server.Connect();
  waiting.Send(GetRequest());
  ASSERT_TRUE(Eventually([&] { return server->stats().requests == 2; }));
  server->Drain(milliseconds(5));
  EXPECT_EQ(server->stats().connections, 0);
  EXPECT_FALSE(waiting.ReadAnswer().begun);
  server.Stop();
  EXPECT_EQ(cancelled, 1);
}

TEST(HttpServer, AddressesThatCannotBeHadAreRefused) {
  ScriptedHandler handler(AnswerTarget);
  HttpServerOptions options;
  for (const char* address : {"", "8080", ":8080", "127.0.0.1:http:1", "no.such.host.invalid:80"}) {
    SCOPED_TRACE(address);
    options.listen = {{address}};
    EXPECT_CODE(HttpServer::Start(options, handler), kInvalidArgument);
  }
  TestServer other(AnswerTarget);
  options.listen = {{"[::1]:0"}, {"127.0.0.1:" + std::to_string(other->port())}};
  EXPECT_CODE(HttpServer::Start(options, handler), kUnavailable);
}

}  // namespace
}  // namespace pbfs
