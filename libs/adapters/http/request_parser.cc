#include "libs/adapters/http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <charconv>

namespace pbfs {
namespace {

namespace http = boost::beast::http;

constexpr int kBadRequest = 400;
constexpr int kTargetTooLong = 414;
constexpr int kExpectationFailed = 417;
constexpr int kFieldsTooLarge = 431;
constexpr size_t kLongestMethod = 32;

bool IsControl(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

std::string ToString(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// Digits only, as far as an int64_t goes.
std::optional<int64_t> ParseLength(std::string_view text) {
  int64_t length = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;  // from_chars takes a sign
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return length;
}

}  // namespace

struct RequestParser::Impl {
  http::request_parser<http::buffer_body> parser;
};

RequestParser::RequestParser(const RequestLimits& limits) : limits_(limits), impl_(std::make_unique<Impl>()) {}

RequestParser::~RequestParser() = default;

RequestParser::Head RequestParser::ParseHead(std::string_view in) {
  // RFC 9112 2.2: an empty line before a request is passed over. One; a flood of them is no request.
  const size_t skipped = in.starts_with("\r\n") ? 2 : 0;
  const std::string_view head = in.substr(skipped);
  if (const int refused = Scan(head); refused != 0) return {refused};
  if (!found_) return {};
  auto& parser = impl_->parser;
  parser.header_limit(static_cast<uint32_t>(scanned_) + 1);
  parser.body_limit(UINT64_MAX);  // the handler's to decide; by "none" Beast 1.74 refuses every length
  boost::beast::error_code error;
  const size_t consumed = parser.put({head.data(), scanned_}, error);
  if (error || !parser.is_header_done() || consumed != scanned_) return {kBadRequest};
  if (const int refused = Interpret(); refused != 0) return {refused};
  return {0, true, skipped + consumed};
}

/// Beast takes folded fields, and does not count; it never sees a head that does not pass here. 0, or the status of a refusal.
int RequestParser::Scan(std::string_view in) {
  for (; scanned_ < in.size() && !found_; ++scanned_) {
    const char c = in[scanned_];
    const bool line_begins = scanned_ == line_start_;
    if (scanned_ >= limits_.head_bytes) return lines_ == 0 ? kTargetTooLong : kFieldsTooLarge;
    if (lines_ == 0 && scanned_ > limits_.target_bytes + kLongestMethod) return kTargetTooLong;
    if (c == '\r') {
      if (scanned_ + 1 == in.size()) break;  // looked at again with what follows
      if (in[scanned_ + 1] != '\n') return kBadRequest;
      continue;
    }
    if (c == '\n') {
      if (line_begins || in[scanned_ - 1] != '\r') return kBadRequest;
      const bool empty = scanned_ - line_start_ == 1;
      if (empty && lines_ == 0) return kBadRequest;
      found_ = empty;
      line_start_ = scanned_ + 1;
      if (!empty && lines_++ > limits_.fields) return kFieldsTooLarge;
      continue;
    }
    if (IsControl(c)) return kBadRequest;
    if (line_begins && (c == ' ' || c == '\t')) return kBadRequest;  // obs-fold
  }
  return 0;
}

int RequestParser::Interpret() {
  const auto& message = impl_->parser.get();
  request_.method = ToString(message.method_string());
  request_.target = ToString(message.target());
  for (const auto& field : message) request_.fields.Add(ToString(field.name_string()), ToString(field.value()));
  http_1_0_ = message.version() == 10;
  keep_alive_ = impl_->parser.keep_alive();
  if (request_.target.size() > limits_.target_bytes) return kTargetTooLong;
  if (request_.target.front() != '/' && request_.target != "*") return kBadRequest;
  const int hosts = request_.fields.Count("Host");
  if (hosts > 1 || (hosts == 0 && !http_1_0_)) return kBadRequest;
  if (const int refused = CheckFraming(); refused != 0) return refused;
  const auto expect = request_.fields.Find("Expect");
  if (!expect || http_1_0_) return 0;
  if (!EqualsIgnoreCase(*expect, "100-continue") || request_.fields.Count("Expect") > 1) return kExpectationFailed;
  expects_continue_ = body_length_ != 0;
  return 0;
}

/// Where a request ends must be beyond doubt (RFC 9112 6.3): else the next one may be smuggled in it.
int RequestParser::CheckFraming() {
  const HttpFields& fields = request_.fields;
  const int encodings = fields.Count("Transfer-Encoding");
  const int lengths = fields.Count("Content-Length");
  if (encodings + lengths > 1) return kBadRequest;
  if (encodings == 1) {
    if (http_1_0_ || !EqualsIgnoreCase(fields.Get("Transfer-Encoding"), "chunked")) return kBadRequest;
    if (!impl_->parser.chunked()) return kBadRequest;
    body_length_ = std::nullopt;
  }
  if (lengths == 1) {
    body_length_ = ParseLength(fields.Get("Content-Length"));
    if (!body_length_) return kBadRequest;
  }
  return 0;
}

RequestParser::Decoded RequestParser::DecodeBody(std::string_view in, size_t most, MutableByteSpan scratch) {
  if (!body_length_) return DecodeChunks(in, scratch.first(std::min(most, scratch.size())));
  const int64_t rest = *body_length_ - body_taken_;
  Decoded decoded;
  decoded.consumed = static_cast<size_t>(std::min(rest, static_cast<int64_t>(std::min(most, in.size()))));
  decoded.body = AsBytes(in.substr(0, decoded.consumed));
  body_taken_ += static_cast<int64_t>(decoded.consumed);
  if (body_taken_ == *body_length_) decoded.state = Body::kEnd;
  return decoded;
}

RequestParser::Decoded RequestParser::DecodeChunks(std::string_view in, MutableByteSpan out) {
  auto& parser = impl_->parser;
  // What is left of a body in chunks is never shorter than "0\r\n\r\n", and Beast asserts that it sees as much.
  constexpr size_t kShortest = 5;
  Decoded decoded;
  size_t produced = 0;
  while (!parser.is_done() && in.size() - decoded.consumed >= kShortest && produced < out.size()) {
    auto& body = parser.get().body();
    body.data = out.data() + produced;
    body.size = out.size() - produced;
    body.more = true;
    boost::beast::error_code error;
    decoded.consumed += parser.put({in.data() + decoded.consumed, in.size() - decoded.consumed}, error);
    produced = out.size() - body.size;
    decoded.body = out.first(produced);
    if (error == http::error::need_more) break;
    if (error && error != http::error::need_buffer) {
      decoded.state = Body::kMalformed;
      return decoded;
    }
  }
  if (parser.is_done()) decoded.state = Body::kEnd;
  return decoded;
}

}  // namespace pbfs
