#include "libs/adapters/http/connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <utility>

#include <netinet/tcp.h>

#include "libs/base/clock.h"

namespace pbfs {
namespace {

constexpr size_t kHeadRead = 4 * 1024;
constexpr size_t kGatherRead = 16 * 1024;
constexpr size_t kBodyRead = 64 * 1024;  // at first; as much as kLongBodyRead while all of it comes at once
constexpr size_t kLongBodyRead = 256 * 1024;
/// Bytes that the system takes beyond those on their way: so the handler learns how fast an answer is taken, not how much can be stored.
constexpr int kNotSent = 256 * 1024;
constexpr int64_t kGathered = 64 * 1024;         // bytes of a body that are worth a thread
constexpr size_t kLongestChunkLine = 16 * 1024;  // with its extensions; and trailers
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
constexpr int kRequestTimeout = 408;
constexpr int kBadRequest = 400;

bool IsEnd(const error_code& error) { return error == asio::error::eof || error == asio::ssl::error::stream_truncated; }

}  // namespace

asio::mutable_buffer InputBuffer::Prepare(size_t size) {
  if (begin_ > 0) {
    std::copy(bytes_.begin() + static_cast<ptrdiff_t>(begin_), bytes_.begin() + static_cast<ptrdiff_t>(end_),
              bytes_.begin());
    end_ -= std::exchange(begin_, 0);
  }
  if (bytes_.size() < end_ + size) bytes_.resize(end_ + size);
  return {bytes_.data() + end_, size};
}

void InputBuffer::Shrink() {
  if (bytes_.size() <= kHeadRead || end_ - begin_ > kHeadRead) return;
  bytes_ =
      std::vector<char>(bytes_.begin() + static_cast<ptrdiff_t>(begin_), bytes_.begin() + static_cast<ptrdiff_t>(end_));
  end_ -= std::exchange(begin_, 0);
}

Connection::Connection(IoThread& io, ServerShared& shared, std::unique_ptr<ByteStream> stream, bool secure,
                       std::function<void()> closed)
    : io_(io),
      shared_(shared),
      stream_(std::move(stream)),
      secure_(secure),
      closed_(std::move(closed)),
      read_timer_(io.context),
      write_timer_(io.context) {}

void Connection::Start() {
  read_timer_.OnExpiry(weak_from_this(), [this] { OnReadTimer(); });
  write_timer_.OnExpiry(weak_from_this(), [this] { OnWriteTimer(); });
  error_code error;
  const auto endpoint = stream_->socket().remote_endpoint(error);
  if (error || shared_.draining) return CloseNow();
  peer_ = endpoint.address().to_string(error);
  stream_->socket().set_option(asio::ip::tcp::no_delay(true), error);
  setsockopt(stream_->socket().native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kNotSent, sizeof kNotSent);
  if (!secure_) return AwaitRequest();
  read_timer_.Set(shared_.options.head_timeout);
  stream_->Handshake([self = shared_from_this()](const error_code& failed, size_t) {
    if (self->phase_ == Phase::kClosed) return;
    if (failed) return self->CloseNow();
    self->AwaitRequest();
  });
}

void Connection::Drain() {
  if (phase_ == Phase::kHandshake || (phase_ == Phase::kHead && idle_)) CloseNow();
}

// ---- Reading

void Connection::AwaitRequest() {
  if (shared_.draining && in_.empty()) return CloseNow();
  phase_ = Phase::kHead;
  RequestLimits limits;
  limits.head_bytes = static_cast<size_t>(shared_.options.max_head_bytes);
  limits.fields = static_cast<size_t>(shared_.options.max_fields);
  limits.target_bytes = static_cast<size_t>(shared_.options.max_target_bytes);
  parser_ = std::make_unique<RequestParser>(limits);
  exchange_ = nullptr;
  received_ = dropped_ = 0;
  body_read_ = kBodyRead;
  body_over_ = dropping_ = continue_due_ = may_continue_ = answer_over_ = close_ = false;
  in_.Shrink();
  SetIdle(in_.empty());
  read_timer_.Set(idle_ ? shared_.options.idle_timeout : shared_.options.head_timeout);
  if (idle_) return Read();
  ParseHead();
}

void Connection::Read() {
  if (std::exchange(reading_, true)) return;
  const size_t size = phase_ == Phase::kHead ? kHeadRead : phase_ == Phase::kGathering ? kGatherRead : body_read_;
  stream_->ReadSome(in_.Prepare(size),
                    [self = shared_from_this()](const error_code& error, size_t bytes) { self->OnRead(error, bytes); });
}

void Connection::OnRead(const error_code& error, size_t bytes) {
  reading_ = false;
  shared_.bytes_in_total += static_cast<int64_t>(bytes);
  if (phase_ == Phase::kClosing) return ShutDown();
  if (phase_ == Phase::kClosed || phase_ == Phase::kRefusing) return;
  if (error) return OnReadError(error);
  in_.Commit(bytes);
  rate_read_ += static_cast<int64_t>(bytes);
  if (bytes == body_read_) body_read_ = std::min(2 * body_read_, kLongBodyRead);
  if (InBody()) return PumpBody();
  if (idle_) {
    SetIdle(false);
    read_timer_.Set(shared_.options.head_timeout);
  }
  ParseHead();
}

void Connection::OnReadError(const error_code& error) {
  if (phase_ == Phase::kHead) return CloseNow();
  if (!IsEnd(error)) return Cut(UnavailableError("the connection is lost"));
  if (!body_over_) EndBody(UnavailableError("the request's body ended too early"));
  PumpBody();
}

void Connection::OnReadTimer() {
  switch (phase_) {
    case Phase::kHead:
      if (!idle_) return Refuse(kRequestTimeout);
      return CloseNow();
    case Phase::kGathering:
    case Phase::kServing:
      if (rate_read_ >= LeastInWindow()) return ReadBody();
      if (phase_ == Phase::kGathering) return Refuse(kRequestTimeout);
      EndBody(DeadlineExceededError("the request's body comes too slowly"));
      return PumpBody();
    default: return CloseNow();
  }
}

void Connection::ParseHead() {
  const RequestParser::Head head = parser_->ParseHead(in_.view());
  if (head.refused != 0) return Refuse(head.refused);
  if (!head.done) return Read();
  in_.Consume(head.consumed);
  BeginRequest();
}

void Connection::BeginRequest() {
  phase_ = Phase::kGathering;
  read_timer_.Clear();
  ServerExchange::Origin origin{parser_->request(), parser_->body_length(), parser_->http_1_0(), parser_->keep_alive(),
                                parser_->expects_continue()};
  origin.request.secure = secure_;
  origin.request.peer = peer_;
  may_continue_ = !origin.expects_continue;
  // The task that serves it keeps this connection.
  exchange_ = std::make_shared<ServerExchange>(
      std::move(origin), [this] { Kick(); }, shared_.draining);
  PumpBody();
}

/// Takes the body as far as it is there and wanted, hands the request over when enough of it has come, and goes on reading.
void Connection::PumpBody() {
  for (;;) {
    if (phase_ == Phase::kGathering && Gathered()) Dispatch();
    if (!InBody()) return;
    if (body_over_) break;
    if (!DecodeSome()) return;
  }
  read_timer_.Clear();
  if (EndsRequest()) EndRequest();
}

bool Connection::Gathered() const { return body_over_ || received_ >= kGathered || !may_continue_; }

/// False: no more for now; what it takes to go on was arranged for.
bool Connection::DecodeSome() {
  const size_t room = dropping_ ? in_.view().size() + 1 : exchange_->Room();
  if (room == 0) {  // the handler is slower than the other end
    read_timer_.Clear();
    return false;
  }
  const RequestParser::Decoded decoded = parser_->DecodeBody(in_.view(), room, io_.scratch);
  received_ += static_cast<int64_t>(decoded.body.size());
  if (dropping_) {
    dropped_ += static_cast<int64_t>(decoded.body.size());
    if (dropped_ > ServerExchange::kMostDropped) close_ = true;
  } else if (!decoded.body.empty()) {
    exchange_->Append(decoded.body);
  }
  in_.Consume(decoded.consumed);
  const bool progress = decoded.consumed + decoded.body.size() > 0;
  const bool endless = !progress && in_.view().size() > kLongestChunkLine;
  if (decoded.state == RequestParser::Body::kEnd) {
    EndBody(OkStatus());
  } else if (decoded.state == RequestParser::Body::kMalformed || endless) {
    if (phase_ == Phase::kGathering) return Refuse(kBadRequest), false;
    EndBody(InvalidArgumentError("malformed chunks in the request's body"));
  } else if (!progress) {
    if (EndsRequest()) {
      EndRequest();
    } else if (may_continue_) {
      ReadBody();
    }
    return false;
  }
  return true;
}

/// Reads on, and begins a window of time where none is running.
void Connection::ReadBody() {
  if (!read_timer_.set()) {
    rate_read_ = 0;
    read_timer_.Set(shared_.options.rate_window);
  }
  Read();
}

void Connection::EndBody(Status status) {
  body_over_ = true;
  if (!status.ok()) close_ = true;
  exchange_->EndBody(std::move(status));
}

// ---- Serving

void Connection::Dispatch() {
  phase_ = Phase::kServing;
  const Status status = shared_.workers.Submit(
      [self = shared_from_this(), exchange = exchange_] { exchange->Serve(self->shared_.handler); });
  if (status.ok()) return SetServing(true);
  ++shared_.overloaded_total;
  auto [response, body] = shared_.handler.Overloaded();
  response.length = static_cast<int64_t>(body.size());
  SendLast(response, exchange_->request().method == "HEAD" ? "" : body);
}

void Connection::Kick() {
  asio::post(io_.context, [self = shared_from_this()] { self->Step(); });
}

/// Does what the exchange has become ready for.
void Connection::Step() {
  if (phase_ != Phase::kServing) return;
  const auto exchange = exchange_;
  const ServerExchange::State state = exchange->Look();
  if (state.recalled) return Cut(UnavailableError("the answer was broken off"));
  if (state.read && !may_continue_) {
    may_continue_ = true;
    continue_due_ = received_ == 0;
  }
  if (state.begun && !dropping_) {
    dropping_ = true;
    close_ = close_ || state.close;
  }
  if (!body_over_ && !reading_) PumpBody();
  if (phase_ == Phase::kServing && exchange_ == exchange && !writing_) PumpAnswer(state);
}

/// The answer was sent, and nothing of the request is left that must not be taken for another.
bool Connection::EndsRequest() { return answer_over_ && (body_over_ || close_ || shared_.draining); }

void Connection::EndRequest() {
  SetServing(false);
  if (close_ || shared_.draining) return Close();
  AwaitRequest();
}

// ---- Writing

void Connection::PumpAnswer(const ServerExchange::State& state) {
  out_ours_ = std::exchange(continue_due_, false);
  if (out_ours_) {
    out_.assign(kContinue.begin(), kContinue.end());
    out_rest_ = out_;
    return WriteSome();
  }
  if (state.finished && state.broken) return Cut(UnavailableError("the answer was broken off"));
  out_rest_ = exchange_->Take(out_);
  if (!out_rest_.empty()) return WriteSome();
  answer_over_ = state.finished;
  if (EndsRequest()) EndRequest();
}

void Connection::WriteSome() {
  writing_ = true;
  if (!write_timer_.set()) {
    rate_written_ = 0;
    write_timer_.Set(shared_.options.rate_window);
  }
  stream_->WriteSome(
      asio::buffer(out_rest_.data(), out_rest_.size()),
      [self = shared_from_this()](const error_code& error, size_t bytes) { self->OnWrite(error, bytes); });
}

void Connection::OnWrite(const error_code& error, size_t bytes) {
  writing_ = false;
  shared_.bytes_out_total += static_cast<int64_t>(bytes);
  if (phase_ == Phase::kClosed) return;
  if (error) return Cut(UnavailableError("the connection is lost"));
  out_rest_ = out_rest_.subspan(bytes);
  rate_written_ += static_cast<int64_t>(bytes);
  if (!out_ours_) exchange_->Sent(bytes);
  if (!out_rest_.empty()) return WriteSome();
  write_timer_.Clear();
  if (phase_ == Phase::kRefusing) return Close();
  Step();
}

void Connection::OnWriteTimer() {
  if (rate_written_ < LeastInWindow()) return Cut(DeadlineExceededError("the answer is taken too slowly"));
  rate_written_ = 0;
  write_timer_.Set(shared_.options.rate_window);
}

void Connection::Refuse(int status) {
  ++shared_.refused_total;
  SendLast({status, {}, 0}, {});
}

/// An answer of our own, with which the connection ends; nothing was sent for this request before.
void Connection::SendLast(const HttpResponse& response, std::string_view body) {
  phase_ = Phase::kRefusing;
  SetIdle(false);
  read_timer_.Clear();
  ResponseFraming framing;
  framing.close = true;
  const std::string head = ResponseHead(response, framing, SystemClock().NowMicros() / 1'000'000);
  out_.assign(head.begin(), head.end());
  out_.insert(out_.end(), body.begin(), body.end());
  out_rest_ = out_;
  out_ours_ = true;
  WriteSome();
}

// ---- The end

void Connection::Close() {
  phase_ = Phase::kClosing;
  write_timer_.Clear();
  read_timer_.Set(shared_.options.linger_timeout);
  if (!reading_) return ShutDown();
  error_code ignored;
  stream_->socket().cancel(ignored);  // goes on in OnRead()
}

void Connection::ShutDown() {
  stream_->Shutdown([self = shared_from_this()](const error_code&, size_t) {
    if (self->phase_ == Phase::kClosed) return;
    error_code ignored;
    self->stream_->socket().shutdown(asio::socket_base::shutdown_send, ignored);
    self->DropRest();
  });
}

void Connection::DropRest() {
  stream_->socket().async_read_some(asio::buffer(io_.scratch),
                                    [self = shared_from_this()](const error_code& error, size_t) {
                                      if (self->phase_ == Phase::kClosed) return;
                                      if (error) return self->CloseNow();
                                      self->DropRest();
                                    });
}

void Connection::Cut(const Status& status) {
  error_code ignored;
  stream_->socket().set_option(asio::socket_base::linger(true, 0), ignored);  // RST: never taken for a clean end
  CloseNow(status);
}

void Connection::CloseNow() { CloseNow(UnavailableError("the connection is lost")); }

void Connection::CloseNow(const Status& status) {
  if (std::exchange(phase_, Phase::kClosed) == Phase::kClosed) return;
  SetIdle(false);
  SetServing(false);
  read_timer_.Stop();
  write_timer_.Stop();
  error_code ignored;
  stream_->socket().close(ignored);
  if (exchange_ != nullptr) exchange_->Fail(status);  // from here on nobody reads what the handler has lent
  io_.connections.erase(shared_from_this());
  closed_();
}

void Connection::SetIdle(bool idle) {
  if (idle_ == idle) return;
  idle_ = idle;
  shared_.idle += idle ? 1 : -1;
}

void Connection::SetServing(bool serving) {
  if (serving_ == serving) return;
  serving_ = serving;
  shared_.requests += serving ? 1 : -1;
  if (serving) ++shared_.requests_total;
}

int64_t Connection::LeastInWindow() const {
  const auto window = std::chrono::duration_cast<std::chrono::milliseconds>(shared_.options.rate_window);
  return shared_.options.min_bytes_per_second * window.count() / 1000;
}

}  // namespace pbfs
