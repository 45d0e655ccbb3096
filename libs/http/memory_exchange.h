#pragma once

#include <optional>

#include "libs/http/exchange.h"

namespace pbfs {

/// What a client sees of an answer.
struct HttpAnswer {
  bool begun = false;
  HttpResponse head;
  Bytes body;
  bool complete = false;  // false: the connection broke before the end of the body, and the client can tell
};

/// An exchange without a server, for tests of handlers: the request is given, the answer is kept.
/// Threads: one at a time.
class MemoryExchange final : public HttpExchange {
 public:
  explicit MemoryExchange(HttpRequest request, Bytes body = {});

  /// The body comes in chunks: its length is not known.
  void SendInChunks() { length_ = std::nullopt; }
  /// Read() gives at most so many bytes at once; 64 KiB at first.
  void set_read_limit(size_t bytes) { read_limit_ = bytes; }
  /// Read() gives the first `bytes` bytes of the body and then `status`.
  void FailReadsAfter(size_t bytes, Status status);
  /// Write() takes the first `bytes` bytes of the answer's body and then fails with `status`; so does Begin() if 0.
  void FailWritesAfter(size_t bytes, Status status);

  /// Serves this exchange as a server does, once, with its answer 500 where the handler gives none.
  const HttpAnswer& Serve(const Context& context, HttpHandler& handler);
  const HttpAnswer& answer() const { return answer_; }

  const HttpRequest& request() const override { return request_; }
  std::optional<int64_t> BodyLength() const override { return length_; }
  Result<size_t> Read(const Context& context, MutableByteSpan out) override;
  Status Begin(const Context& context, const HttpResponse& response) override;
  Status Write(const Context& context, ByteSpan bytes) override;
  void Abort() override { broken_ = true; }

 private:
  struct Failure {
    size_t after = 0;
    Status status;
  };
  bool Complete() const;

  const HttpRequest request_;
  const Bytes body_;
  std::optional<int64_t> length_;
  size_t read_limit_ = 64 * 1024;
  size_t read_ = 0;
  std::optional<Failure> read_failure_;
  std::optional<Failure> write_failure_;
  bool broken_ = false;
  HttpAnswer answer_;
};

}  // namespace pbfs
