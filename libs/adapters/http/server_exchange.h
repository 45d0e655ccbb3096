#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "libs/adapters/http/response_head.h"
#include "libs/base/sync.h"
#include "libs/http/exchange.h"

namespace pbfs {

/// One request between two threads: the handler's, which may block, and the one that serves the connection's socket, which may
/// not. Bytes of the request and of the answer pass through two buffers each, of which one is filled while the other is emptied; but
/// while the handler waits, bytes of the request go right where he wants them, and long writes of the answer are sent from his memory.
class ServerExchange final : public HttpExchange {
 public:
  static constexpr size_t kBuffer = 512 * 1024;  // of each of the four, about
  static constexpr size_t kSmallAnswer = 64 * 1024;
  static constexpr int64_t kMostDropped = 256 * 1024;  // of a body that nobody reads

  struct Origin {
    HttpRequest request;
    std::optional<int64_t> body_length;
    bool http_1_0 = false;
    bool keep_alive = false;
    bool expects_continue = false;
  };
  /// `kick` asks the connection to look at Take() and Look() soon, on its own thread; called on the handler's. `draining` outlives it.
  ServerExchange(Origin origin, std::function<void()> kick, const std::atomic<bool>& draining);

  // The handler's thread.
  const HttpRequest& request() const override { return origin_.request; }
  std::optional<int64_t> BodyLength() const override { return origin_.body_length; }
  Result<size_t> Read(const Context& context, MutableByteSpan out) override;
  Status Begin(const Context& context, const HttpResponse& response) override;
  Status Write(const Context& context, ByteSpan bytes) override;
  void Abort() override;
  /// Lets `handler` serve the request, ends the answer, and waits until so little of it is left that no thread is needed.
  void Serve(HttpHandler& handler);

  // The connection's thread.
  bool expects_continue() const { return origin_.expects_continue; }
  /// How many more bytes of the body there is room for; where it is 0 there will be a kick when there is.
  size_t Room();
  void Append(ByteSpan bytes);
  /// OK: that was the whole body; else what Read() then fails with.
  void EndBody(Status status);
  struct State {
    bool read = false;      // the handler has asked for the body
    bool begun = false;     // and will not (any more)
    bool finished = false;  // the answer is whole, and all of it was taken or can be
    bool broken = false;    // if finished: it cannot be ended well
    bool close = false;     // if begun: the connection ends with it
    bool recalled = false;  // the handler wants back what he lent: the connection has to be cut
  };
  State Look();
  /// The next bytes of the answer; empty: none yet. They are in `sent`, of which the former have been sent, or the handler's, who waits
  /// until they are Sent(), or the connection has Fail()ed: not before nobody reads them any more.
  ByteSpan Take(Bytes& sent);
  /// Of what was taken `bytes` more have been sent.
  void Sent(size_t bytes);
  /// The connection is lost: what waits now and what is tried later fails with `status`, and the handler's context is cancelled.
  void Fail(const Status& status);

 private:
  bool MustClose() const PBFS_REQUIRES(mutex_);
  Result<size_t> TakeArriving(const Context& context, MutableByteSpan out) PBFS_REQUIRES(mutex_);
  Status Why(Status ended);
  Status CheckWritable(const Context& context) PBFS_REQUIRES(mutex_);
  Status WaitWritable(const Context& context) PBFS_REQUIRES(mutex_);
  void BeginLocked(const HttpResponse& response) PBFS_REQUIRES(mutex_);
  void AppendPiece(ByteSpan piece) PBFS_REQUIRES(mutex_);
  Status Lend(const Context& context, ByteSpan bytes) PBFS_REQUIRES(mutex_);
  void EndAnswer();
  void WaitSent();
  void Kick() PBFS_REQUIRES(mutex_);

  const Origin origin_;
  const std::function<void()> kick_;
  const std::atomic<bool>& draining_;
  const Context context_;  // the handler's

  // The handler's thread only.
  Bytes reading_;
  size_t read_ = 0;
  std::optional<int64_t> length_;
  ResponseFraming framing_;
  int64_t written_ = 0;

  Mutex mutex_;
  CondVar changed_;
  bool kicked_ PBFS_GUARDED_BY(mutex_) = false;
  // The request's body.
  MutableByteSpan wanted_
      PBFS_GUARDED_BY(mutex_);  // where the waiting handler wants more of it; then arrived_ is empty
  Bytes arrived_ PBFS_GUARDED_BY(mutex_);
  int64_t arrived_total_ PBFS_GUARDED_BY(mutex_) = 0;
  bool full_ PBFS_GUARDED_BY(mutex_) = false;  // the connection waits for room
  bool body_ended_ PBFS_GUARDED_BY(mutex_) = false;
  Status read_status_ PBFS_GUARDED_BY(mutex_);
  bool read_asked_ PBFS_GUARDED_BY(mutex_) = false;
  // The answer.
  bool begun_ PBFS_GUARDED_BY(mutex_) = false;
  bool finished_ PBFS_GUARDED_BY(mutex_) = false;
  bool broken_ PBFS_GUARDED_BY(mutex_) = false;
  bool close_ PBFS_GUARDED_BY(mutex_) = false;
  Bytes waiting_ PBFS_GUARDED_BY(mutex_);
  ByteSpan lent_ PBFS_GUARDED_BY(mutex_);  // what comes behind it
  bool sends_lent_ PBFS_GUARDED_BY(mutex_) = false;
  bool beyond_head_ PBFS_GUARDED_BY(mutex_) = false;  // of the answer: there is something to send it with, or its end
  size_t sending_ PBFS_GUARDED_BY(mutex_) = 0;        // bytes that were taken and not sent yet
  Status lost_ PBFS_GUARDED_BY(mutex_);               // what Fail() said
};

}  // namespace pbfs
