#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "libs/http/message.h"

namespace pbfs {

/// How the body of an answer is delimited, and what else its head says besides the handler's fields.
struct ResponseFraming {
  enum class Body {
    kNone,        // 204, 304
    kLength,      // Content-Length, with a body or without one (HEAD)
    kUnknown,     // HEAD of what has no length
    kChunked,     // HTTP/1.1
    kUntilClose,  // HTTP/1.0
  } body = Body::kLength;
  bool http_1_0 = false;
  bool close = false;  // the connection ends with this answer
};

/// What `response` to a request of `method` is delimited by; kUntilClose means that the caller must close.
ResponseFraming::Body ChooseFraming(const HttpResponse& response, std::string_view method, bool http_1_0);

/// The head up to and with its empty line. Fields that the server adds are dropped from `response`, control characters in
/// others become blanks: what a client chose may be in them, and must not become a field or an answer.
std::string ResponseHead(const HttpResponse& response, const ResponseFraming& framing, int64_t now_seconds);

/// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 5.6.7).
std::string HttpDate(int64_t unix_seconds);

}  // namespace pbfs
