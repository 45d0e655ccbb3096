#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "libs/adapters/http/byte_stream.h"
#include "libs/adapters/http/http_server.h"
#include "libs/adapters/http/lazy_timer.h"
#include "libs/adapters/http/request_parser.h"
#include "libs/adapters/http/server_exchange.h"
#include "libs/adapters/http/worker_pool.h"

namespace pbfs {

class Connection;

/// One thread and what it serves.
struct IoThread {
  asio::io_context context{1};
  /// For bytes that nobody needs after the call in which they came; the reads of several connections may share it only for bytes
  /// that nobody needs at all.
  std::array<uint8_t, 64 * 1024> scratch{};
  std::unordered_set<std::shared_ptr<Connection>> connections;  // on this thread only
};

/// What all connections of a server share; it outlives them.
struct ServerShared {
  const HttpServerOptions& options;
  HttpHandler& handler;
  WorkerPool& workers;
  std::atomic<bool> draining = false;
  std::atomic<int64_t> idle = 0;
  std::atomic<int64_t> requests = 0;
  std::atomic<int64_t> requests_total = 0;
  std::atomic<int64_t> overloaded_total = 0;
  std::atomic<int64_t> refused_total = 0;
  std::atomic<int64_t> bytes_in_total = 0;
  std::atomic<int64_t> bytes_out_total = 0;
};

/// Bytes that came and were not understood yet.
class InputBuffer {
 public:
  std::string_view view() const { return {bytes_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  /// Room for `size` more bytes; Commit() says how many came.
  asio::mutable_buffer Prepare(size_t size);
  void Commit(size_t size) { end_ += size; }
  void Consume(size_t size) { begin_ += size; }
  /// Gives memory back that was for bodies.
  void Shrink();

 private:
  std::vector<char> bytes_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

/// The life of one connection: requests one after another, each read ahead, served on a thread of the pool, and answered.
/// Threads: that of its IoThread, and Kick() any.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  /// `closed` is called once, at the end.
  Connection(IoThread& io, ServerShared& shared, std::unique_ptr<ByteStream> stream, bool secure,
             std::function<void()> closed);

  void Start();
  /// The server drains: ends the connection if no request has begun.
  void Drain();
  /// Breaks the connection off; what the handler waits for fails with `status`.
  void Cut(const Status& status);

 private:
  enum class Phase {
    kHandshake,  // TLS
    kHead,       // waits for a request, and reads its head
    kGathering,  // reads the beginning of its body
    kServing,    // the handler has it; the rest of the body and the answer pass
    kRefusing,   // sends an answer of our own, the last one
    kClosing,    // has sent everything; drops what still comes, so that the other end can read the answer
    kClosed,
  };

  // Reading.
  void AwaitRequest();
  void Read();
  void OnRead(const error_code& error, size_t bytes);
  void OnReadError(const error_code& error);
  void OnReadTimer();
  void ParseHead();
  void BeginRequest();
  void PumpBody();
  bool DecodeSome();
  void ReadBody();
  void EndBody(Status status);
  bool Gathered() const;
  // Serving.
  void Dispatch();
  void Kick();
  void Step();
  bool EndsRequest();
  void EndRequest();
  // Writing.
  void PumpAnswer(const ServerExchange::State& state);
  void WriteSome();
  void OnWrite(const error_code& error, size_t bytes);
  void OnWriteTimer();
  void Refuse(int status);
  void SendLast(const HttpResponse& response, std::string_view body);
  // The end.
  void Close();
  void ShutDown();
  void DropRest();
  void CloseNow();
  void CloseNow(const Status& status);

  void SetIdle(bool idle);
  void SetServing(bool serving);
  bool InBody() const { return phase_ == Phase::kGathering || phase_ == Phase::kServing; }
  int64_t LeastInWindow() const;

  IoThread& io_;
  ServerShared& shared_;
  const std::unique_ptr<ByteStream> stream_;
  const bool secure_;
  const std::function<void()> closed_;
  std::string peer_;
  Phase phase_ = Phase::kHandshake;
  bool idle_ = false;
  bool serving_ = false;

  InputBuffer in_;
  bool reading_ = false;  // an operation is under way
  LazyTimer read_timer_;
  int64_t rate_read_ = 0;  // bytes in this window

  Bytes out_;
  ByteSpan out_rest_;      // what of it, or of the handler's memory, has not been sent
  bool out_ours_ = false;  // not the exchange's
  bool writing_ = false;
  LazyTimer write_timer_;
  int64_t rate_written_ = 0;

  // Of the present request.
  std::unique_ptr<RequestParser> parser_;
  std::shared_ptr<ServerExchange> exchange_;
  size_t body_read_ = 0;       // bytes of the next read of the body
  int64_t received_ = 0;       // bytes of the body
  int64_t dropped_ = 0;        // of those: that nobody reads
  bool body_over_ = false;     // it ended, or no more of it is wanted
  bool dropping_ = false;      // the answer was begun
  bool continue_due_ = false;  // 100 is to be sent
  bool may_continue_ = false;  // the other end was told, or did not ask
  bool answer_over_ = false;   // all of it was sent
  bool close_ = false;         // after it
};

}  // namespace pbfs
