#include "libs/http/memory_exchange.h"

#include "libs/http/exchange_contract.h"

namespace pbfs {
namespace {

class MemoryFixture {
 public:
  HttpAnswer Serve(HttpHandler& handler, const SentRequest& sent) {
    MemoryExchange exchange(sent.head, sent.body);
    if (sent.framing == SentRequest::Framing::kChunked) exchange.SendInChunks();
    if (sent.framing == SentRequest::Framing::kCutShort) {
      exchange.FailReadsAfter(sent.body.size(), UnavailableError("the body ended too early"));
    }
    return exchange.Serve(TestContext(), handler);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, HttpExchangeContract, MemoryFixture);

TEST(MemoryExchange, ReadsFailWhereTheyWereToldTo) {
  MemoryExchange exchange({"PUT", "/a", {}, false, ""}, Bytes(100, 1));
  exchange.FailReadsAfter(60, DeadlineExceededError("slow"));
  exchange.set_read_limit(50);
  Bytes buffer(100);
  EXPECT_EQ(exchange.Read(TestContext(), buffer).value_or(0), 50u);
  EXPECT_EQ(exchange.Read(TestContext(), buffer).value_or(0), 10u);
  EXPECT_CODE(exchange.Read(TestContext(), buffer), kDeadlineExceeded);
  EXPECT_OK(exchange.Begin(TestContext(), {400, {}, 0}));
}

TEST(MemoryExchange, WritesFailWhereTheyWereToldTo) {
  ScriptedHandler handler([](const Context& context, HttpExchange& exchange) {
    EXPECT_OK(exchange.Begin(context, {200, {}, 100}));
    EXPECT_OK(exchange.Write(context, Bytes(60, 1)));
    EXPECT_CODE(exchange.Write(context, Bytes(40, 2)), kUnavailable);
  });
  MemoryExchange exchange({"GET", "/a", {}, false, ""});
  exchange.FailWritesAfter(70, UnavailableError("gone"));
  const HttpAnswer& answer = exchange.Serve(TestContext(), handler);
  EXPECT_EQ(answer.body.size(), 70u);
  EXPECT_FALSE(answer.complete);
}

TEST(MemoryExchange, NoHeadLeavesWhereNothingMay) {
  ScriptedHandler handler([](const Context& context, HttpExchange& exchange) {
    EXPECT_CODE(exchange.Begin(context, {200, {}, 0}), kUnavailable);
  });
  MemoryExchange exchange({"GET", "/a", {}, false, ""});
  exchange.FailWritesAfter(0, UnavailableError("gone"));
  EXPECT_FALSE(exchange.Serve(TestContext(), handler).begun);
}

}  // namespace
}  // namespace pbfs
