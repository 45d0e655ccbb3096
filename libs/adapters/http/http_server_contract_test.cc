#include <string>

#include "libs/adapters/http/testing/server_fixture.h"

namespace pbfs {
namespace {

std::string Chunked(ByteSpan body) {
  std::string wire;
  for (size_t at = 0; at < body.size(); at += 10'007) {
    const ByteSpan piece = body.subspan(at, std::min<size_t>(10'007, body.size() - at));
    char size[20];
    snprintf(size, sizeof size, "%zX;x=y\r\n", piece.size());
    wire += size;
    wire += AsText(piece);
    wire += "\r\n";
  }
  return wire + "0\r\nTrailer: t\r\n\r\n";
}

std::string Wire(const SentRequest& sent) {
  using Framing = SentRequest::Framing;
  std::string head = sent.head.method + ' ' + sent.head.target + " HTTP/1.1\r\nHost: h\r\n";
  for (const auto& [name, value] : sent.head.fields) head += name + ": " + value + "\r\n";
  if (sent.framing == Framing::kChunked) return head + "Transfer-Encoding: chunked\r\n\r\n" + Chunked(sent.body);
  const size_t length = sent.body.size() + (sent.framing == Framing::kCutShort ? 1000 : 0);
  if (length > 0) head += "Content-Length: " + std::to_string(length) + "\r\n";
  return head + "\r\n" + std::string(AsText(sent.body));
}

template <bool kTls>
class ServerFixture {
 public:
  HttpAnswer Serve(HttpHandler& handler, const SentRequest& sent) {
    static const TestCertificates certificates;
    TestServer server([&](const Context& context, HttpExchange& exchange) { handler.Handle(context, exchange); }, {},
                      kTls ? &certificates : nullptr);
    RawClient client = server.Connect();
    EXPECT_TRUE(client.ok());
    client.Send(Wire(sent));
    if (sent.framing == SentRequest::Framing::kCutShort) client.FinishSending();
    return client.ReadAnswer(sent.head.method);
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Tcp, HttpExchangeContract, ServerFixture<false>);
INSTANTIATE_TYPED_TEST_SUITE_P(Tls, HttpExchangeContract, ServerFixture<true>);

}  // namespace
}  // namespace pbfs
