#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include "libs/base/testing.h"
#include "libs/http/exchange.h"
#include "libs/http/memory_exchange.h"

/// What every HttpExchange passes: the twin, and the server as a client sees it, with and without TLS. A Fixture is default
/// constructed for each test and has
///   HttpAnswer Serve(HttpHandler& handler, const SentRequest& sent);
/// which lets `handler` serve one request and says what the client sees of the answer.
namespace pbfs {

struct SentRequest {
  HttpRequest head;  // `secure` and `peer` are the fixture's; fields of the framing and Host too
  Bytes body;
  enum class Framing {
    kLength,    // announced by Content-Length, if there are any bytes
    kChunked,   // length not announced
    kCutShort,  // more bytes are announced than come
  } framing = Framing::kLength;
};

/// A handler that does what it is told.
class ScriptedHandler final : public HttpHandler {
 public:
  using Script = std::function<void(const Context&, HttpExchange&)>;
  explicit ScriptedHandler(Script script) : script_(std::move(script)) {}
  void Handle(const Context& context, HttpExchange& exchange) override { script_(context, exchange); }
  std::pair<HttpResponse, std::string> Overloaded() const override {
    return {{503, {{"Retry-After", "1"}}, 4}, "busy"};
  }

 private:
  const Script script_;
};

/// Bytes of which no two places are easily confused.
inline Bytes PatternBytes(size_t count, uint8_t seed = 1) {
  Bytes bytes(count);
  uint32_t state = seed;
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((state = state * 1'664'525 + 1'013'904'223) >> 24);
  return bytes;
}

/// Reads to the end of the body, or to an error.
inline Status ReadAll(const Context& context, HttpExchange& exchange, Bytes& out) {
  Bytes piece(100'000);
  for (;;) {
    PBFS_ASSIGN_OR_RETURN(const size_t count, exchange.Read(context, piece));
    if (count == 0) return OkStatus();
    out.insert(out.end(), piece.begin(), piece.begin() + static_cast<ptrdiff_t>(count));
  }
}

template <typename Fixture>
class HttpExchangeContract : public testing::Test {
 protected:
  using Framing = SentRequest::Framing;

  HttpAnswer Serve(const SentRequest& sent, ScriptedHandler::Script script) {
    ScriptedHandler handler(std::move(script));
    return fixture_.Serve(handler, sent);
  }
  HttpAnswer Get(ScriptedHandler::Script script) {
    return Serve({{"GET", "/a", {}, {}, {}}, {}, {}}, std::move(script));
  }

  Fixture fixture_;
};
TYPED_TEST_SUITE_P(HttpExchangeContract);

TYPED_TEST_P(HttpExchangeContract, TheHeadArrivesAsSent) {
  HttpRequest seen;
  const HttpFields fields{{"X-Amz-Meta-A", "one"}, {"x-amz-meta-a", "two  words"}, {"Empty", ""}};
  this->Serve({{"PROPFIND", "/bucket/k%20ey?b=%2F&a", fields, {}, {}}, {}, {}},
              [&](const Context&, HttpExchange& exchange) { seen = exchange.request(); });
  EXPECT_EQ(seen.method, "PROPFIND");
  EXPECT_EQ(seen.target, "/bucket/k%20ey?b=%2F&a");
  EXPECT_EQ(seen.fields.Count("X-AMZ-META-A"), 2);
  EXPECT_EQ(seen.fields.Get("X-Amz-Meta-A"), "one");
  EXPECT_TRUE(seen.fields.Has("empty"));
}

TYPED_TEST_P(HttpExchangeContract, TheBodyIsReadToItsEnd) {
  for (const size_t size : {size_t{1}, size_t{65'536}, size_t{3'000'001}}) {
    const Bytes body = PatternBytes(size);
    Bytes seen;
    std::optional<int64_t> length;
    this->Serve({{"PUT", "/a", {}, {}, {}}, body, {}}, [&](const Context& context, HttpExchange& exchange) {
      length = exchange.BodyLength();
      EXPECT_OK(ReadAll(context, exchange, seen));
      uint8_t more = 0;
      EXPECT_EQ(exchange.Read(context, {&more, 1}).value_or(99), 0u) << "the end stays the end";
    });
    EXPECT_EQ(length, static_cast<int64_t>(size));
    EXPECT_TRUE(seen == body) << size;
  }
}

TYPED_TEST_P(HttpExchangeContract, ChunksHaveNoLength) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{70'000}, size_t{3'000'001}}) {
    const Bytes body = PatternBytes(size);
    Bytes seen;
    std::optional<int64_t> length = -1;
    this->Serve({{"PUT", "/a", {}, {}, {}}, body, TestFixture::Framing::kChunked},
                [&](const Context& context, HttpExchange& exchange) {
                  length = exchange.BodyLength();
                  EXPECT_OK(ReadAll(context, exchange, seen));
                });
    EXPECT_EQ(length, std::nullopt);
    EXPECT_TRUE(seen == body) << size;
  }
}

TYPED_TEST_P(HttpExchangeContract, NoBodyIsAnEmptyBody) {
  this->Get([&](const Context& context, HttpExchange& exchange) {
    EXPECT_EQ(exchange.BodyLength(), 0);
    uint8_t byte = 0;
    EXPECT_EQ(exchange.Read(context, {&byte, 1}).value_or(99), 0u);
  });
}

TYPED_TEST_P(HttpExchangeContract, ABodyThatEndsEarlyIsUnavailableAndCanBeAnswered) {
  const Bytes body = PatternBytes(10'000);
  Bytes seen;
  const HttpAnswer answer = this->Serve({{"PUT", "/a", {}, {}, {}}, body, TestFixture::Framing::kCutShort},
                                        [&](const Context& context, HttpExchange& exchange) {
                                          EXPECT_CODE(ReadAll(context, exchange, seen), kUnavailable);
                                          EXPECT_CODE(ReadAll(context, exchange, seen), kUnavailable);
                                          EXPECT_OK(exchange.Begin(context, {400, {}, 0}));
                                        });
  EXPECT_LE(seen.size(), body.size());
  EXPECT_EQ(answer.head.status, 400);
  EXPECT_TRUE(answer.complete);
}

TYPED_TEST_P(HttpExchangeContract, TheAnswerArrivesAsWritten) {
  const Bytes body = PatternBytes(2'500'000);
  const HttpAnswer answer = this->Get([&](const Context& context, HttpExchange& exchange) {
    EXPECT_OK(exchange.Begin(context, {206, {{"ETag", "\"x\""}, {"x-amz-meta-a", "b"}}, 2'500'000}));
    EXPECT_OK(exchange.Write(context, ByteSpan(body).first(1)));
    EXPECT_OK(exchange.Write(context, {}));
    EXPECT_OK(exchange.Write(context, ByteSpan(body).subspan(1, 99'999)));
    EXPECT_OK(exchange.Write(context, ByteSpan(body).subspan(100'000)));
  });
  EXPECT_TRUE(answer.begun);
  EXPECT_EQ(answer.head.status, 206);
  EXPECT_EQ(answer.head.fields.Get("ETag"), "\"x\"");
  EXPECT_EQ(answer.head.fields.Get("x-amz-meta-a"), "b");
  EXPECT_EQ(answer.head.length, 2'500'000);
  EXPECT_TRUE(answer.body == body);
  EXPECT_TRUE(answer.complete);
}

TYPED_TEST_P(HttpExchangeContract, AnAnswerNeedsNoLength) {
  const Bytes body = PatternBytes(1'500'000);
  const HttpAnswer answer = this->Get([&](const Context& context, HttpExchange& exchange) {
    EXPECT_OK(exchange.Begin(context, {200, {}, std::nullopt}));
    for (size_t at = 0; at < body.size(); at += 30'000) {
      EXPECT_OK(exchange.Write(context, ByteSpan(body).subspan(at, 30'000)));
      EXPECT_OK(exchange.Write(context, {}));  // not an end
    }
  });
  EXPECT_EQ(answer.head.length, std::nullopt);
  EXPECT_TRUE(answer.body == body);
  EXPECT_TRUE(answer.complete);
}

TYPED_TEST_P(HttpExchangeContract, AnEmptyAnswerIsComplete) {
  for (const std::optional<int64_t> length : {std::optional<int64_t>(0), std::optional<int64_t>()}) {
    const HttpAnswer answer = this->Get([&](const Context& context, HttpExchange& exchange) {
      EXPECT_OK(exchange.Begin(context, {200, {}, length}));
    });
    EXPECT_EQ(answer.head.length, length);
    EXPECT_TRUE(answer.body.empty());
    EXPECT_TRUE(answer.complete);
  }
}

TYPED_TEST_P(HttpExchangeContract, HeadSaysTheLengthOfGet) {
  const HttpAnswer answer =
      this->Serve({{"HEAD", "/a", {}, {}, {}}, {}, {}}, [&](const Context& context, HttpExchange& exchange) {
        EXPECT_OK(exchange.Begin(context, {200, {}, int64_t{5} << 40}));
        EXPECT_OK(exchange.Write(context, {}));
      });
  EXPECT_EQ(answer.head.length, int64_t{5} << 40);
  EXPECT_TRUE(answer.body.empty());
  EXPECT_TRUE(answer.complete);
}

TYPED_TEST_P(HttpExchangeContract, NoContentHasNoBody) {
  for (const int status : {204, 304}) {
    const HttpAnswer answer = this->Get([&](const Context& context, HttpExchange& exchange) {
      EXPECT_OK(exchange.Begin(context, {status, {{"ETag", "\"x\""}}, 0}));
    });
    EXPECT_EQ(answer.head.status, status);
    EXPECT_EQ(answer.head.fields.Get("ETag"), "\"x\"");
    EXPECT_TRUE(answer.complete);
  }
}

TYPED_TEST_P(HttpExchangeContract, AShortAnswerIsNeverTakenForAWhole) {
  const HttpAnswer answer = this->Get([&](const Context& context, HttpExchange& exchange) {
    EXPECT_OK(exchange.Begin(context, {200, {}, 100'001}));
    EXPECT_OK(exchange.Write(context, Bytes(100'000, 7)));
  });
  EXPECT_FALSE(answer.complete);
}

TYPED_TEST_P(HttpExchangeContract, AnAbortedAnswerIsNeverTakenForAWhole) {
  for (const std::optional<int64_t> length : {std::optional<int64_t>(10), std::optional<int64_t>()}) {
    const HttpAnswer answer = this->Get([&](const Context& context, HttpExchange& exchange) {
      EXPECT_OK(exchange.Begin(context, {200, {}, length}));
      EXPECT_OK(exchange.Write(context, Bytes(9, 7)));
      exchange.Abort();
    });
    EXPECT_FALSE(answer.complete);
  }
}

TYPED_TEST_P(HttpExchangeContract, WithoutAnAnswerItIs500) {
  const HttpAnswer answer = this->Get([](const Context&, HttpExchange&) {});
  EXPECT_EQ(answer.head.status, 500);
  EXPECT_TRUE(answer.complete);
}

TYPED_TEST_P(HttpExchangeContract, AnAnswerArrivesThoughTheBodyWasNotRead) {
  for (const auto framing : {TestFixture::Framing::kLength, TestFixture::Framing::kChunked}) {
    for (const size_t size : {size_t{1'000}, size_t{5'000'000}}) {
      const HttpAnswer answer = this->Serve({{"PUT", "/a", {}, {}, {}}, PatternBytes(size), framing},
                                            [](const Context& context, HttpExchange& exchange) {
                                              EXPECT_OK(exchange.Begin(context, {403, {}, 6}));
                                              EXPECT_OK(exchange.Write(context, AsBytes("denied")));
                                            });
      EXPECT_EQ(answer.head.status, 403);
      EXPECT_EQ(AsText(answer.body), "denied");
      EXPECT_TRUE(answer.complete);
    }
  }
}

TYPED_TEST_P(HttpExchangeContract, TheContextEndsReadsAndWrites) {
  const HttpAnswer answer =
      this->Serve({{"PUT", "/a", {}, {}, {}}, PatternBytes(10), {}}, [](const Context&, HttpExchange& exchange) {
        const Context cancelled;
        cancelled.Cancel();
        const Context late = Context::WithTimeout(Duration::zero());
        Bytes piece(10);
        EXPECT_CODE(exchange.Read(cancelled, piece), kCancelled);
        EXPECT_CODE(exchange.Read(late, piece), kDeadlineExceeded);
        EXPECT_CODE(exchange.Begin(cancelled, {200, {}, 10}), kCancelled);
        EXPECT_CODE(exchange.Write(cancelled, piece), kCancelled);
        EXPECT_OK(exchange.Begin(TestContext(), {200, {}, 10}));
        EXPECT_CODE(exchange.Write(cancelled, piece), kCancelled);
        EXPECT_CODE(exchange.Write(TestContext(), piece), kUnavailable);
      });
  EXPECT_FALSE(answer.complete);
}

REGISTER_TYPED_TEST_SUITE_P(HttpExchangeContract, TheHeadArrivesAsSent, TheBodyIsReadToItsEnd, ChunksHaveNoLength,
                            NoBodyIsAnEmptyBody, ABodyThatEndsEarlyIsUnavailableAndCanBeAnswered,
                            TheAnswerArrivesAsWritten, AnAnswerNeedsNoLength, AnEmptyAnswerIsComplete,
                            HeadSaysTheLengthOfGet, NoContentHasNoBody, AShortAnswerIsNeverTakenForAWhole,
                            AnAbortedAnswerIsNeverTakenForAWhole, WithoutAnAnswerItIs500,
                            AnAnswerArrivesThoughTheBodyWasNotRead, TheContextEndsReadsAndWrites);

}  // namespace pbfs
