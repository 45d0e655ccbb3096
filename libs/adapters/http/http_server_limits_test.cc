#include <atomic>
#include <string>
#include <vector>

#include <sys/resource.h>

#include "libs/adapters/http/testing/server_fixture.h"

/// What slow, many and greedy clients may cost.
namespace pbfs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kUpload = "PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n";

std::string Text(const RawClient::Answer& answer) { return std::string(AsText(answer.body)); }

void AllowDescriptors(rlim_t count) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  ASSERT_GE(limit.rlim_max, count) << "raise the hard limit of open files: ulimit -Hn";
  limit.rlim_cur = std::max(limit.rlim_cur, count);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST(HttpServerLimits, SlowClientsTakeNoThread) {
  AllowDescriptors(1024);
  std::atomic<int> served = 0;
  HttpServerOptions options;
  options.worker_threads = 4;
  options.worker_queue = 0;
  TestServer server(
      [&](const Context& context, HttpExchange& exchange) {
        if (exchange.request().method == "PUT") return;  // when its client is gone, at the end
        ++served;
        AnswerText(context, exchange, "ok");
      },
      options);
  std::vector<RawClient> slow;
  for (int i = 0; i < 200; ++i) slow.push_back(server.Connect());
  for (int round = 0; round < 3; ++round) {
    for (size_t i = 0; i < slow.size(); ++i) {
      if (i % 2 == 0) {
        slow[i].Send(round == 0 ? "GET / HTTP/1.1\r\nHo" : "x");
      } else {
        slow[i].Send(round == 0 ? kUpload : "x");
      }
    }
    EXPECT_EQ(Text(server.Connect().Ask(GetRequest())), "ok");
  }
  EXPECT_EQ(served, 3);
  EXPECT_EQ(server->stats().requests_total, 3);
  EXPECT_EQ(server->stats().overloaded_total, 0);
}

