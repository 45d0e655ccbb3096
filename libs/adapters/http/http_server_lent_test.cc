// Long writes of answers, which are sent from the handler's memory: it is his again when Write() returns, however that ends. What the
// tests free then, a sanitizer would see read.
#include <atomic>
#include <chrono>

#include "libs/adapters/http/testing/server_fixture.h"
#include "libs/base/random.h"

namespace pbfs {
namespace {

using std::chrono::milliseconds;

Bytes Data(size_t size) {
  Bytes bytes(size);
  SeededRandom(size).Fill(bytes);
  return bytes;
}

/// With and without TLS.
class HttpServerLent : public testing::TestWithParam<bool> {
 protected:
  TestServer Serve(TestServer::Script script) {
    return TestServer(std::move(script), {}, GetParam() ? &certificates_ : nullptr);
  }
  /// Writes without end, each time from memory that is freed afterwards; what ended it.
  static Status WriteUntilItFails(const Context& context, HttpExchange& exchange, std::atomic<bool>& began) {
    EXPECT_OK(exchange.Begin(context, {200, {}, int64_t{1} << 40}));
    for (;;) {
      const auto lent = std::make_unique<Bytes>(Data(4 << 20));
      began = true;
      PBFS_RETURN_IF_ERROR(exchange.Write(context, *lent));
    }
  }

  TestCertificates certificates_;
};

TEST_P(HttpServerLent, LongAndShortWritesArriveInOrder) {
  const std::vector<size_t> sizes = {10, 3'000'000, 100'000, 256 * 1024, 5'000'000, 1};
  TestServer server = Serve([&](const Context& context, HttpExchange& exchange) {
    int64_t length = 0;
    for (const size_t size : sizes) length += static_cast<int64_t>(size);
    EXPECT_OK(exchange.Begin(context, {200, {}, length}));
    for (const size_t size : sizes) EXPECT_OK(exchange.Write(context, *std::make_unique<Bytes>(Data(size))));
  });
  Bytes expected;
  for (const size_t size : sizes) {
    const Bytes data = Data(size);
    expected.insert(expected.end(), data.begin(), data.end());
  }
  RawClient client = server.Connect();
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(client.Ask(GetRequest()).body == expected);
}

TEST_P(HttpServerLent, AContextThatEndsCutsTheConnection) {
  std::atomic<bool> began = false, late = false;
  TestServer server = Serve([&](const Context& context, HttpExchange& exchange) {
    const Status status = WriteUntilItFails(context.Within(milliseconds(200)), exchange, began);
    late = status.code() == StatusCode::kDeadlineExceeded;
  });
  RawClient client = server.Connect();
  client.Send(GetRequest());
  EXPECT_TRUE(Eventually([&] { return late.load(); }));
  EXPECT_FALSE(client.ReadAnswer().complete);
}

TEST_P(HttpServerLent, AClientThatGoesEndsTheWrite) {
  std::atomic<bool> began = false, lost = false;
  TestServer server = Serve([&](const Context& context, HttpExchange& exchange) {
    lost = WriteUntilItFails(context, exchange, began).code() == StatusCode::kUnavailable;
  });
  RawClient client = server.Connect();
  client.Send(GetRequest());
  EXPECT_TRUE(Eventually([&] { return began.load(); }));
  client.Reset();
  EXPECT_TRUE(Eventually([&] { return lost.load(); }));
}

TEST_P(HttpServerLent, AServerThatStopsEndsTheWrite) {
  std::atomic<bool> began = false, ended = false;
  TestServer server = Serve([&](const Context& context, HttpExchange& exchange) {
    ended = !WriteUntilItFails(context, exchange, began).ok();
  });
  RawClient client = server.Connect();
  client.Send(GetRequest());
  EXPECT_TRUE(Eventually([&] { return began.load(); }));
  server.Stop();
  EXPECT_TRUE(ended);
}

INSTANTIATE_TEST_SUITE_P(Tls, HttpServerLent, testing::Bool(),
                         [](const auto& one) { return one.param ? "Secure" : "Clear"; });

}  // namespace
}  // namespace pbfs
