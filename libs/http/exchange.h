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
/// (UNAVAILABLE), the other end is too slow (DEADLINE_EXCEEDED), the server is being stopped (CANCELLED) or the context ends
/// (CANCELLED, DEADLINE_EXCEEDED). After an error of Read() or Begin() an answer may still be tried; after one of Write() or Abort()
/// the connection is broken, and what is tried then is UNAVAILABLE.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  virtual const HttpRequest& request() const = 0;
  /// Bytes of the request's body by its Content-Length, 0 without a body; none: it is sent in chunks, and its length is not known.
  virtual std::optional<int64_t> BodyLength() const = 0;
  /// Bytes of the body, without HTTP's own chunks and trailers: at least one, and at most out.size() > 0, as many as are there; 0
  /// at its end, and again after it. The first call answers "100 Continue" where the other end waits for that. Not after Begin().
  /// Errors besides: INVALID_ARGUMENT malformed chunks; UNAVAILABLE also: the body ended too early. Each repeats.
  virtual Result<size_t> Read(const Context& context, MutableByteSpan out) = 0;

  /// The head of the answer, once; it leaves with the first bytes of the body or when the handler returns. What of the request's
  /// body was not read is then dropped where that is little, else the connection ends with the answer.
  virtual Status Begin(const Context& context, const HttpResponse& response) = 0;
  /// Bytes of the answer's body, after Begin() and never more than its length. They may still be in a buffer on return: an error
  /// is told by a later call or by none. Only empty ones, which send nothing, in answers to HEAD and with status 204 or 304.
  virtual Status Write(const Context& context, ByteSpan bytes) = 0;
  /// The answer cannot be ended as it was begun: the connection is broken when the handler returns, so that nobody takes the part
  /// for the whole.
  virtual void Abort() = 0;
  // The answer ends when the handler returns: where fewer bytes were sent than were promised, the connection is broken as well.
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Serves one request. Called from many threads at once. Where it returns without having begun an answer, the server answers 500
  /// without a body. The context has no deadline; it is cancelled when the connection is seen to be lost or the server stops.
  virtual void Handle(const Context& context, HttpExchange& exchange) = 0;
  /// The answer to a request for which the server has no room, and its body: sent without a call of Handle().
  virtual std::pair<HttpResponse, std::string> Overloaded() const = 0;
};

/// Whether an answer of `status` to a request of `method` has a body.
inline bool HasBody(std::string_view method, int status) { return method != "HEAD" && status != 204 && status != 304; }

}  // namespace pbfs