TEST(HttpServerLimits, ABodyOf64KibIsWorthAThread) {
  std::atomic<size_t> read = 0;
  TestServer server([&](const Context& context, HttpExchange& exchange) {
    Bytes piece(65'536);
    for (auto count = exchange.Read(context, piece); count.value_or(0) > 0; count = exchange.Read(context, piece))
      read += *count;
  });
  RawClient client = server.Connect();
  client.Send(std::string(kUpload) + std::string(65'536, 'x'));
  EXPECT_TRUE(Eventually([&] { return read == 65'536; }));
}

TEST(HttpServerLimits, WithoutRoomTheHandlerSaysSoAndTheConnectionEnds) {
  Gate gate;
  HttpServerOptions options;
  options.worker_threads = 1;
  options.worker_queue = 1;
  TestServer server(
      [&](const Context& context, HttpExchange& exchange) {
        gate.Pass();
        AnswerText(context, exchange, "ok");
      },
      options);
  RawClient served = server.Connect();
  served.Send(GetRequest());
  ASSERT_TRUE(Eventually([&] { return server->stats().requests == 1; }));
  RawClient queued = server.Connect();
  queued.Send(GetRequest());
  ASSERT_TRUE(Eventually([&] { return server->stats().requests == 2; }));
  for (const std::string method : {"GET", "HEAD"}) {
    RawClient refused = server.Connect();
    const auto answer = refused.Ask(method + " / HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_EQ(answer.head.status, 503);
    EXPECT_EQ(answer.head.fields.Get("Retry-After"), "1");
    EXPECT_EQ(answer.head.length, 4);
    EXPECT_EQ(Text(answer), method == "HEAD" ? "" : "busy");
    EXPECT_TRUE(answer.closes);
    EXPECT_TRUE(refused.EndsCleanly());
  }
  EXPECT_EQ(server->stats().overloaded_total, 2);
  gate.Open();
  EXPECT_EQ(Text(served.ReadAnswer()), "ok");
  EXPECT_EQ(Text(queued.ReadAnswer()), "ok");
}

TEST(HttpServerLimits, WhoIsTooSlowIsGivenUp) {
  HttpServerOptions options;
  options.head_timeout = options.rate_window = milliseconds(100);
  options.idle_timeout = seconds(60);
  TestServer server(Echo, options);
  for (const std::string_view beginning : {std::string_view("GET / HTT"), kUpload}) {
    RawClient client = server.Connect();
    const auto answer = client.Ask(beginning);
    EXPECT_EQ(answer.head.status, 408);
    EXPECT_TRUE(answer.closes);
    EXPECT_TRUE(client.EndsCleanly());
  }
}

TEST(HttpServerLimits, WhoIsIdleForLongIsLetGo) {
  HttpServerOptions options;
  options.idle_timeout = milliseconds(300);
  TestServer server(Echo, options);
  RawClient client = server.Connect();
  EXPECT_TRUE(client.EndsCleanly());
  RawClient used = server.Connect();
  EXPECT_EQ(used.Ask(GetRequest()).head.status, 200);
  EXPECT_TRUE(used.EndsCleanly());
}

TEST(HttpServerLimits, SteadyClientsAreWaitedFor) {
  HttpServerOptions options;
  options.rate_window = milliseconds(500);
  TestServer server(Echo, options);
  RawClient client = server.Connect();
  const std::string piece(2000, 'x');
  client.Send("PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 60000\r\n\r\n");
  for (int i = 0; i < 30; ++i) {  // over several windows
    client.Send(piece);
    SleepFor(milliseconds(50));
  }
  EXPECT_EQ(client.ReadAnswer().body.size(), 60'000u);
}

TEST(HttpServerLimits, AHandlerLearnsThatABodyIsTooSlow) {
  std::atomic<bool> late = false;
  HttpServerOptions options;
  options.rate_window = milliseconds(100);
  TestServer server(
      [&](const Context& context, HttpExchange& exchange) {
        Bytes body;
        late = ReadAll(context, exchange, body).code() == StatusCode::kDeadlineExceeded;
        EXPECT_OK(exchange.Begin(context, {400, {}, 0}));
      },
      options);
  RawClient client = server.Connect();
  const auto answer = client.Ask(std::string(kUpload) + std::string(100'000, 'x'));
  EXPECT_TRUE(late);
  EXPECT_EQ(answer.head.status, 400);
  EXPECT_TRUE(answer.closes);
}

TEST(HttpServerLimits, AHandlerThatIsSlowItselfBlamesNobody) {
  HttpServerOptions options;
  options.rate_window = milliseconds(150);
  TestServer server(
      [&](const Context& context, HttpExchange& exchange) {
        SleepFor(milliseconds(400));
        Bytes body;
        EXPECT_OK(ReadAll(context, exchange, body));
        SleepFor(milliseconds(400));
        AnswerText(context, exchange, std::to_string(body.size()));
      },
      options);
  RawClient client = server.Connect();
  EXPECT_EQ(
      Text(client.Ask("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n" + std::string(5'000'000, 'x'))),
      "5000000");
}

TEST(HttpServerLimits, WhoTakesAnAnswerTooSlowlyLosesIt) {
  std::atomic<bool> late = false;
  HttpServerOptions options;
  options.rate_window = milliseconds(100);
  TestServer server(
      [&](const Context& context, HttpExchange& exchange) {
        EXPECT_OK(exchange.Begin(context, {200, {}, int64_t{1} << 40}));
        Status status;
        while (status.ok()) status = exchange.Write(context, Bytes(100'000));
        late = status.code() == StatusCode::kDeadlineExceeded;
      },
      options);
  RawClient client = server.Connect();
  client.Send(GetRequest());
  EXPECT_TRUE(Eventually([&] { return late.load(); }));
  EXPECT_FALSE(client.ReadAnswer().complete);
}

TEST(HttpServerLimits, NoMoreIsReadAheadThanAMebibyte) {
  Gate gate;
  std::atomic<size_t> read = 0;
  TestServer server([&](const Context& context, HttpExchange& exchange) {
    gate.Pass();
    Bytes body;
    EXPECT_OK(ReadAll(context, exchange, body));
    read = body.size();
    AnswerText(context, exchange, "ok");
  });
  RawClient client = server.Connect();
  const std::string body(100'000'000, 'x');
  client.Send("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 100000000\r\n\r\n");
  const size_t sent = client.SendWhatIsTaken(body);
  EXPECT_LT(sent, body.size());
  EXPECT_LE(server->stats().bytes_in_total, 1 << 20);
  gate.Open();
  EXPECT_TRUE(client.Send(std::string_view(body).substr(sent)));
  EXPECT_EQ(Text(client.ReadAnswer()), "ok");
  EXPECT_EQ(read, body.size());
}

TEST(HttpServerLimits, NoMoreOfAnAnswerWaitsThanAMebibyte) {
  std::atomic<int64_t> written = 0;
  TestServer server([&](const Context& context, HttpExchange& exchange) {
    EXPECT_OK(exchange.Begin(context, {200, {}, 100'000'000}));
    for (; written < 100'000'000; written += 100'000) EXPECT_OK(exchange.Write(context, Bytes(100'000)));
  });
  RawClient client = server.Connect();
  client.Send(GetRequest());
  ASSERT_TRUE(Eventually([&] { return written > 0; }));
  SleepFor(milliseconds(100));
  EXPECT_LE(written - server->stats().bytes_out_total, 1 << 20);
  EXPECT_EQ(client.ReadAnswer().body.size(), 100'000'000u);
}

TEST(HttpServerLimits, MoreConnectionsThanMayBeWaitUntilOthersEnd) {
  HttpServerOptions options;
  options.max_connections = 2;
  TestServer server(Echo, options);
  std::vector<RawClient> clients;
  for (int i = 0; i < 6; ++i) {
    clients.push_back(server.Connect());
    clients.back().Send(GetRequest());
  }
  for (RawClient& client : clients) {
    EXPECT_EQ(client.ReadAnswer().head.status, 200);
    EXPECT_LE(server->stats().connections, 2);
    client.Reset();
  }
  EXPECT_EQ(server->stats().accepted_total, 6);
}

TEST(HttpServerLimits, TwoThousandIdleConnectionsAreServed) {
  AllowDescriptors(4'500);
  HttpServerOptions options;
  options.worker_threads = 4;
  TestServer server(Echo, options);
  std::vector<RawClient> clients;
  for (int i = 0; i < 2'000; ++i) clients.push_back(server.Connect());
  ASSERT_TRUE(Eventually([&] { return server->stats().idle == 2'000; }));
  for (size_t i = 0; i < clients.size(); i += 50) EXPECT_EQ(clients[i].Ask(GetRequest()).head.status, 200);
  server->Drain(seconds(60));
  for (RawClient& client : clients) EXPECT_TRUE(client.EndsCleanly());
}

}  // namespace
}  // namespace pbfs
