#include <string>

#include "libs/adapters/http/request_parser.h"
#include "libs/base/bytes.h"
#include "libs/base/check.h"

namespace {

using pbfs::RequestParser;

constexpr pbfs::RequestLimits kLimits{1000, 20, 200};

struct Outcome {
  int refused = 0;
  pbfs::HttpRequest request;
  std::optional<int64_t> length;
  RequestParser::Body state = RequestParser::Body::kMore;
  std::string body;
  size_t consumed = 0;
};

/// What `text` is, if `piece` bytes of it come at a time and as many are taken out.
Outcome Parse(std::string_view text, size_t piece) {
  RequestParser parser(kLimits);
  Outcome outcome;
  RequestParser::Head head;
  size_t end = 0;
  while (!head.done && head.refused == 0 && end < text.size()) {
    end = std::min(end + piece, text.size());
    head = parser.ParseHead(text.substr(0, end));
  }
  outcome.refused = head.refused;
  if (!head.done) return outcome;
  outcome.request = parser.request();
  outcome.length = parser.body_length();
  outcome.consumed = head.consumed;
  pbfs::Bytes out(piece);
  while (outcome.state == RequestParser::Body::kMore) {
    const auto step = parser.DecodeBody(text.substr(outcome.consumed, end - outcome.consumed), piece, out);
    outcome.state = step.state;
    outcome.consumed += step.consumed;
    PBFS_CHECK(step.body.size() <= piece);
    outcome.body += pbfs::AsText(step.body);
    if (step.consumed + step.body.size() > 0) continue;
    if (end == text.size()) break;
    end = std::min(end + piece, text.size());
  }
  return outcome;
}

/// What was taken leaves no doubt about where it ends.
void CheckHead(const Outcome& outcome) {
  const pbfs::HttpFields& fields = outcome.request.fields;
  PBFS_CHECK(fields.size() <= kLimits.fields && outcome.request.target.size() <= kLimits.target_bytes);
  PBFS_CHECK(outcome.request.target.starts_with('/') || outcome.request.target == "*");
  PBFS_CHECK(fields.Count("Content-Length") + fields.Count("Transfer-Encoding") <= 1);
  PBFS_CHECK(fields.Has("Transfer-Encoding") == !outcome.length.has_value());
  PBFS_CHECK(!outcome.length || *outcome.length >= 0);
  for (const auto& [name, value] : fields) {
    PBFS_CHECK(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos);
    PBFS_CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
  }
}

}  // namespace

// The first byte says how many bytes come at a time; the pieces change nothing.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view text = pbfs::AsText({data + 1, size - 1});
  const Outcome whole = Parse(text, text.size() + 1), pieces = Parse(text, data[0] % 64 + 1);
  PBFS_CHECK(whole.refused == pieces.refused && whole.request.method == pieces.request.method);
  if (whole.request.method.empty() || whole.refused != 0) return 0;
  CheckHead(whole);
  PBFS_CHECK(whole.request.target == pieces.request.target && whole.length == pieces.length);
  PBFS_CHECK(whole.state == pieces.state);
  const bool ended = whole.state == RequestParser::Body::kEnd;
  PBFS_CHECK(whole.body.starts_with(pieces.body) || pieces.body.starts_with(whole.body));
  if (ended) PBFS_CHECK(whole.body == pieces.body && whole.consumed == pieces.consumed);
  if (ended && whole.length) PBFS_CHECK(std::ssize(whole.body) == *whole.length);
  return 0;
}
