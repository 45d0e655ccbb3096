#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "libs/base/bytes.h"
#include "libs/http/message.h"

namespace pbfs {

struct RequestLimits {
  size_t head_bytes = 32 * 1024;
  size_t fields = 200;
  size_t target_bytes = 16 * 1024;
};

/// The bytes of one request: its head, then its body. Beast parses; what it would let pass and another parser might read otherwise
/// is refused here. Nothing of Beast shows, so that only one file compiles it.
/// Threads: one at a time.
class RequestParser {
 public:
  explicit RequestParser(const RequestLimits& limits);
  ~RequestParser();

  struct Head {
    int refused = 0;      // the status of the answer, after which the connection is closed; 0: none
    bool done = false;    // the head is there, request() and what follows it may be asked
    size_t consumed = 0;  // bytes of `in` that were the head
  };
  /// Looks for the head in `in`: all bytes since the request before, of which the next call repeats those not consumed.
  Head ParseHead(std::string_view in);

  /// Without `secure` and `peer`.
  const HttpRequest& request() const { return request_; }
  /// By Content-Length; 0 without a body; none: in chunks.
  std::optional<int64_t> body_length() const { return body_length_; }
  bool http_1_0() const { return http_1_0_; }
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }

  enum class Body { kMore, kEnd, kMalformed };
  struct Decoded {
    Body state = Body::kMore;
    size_t consumed = 0;  // of `in`; the next call repeats the rest
    ByteSpan body;        // what that was of the body, in `scratch`, or where it is in `in`
  };
  /// Bytes of the body out of `in`, at most `most`; of a body in chunks no more than `scratch` has room for. kMore without progress: more than
  /// `in` is needed.
  Decoded DecodeBody(std::string_view in, size_t most, MutableByteSpan scratch);

 private:
  struct Impl;
  int Scan(std::string_view in);
  int Interpret();
  int CheckFraming();
  Decoded DecodeChunks(std::string_view in, MutableByteSpan out);

  const RequestLimits limits_;
  std::unique_ptr<Impl> impl_;
  // Of the scan for the end of the head: all before is fit to be one.
  size_t scanned_ = 0;
  size_t lines_ = 0;
  size_t line_start_ = 0;
  bool found_ = false;

  HttpRequest request_;
  std::optional<int64_t> body_length_ = 0;
  int64_t body_taken_ = 0;  // of those
  bool http_1_0_ = false;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
};

}  // namespace pbfs
