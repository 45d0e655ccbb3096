#pragma once

#include <optional>
#include <string>
#include <utility>

#include "libs/base/bytes.h"
#include "libs/base/context.h"
#include "libs/base/result.h"
#include "libs/http/message.h"

/// The port to HTTP: who serves requests (HttpHandler) and what of a server it sees (HttpExchange). Implementations:
/// memory_exchange.h, libs/adapters/http.
namespace pbfs {

/// One request and its answer, on one thread at a time. Everything blocks until it is done, the connection is lost
/// (UNAVAILABLE), the other end is too slow (DEADLINE_EXCEEDED) or the context ends.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;
  /// Bytes of the request's body by its Content-Length, 0 without a body; none: it is sent in chunks, and its length is not known.
  virtual std::optional<int64_t> BodyLength() const = 0;
  /// Bytes of the body, without HTTP's own chunks: at least one, and as many as are there; 0 at its end. The first call answers
  /// "100 Continue" where the other end waits for that. Errors besides: INVALID_ARGUMENT malformed chunks; UNAVAILABLE also: the
  /// body ended too early; CANCELLED the server is being stopped.
  virtual Result<size_t> Read(const Context& context, MutableByteSpan out) = 0;

  /// Sends the head of the answer, once. What of the request's body was not read is then read and dropped where that is little,
  /// else the connection ends with the answer.
  virtual Status Begin(const Context& context, const HttpResponse& response) = 0;
  /// Sends bytes of the answer's body; never more than its length. Not for answers to HEAD, nor with status 204 or 304.
  virtual Status Write(const Context& context, ByteSpan bytes) = 0;
  // The answer ends when the handler returns: where fewer bytes were sent than were promised, the connection is broken.
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Serves one request. Called from many threads at once. Where it returns without having begun an answer, the server answers 500.
  virtual void Handle(const Context& context, HttpExchange& exchange) = 0;
  /// The answer to a request for which the server has no room, and its body: sent without a call of Handle().
  virtual std::pair<HttpResponse, std::string> Overloaded() const = 0;
};

}  // namespace pbfs
