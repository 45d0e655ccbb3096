#include "libs/adapters/http/request_parser.h"

#include <string>

#include "libs/base/testing.h"

namespace pbfs {
namespace {

constexpr RequestLimits kLimits{2000, 10, 500};

RequestParser::Head Parse(std::string_view text) { return RequestParser(kLimits).ParseHead(text); }

/// The same, a byte at a time, as a hostile network may bring it.
RequestParser::Head ParseSlowly(std::string_view text) {
  RequestParser parser(kLimits);
  RequestParser::Head head;
  for (size_t size = 1; size <= text.size() && !head.done && head.refused == 0; ++size) {
    head = parser.ParseHead(text.substr(0, size));
  }
  return head;
}

std::string WithFields(std::string_view fields) {
  return "PUT /a HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

TEST(RequestParser, HeadIsWhatWasSent) {
  const std::string text =
      "GET /a%20b?c=%2F HTTP/1.1\r\nHost: h:80\r\nX-A:  one, two \r\nEmpty:\r\nx-a: \xc3\xa9\r\n\r\nnext";
  for (const bool slowly : {false, true}) {
    RequestParser parser(kLimits);
    RequestParser::Head head;
    for (size_t size = slowly ? 1 : text.size(); size <= text.size() && !head.done; ++size) {
      head = parser.ParseHead(std::string_view(text).substr(0, size));
      ASSERT_EQ(head.refused, 0);
    }
    ASSERT_TRUE(head.done);
    EXPECT_EQ(head.consumed, text.size() - 4);
    EXPECT_EQ(parser.request().method, "GET");
    EXPECT_EQ(parser.request().target, "/a%20b?c=%2F");
    EXPECT_EQ(parser.request().fields.size(), 4u);
    EXPECT_EQ(parser.request().fields.Get("x-a"), "one, two");
    EXPECT_EQ(parser.request().fields.Count("x-a"), 2);
    EXPECT_EQ(parser.body_length(), 0);
    EXPECT_TRUE(parser.keep_alive());
  }
}

TEST(RequestParser, WhatFollowsTheHeadIsReadFromIt) {
  struct {
    std::string_view text;
    std::optional<int64_t> length;
    bool keep_alive;
    bool expects_continue;
  } const cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 0, true, false},
      {"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 0, true, false},
      {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 0, true, false},
      {"GET / HTTP/1.0\r\n\r\n", 0, false, false},
      {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0, true, false},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n", 0, false, false},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775807\r\n\r\n", INT64_MAX, true, false},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 007\r\nExpect: 100-Continue\r\n\r\n", 7, true, true},
      {"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n", 0, true, false},
      {"PUT / HTTP/1.0\r\nContent-Length: 7\r\nExpect: 100-continue\r\n\r\n", 7, false, false},
      {"PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n", std::nullopt, true, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    RequestParser parser(kLimits);
    const RequestParser::Head head = parser.ParseHead(c.text);
    ASSERT_TRUE(head.done) << head.refused;
    EXPECT_EQ(head.consumed, c.text.size());
    EXPECT_EQ(parser.body_length(), c.length);
    EXPECT_EQ(parser.keep_alive(), c.keep_alive);
    EXPECT_EQ(parser.expects_continue(), c.expects_continue);
  }
}

TEST(RequestParser, WhatIsAmbiguousIsRefused) {
  using namespace std::literals;
  const std::pair<std::string, int> cases[] = {
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\nHost: h\n\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: h\r\rX: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},                        // no Host
      {"GET / HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n", 400},  // two
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /\tb HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET /\x01 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
      {"GET /\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 400},
      {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET http://h/a HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"\x16\x03\x01\x02"s, 400},  // a TLS client
      {WithFields("A\r\n"), 400},
      {WithFields(": b\r\n"), 400},
      {WithFields("A : b\r\n"), 400},
      {WithFields("A\t: b\r\n"), 400},
      {WithFields(" A: b\r\n"), 400},
      {WithFields("A: b\r\n c\r\n"), 400},  // obs-fold
      {WithFields("A: \r\n\tc\r\n"), 400},  // and where Beast would drop it
      {WithFields("A: b\0c\r\n"s), 400},
      {WithFields("A: b\x0b\r\n"), 400},
      {WithFields("A: b\x7f\r\n"), 400},
      {WithFields("A\0: b\r\n"s), 400},
      {WithFields("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400},
      {WithFields("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400},
      {WithFields("Content-Length: 1\r\nContent-Length: 2\r\n"), 400},
      {WithFields("Content-Length: 1\r\nContent-Length: 1\r\n"), 400},
      {WithFields("Content-Length: 1, 1\r\n"), 400},
      {WithFields("Content-Length: -1\r\n"), 400},
      {WithFields("Content-Length: +1\r\n"), 400},
      {WithFields("Content-Length: 0x1\r\n"), 400},
      {WithFields("Content-Length: 1 2\r\n"), 400},
      {WithFields("Content-Length:\r\n"), 400},
      {WithFields("Content-Length: 9223372036854775808\r\n"), 400},
      {WithFields("Content-Length: 18446744073709551617\r\n"), 400},
      {WithFields("Transfer-Encoding: gzip\r\n"), 400},
      {WithFields("Transfer-Encoding: gzip, chunked\r\n"), 400},
      {WithFields("Transfer-Encoding: chunked, identity\r\n"), 400},
      {WithFields("Transfer-Encoding: identity\r\n"), 400},
      {WithFields("Transfer-Encoding: \"chunked\"\r\n"), 400},
      {WithFields("Transfer-Encoding: xchunked\r\n"), 400},
      {WithFields("Transfer-Encoding:\r\n"), 400},
      {WithFields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400},
      {"PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {WithFields("Expect: 200-ok\r\nContent-Length: 1\r\n"), 417},
      {"GET /" + std::string(600, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414},
      {"GET /" + std::string(3000, 'a'), 414},
      {WithFields("A: " + std::string(3000, 'a') + "\r\n"), 431},
      {WithFields("A: " + std::string(3000, 'a')), 431},
      {WithFields("A:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\n"), 431},
  };
  for (const auto& [text, status] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(Parse(text).refused, status);
    EXPECT_EQ(ParseSlowly(text).refused, status);
  }
}

TEST(RequestParser, AsManyFieldsAsAllowed) {
  EXPECT_TRUE(Parse(WithFields("A:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\nA:b\r\n")).done);
}

TEST(RequestParser, AHeadThatIsNotThereYetIsWaitedFor) {
  for (const std::string_view text :
       {"", "G", "GET / HTTP/1.1\r", "GET / HTTP/1.1\r\nHost: h\r\n", "GET / HTTP/1.1\r\nHost: h\r\n\r"}) {
    const RequestParser::Head head = Parse(text);
    EXPECT_EQ(head.refused, 0) << text;
    EXPECT_FALSE(head.done) << text;
  }
}

struct Body {
  RequestParser::Body state = RequestParser::Body::kMore;
  std::string bytes;
  size_t consumed = 0;
};

/// What of `wire` is the body, fed in pieces of `piece` bytes into room for `room`.
Body Decode(std::string_view fields, std::string_view wire, size_t piece, size_t room) {
  RequestParser parser(kLimits);
  EXPECT_TRUE(parser.ParseHead(WithFields(fields)).done);
  Body body;
  Bytes out(room);
  for (size_t end = std::min(piece, wire.size()); body.state == RequestParser::Body::kMore;) {
    const auto step = parser.DecodeBody(wire.substr(body.consumed, end - body.consumed), room, out);
    body.state = step.state;
    body.consumed += step.consumed;
    EXPECT_LE(step.body.size(), room);
    body.bytes += AsText(step.body);
    if (step.consumed + step.body.size() > 0) continue;
    if (end == wire.size()) break;
    end = std::min(end + piece, wire.size());
  }
  return body;
}

TEST(RequestParser, BodiesComeOutHoweverTheyComeIn) {
  constexpr std::string_view kChunked =
      "5;a=\"b\"\r\nhello\r\n1\r\n \r\n00F ; c\r\nwonderful world\r\n0;last\r\nTrailer: x\r\nB: y\r\n\r\n";
  for (const size_t piece : {1, 2, 3, 7, 1000}) {
    for (const size_t room : {1, 4, 1000}) {
      const std::string next = "GET / HTTP/1.1";
      const Body chunked = Decode("Transfer-Encoding: chunked\r\n", std::string(kChunked) + next, piece, room);
      EXPECT_EQ(chunked.state, RequestParser::Body::kEnd) << piece << ' ' << room;
      EXPECT_EQ(chunked.bytes, "hello wonderful world");
      EXPECT_EQ(chunked.consumed, kChunked.size());
      const Body plain = Decode("Content-Length: 10\r\n", "0123456789" + next, piece, room);
      EXPECT_EQ(plain.state, RequestParser::Body::kEnd);
      EXPECT_EQ(plain.bytes, "0123456789");
      EXPECT_EQ(plain.consumed, 10u);
    }
  }
}

TEST(RequestParser, MalformedChunksAreFound) {
  for (const std::string_view wire :
       {"x\r\nab", "-1\r\na", "\r\n\r\na", "0x5\r\nhello\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\r\nhelloX0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\rhello\r\n0\r\n\r\n", "10000000000000000\r\na",
        "FFFFFFFFFFFFFFFFF\r\na", "5;=a\r\nhello\r\n0\r\n\r\n", "5;a=\"\r\nhello\"\r\n0\r\n\r\n",
        "0\r\nContent-Length: 5\r\n\r\n", "0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nbad field\r\n\r\n",
        "0\r\nA: \x01\r\n\r\n"}) {
    for (const size_t piece : {1, 1000}) {
      SCOPED_TRACE(wire);
      EXPECT_EQ(Decode("Transfer-Encoding: chunked\r\n", wire, piece, 1000).state, RequestParser::Body::kMalformed);
    }
  }
}

TEST(RequestParser, RandomBytesAreNeverTaken) {
  uint64_t state = TestSeed();
  SCOPED_TRACE(state);
  const auto next = [&state] {
    return static_cast<uint32_t>((state = state * 6364136223846793005u + 1442695040888963407u) >> 33);
  };
  const std::string_view alphabet = "\r\n\r\n \t:;aG/0195,=\"";
  for (int i = 0; i < TestScaled(3000); ++i) {
    std::string fields;
    while (fields.size() < 30) fields += alphabet[next() % alphabet.size()];
    RequestParser parser(kLimits);
    if (!parser.ParseHead(WithFields(fields)).done) continue;
    for (const auto& [name, value] : parser.request().fields) {
      EXPECT_EQ(value.find_first_of("\r\n"), std::string::npos) << fields;
      EXPECT_EQ(name.find_first_of(" \t\r\n"), std::string::npos) << fields;
    }
    Bytes out(8);
    const std::string body = fields.substr(next() % 20);
    const auto step = parser.DecodeBody(body, out.size(), out);
    EXPECT_LE(step.consumed, body.size());
  }
}

}  // namespace
}  // namespace pbfs
