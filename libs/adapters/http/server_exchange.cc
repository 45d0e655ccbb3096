#include "libs/adapters/http/server_exchange.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "libs/base/clock.h"

namespace pbfs {
namespace {

/// How soon a context that has ended is noticed: cancelling one wakes nobody.
constexpr Duration kContextCheck = std::chrono::milliseconds(50);
constexpr Duration kContextCheckOfSlow = std::chrono::milliseconds(250);  // where many wait long

/// Copied under the lock at once.
constexpr size_t kPiece = 64 * 1024;

/// What of an answer is worth waiting for, for want of a copy.
constexpr size_t kLent = 256 * 1024;

MonotonicTime NextCheck(const Context& context) { return std::min(context.deadline(), MonotonicNow() + kContextCheck); }

int64_t NowSeconds() { return SystemClock().NowMicros() / 1'000'000; }

}  // namespace

ServerExchange::ServerExchange(Origin origin, std::function<void()> kick, const std::atomic<bool>& draining)
    : origin_(std::move(origin)), kick_(std::move(kick)), draining_(draining) {}

Result<size_t> ServerExchange::Read(const Context& context, MutableByteSpan out) {
  PBFS_CHECK(!out.empty());
  if (Status ended = context.Check(); !ended.ok()) return Why(std::move(ended));
  if (read_ == reading_.size()) {
    MutexLock lock(mutex_);
    PBFS_CHECK(!begun_, "the request is not read after the answer was begun");
    if (arrived_.empty()) return TakeArriving(context, out);
    reading_.clear();
    read_ = 0;
    reading_.swap(arrived_);
    if (full_) Kick();
    full_ = false;
  }
  const size_t count = std::min(out.size(), reading_.size() - read_);
  std::copy_n(reading_.begin() + static_cast<ptrdiff_t>(read_), count, out.begin());
  read_ += count;
  return count;
}

/// What ended a call: the loss of the connection ends the context too, and says more.
Status ServerExchange::Why(Status ended) {
  MutexLock lock(mutex_);
  return lost_.ok() ? ended : lost_;
}

/// Waits until bytes have come, or none will.
Result<size_t> ServerExchange::TakeArriving(const Context& context, MutableByteSpan out) {
  wanted_ = out;
  if (!std::exchange(read_asked_, true) && !body_ended_) Kick();
  Status status;
  while (status.ok() && wanted_.size() == out.size() && !body_ended_) {
    changed_.WaitUntil(mutex_, NextCheck(context));
    status = context.Check();
  }
  const size_t taken = out.size() - std::exchange(wanted_, {}).size();
  if (taken > 0) return taken;
  if (body_ended_) status = read_status_;  // a lost connection ends the context too, and says more
  PBFS_RETURN_IF_ERROR(status);
  return size_t{0};
}

Status ServerExchange::Begin(const Context& context, const HttpResponse& response) {
  MutexLock lock(mutex_);
  PBFS_CHECK(!begun_);
  PBFS_RETURN_IF_ERROR(CheckWritable(context));
  BeginLocked(response);
  if (!body_ended_) Kick();  // nobody reads it now
  return OkStatus();
}

void ServerExchange::BeginLocked(const HttpResponse& response) {
  begun_ = true;
  length_ = response.length;
  framing_.body = ChooseFraming(response, origin_.request.method, origin_.http_1_0);
  framing_.http_1_0 = origin_.http_1_0;
  close_ = framing_.close = MustClose() || framing_.body == ResponseFraming::Body::kUntilClose;
  const std::string head = ResponseHead(response, framing_, NowSeconds());
  const size_t body = HasBody(origin_.request.method, response.status) ? static_cast<size_t>(length_.value_or(0)) : 0;
  waiting_.reserve(head.size() + std::min(body, kBuffer));
  waiting_.insert(waiting_.end(), head.begin(), head.end());
}

/// Whether what is left of the request's body is too much to be dropped, or never comes.
bool ServerExchange::MustClose() const {
  if (!origin_.keep_alive || draining_.load() || !read_status_.ok()) return true;
  if (body_ended_) return false;
  if (origin_.expects_continue && !read_asked_) return true;
  return origin_.body_length && *origin_.body_length - arrived_total_ > kMostDropped;
}

Status ServerExchange::Write(const Context& context, ByteSpan bytes) {
  MutexLock lock(mutex_);
  if (!begun_) PBFS_RETURN_IF_ERROR(CheckWritable(context));  // what Begin() failed with
  PBFS_CHECK(begun_);
  PBFS_CHECK(bytes.empty() || (framing_.body != ResponseFraming::Body::kNone && origin_.request.method != "HEAD"));
  PBFS_CHECK(bytes.empty() || !length_ || static_cast<int64_t>(bytes.size()) <= *length_ - written_);
  if (bytes.size() >= kLent && framing_.body == ResponseFraming::Body::kLength) return Lend(context, bytes);
  while (!bytes.empty()) {
    if (Status status = WaitWritable(context); !status.ok()) {
      broken_ = true;
      return status;
    }
    const ByteSpan piece = bytes.first(std::min(bytes.size(), kPiece));
    AppendPiece(piece);
    beyond_head_ = true;
    written_ += static_cast<int64_t>(piece.size());
    bytes = bytes.subspan(piece.size());
    Kick();
  }
  return OkStatus();
}

Status ServerExchange::CheckWritable(const Context& context) {
  PBFS_RETURN_IF_ERROR(lost_);
  if (broken_) return UnavailableError("the connection is broken");
  return context.Check();
}

/// OK: there is room for a piece in waiting_.
Status ServerExchange::WaitWritable(const Context& context) {
  for (;;) {
    PBFS_RETURN_IF_ERROR(CheckWritable(context));
    if (waiting_.size() + kPiece <= kBuffer) return OkStatus();
    changed_.WaitUntil(mutex_, NextCheck(context));
  }
}

/// Copies payload, so that the handler goes on while it is sent.
void ServerExchange::AppendPiece(ByteSpan piece) {
  const bool chunked = framing_.body == ResponseFraming::Body::kChunked;
  const std::string size = chunked ? fmt::format("{:x}\r\n", piece.size()) : "";
  waiting_.insert(waiting_.end(), size.begin(), size.end());
  waiting_.insert(waiting_.end(), piece.begin(), piece.end());
  if (chunked) waiting_.insert(waiting_.end(), {'\r', '\n'});
}

Status ServerExchange::Lend(const Context& context, ByteSpan bytes) {
  PBFS_RETURN_IF_ERROR(CheckWritable(context));
  lent_ = bytes;
  beyond_head_ = true;
  written_ += static_cast<int64_t>(bytes.size());
  Kick();
  Status ended;
  while (!lent_.empty() && lost_.ok()) {
    if (!ended.ok()) {
      changed_.Wait(mutex_);
    } else if (ended = context.Check(); ended.ok()) {
      changed_.WaitUntil(mutex_, std::min(context.deadline(), MonotonicNow() + kContextCheckOfSlow));
    } else {
      broken_ = true;  // the connection is cut, and then they are ours again
      Kick();
    }
  }
  if (std::exchange(lent_, {}).empty()) return OkStatus();
  return ended.ok() ? lost_ : ended;
}

void ServerExchange::Abort() {
  MutexLock lock(mutex_);
  broken_ = true;
}

void ServerExchange::Serve(HttpHandler& handler) {
  handler.Handle(context_, *this);
  EndAnswer();
  WaitSent();
}

void ServerExchange::EndAnswer() {
  MutexLock lock(mutex_);
  if (!begun_ && !broken_) BeginLocked({500, {}, 0});
  const bool has_body = framing_.body == ResponseFraming::Body::kLength && origin_.request.method != "HEAD";
  if (has_body && written_ < length_.value_or(0)) broken_ = true;
  if (!broken_ && framing_.body == ResponseFraming::Body::kChunked) {
    constexpr std::string_view kLastChunk = "0\r\n\r\n";
    waiting_.insert(waiting_.end(), kLastChunk.begin(), kLastChunk.end());
  }
  finished_ = beyond_head_ = true;
  Kick();
}

void ServerExchange::WaitSent() {
  MutexLock lock(mutex_);
  if (written_ <= static_cast<int64_t>(kSmallAnswer)) return;
  while (lost_.ok() && !broken_ && waiting_.size() + sending_ > 0) changed_.Wait(mutex_);
}

void ServerExchange::Kick() {
  if (!std::exchange(kicked_, true)) kick_();
}

size_t ServerExchange::Room() {
  MutexLock lock(mutex_);
  full_ = arrived_.size() >= kBuffer;
  return kBuffer - std::min(arrived_.size(), kBuffer) + wanted_.size();
}

void ServerExchange::Append(ByteSpan bytes) {
  MutexLock lock(mutex_);
  arrived_total_ += static_cast<int64_t>(bytes.size());
  const ByteSpan wanted = bytes.first(std::min(bytes.size(), wanted_.size()));
  if (!wanted.empty()) {
    std::copy(wanted.begin(), wanted.end(), wanted_.begin());
    wanted_ = wanted_.subspan(wanted.size());
    if (wanted_.empty()) changed_.NotifyAll();
  }
  arrived_.insert(arrived_.end(), bytes.begin() + static_cast<ptrdiff_t>(wanted.size()), bytes.end());
}

void ServerExchange::EndBody(Status status) {
  MutexLock lock(mutex_);
  if (body_ended_) return;
  body_ended_ = true;
  read_status_ = std::move(status);
  changed_.NotifyAll();
}

ServerExchange::State ServerExchange::Look() {
  MutexLock lock(mutex_);
  kicked_ = false;
  return {read_asked_, begun_, finished_, broken_, close_, broken_ && !lent_.empty()};
}

ByteSpan ServerExchange::Take(Bytes& sent) {
  sent.clear();
  MutexLock lock(mutex_);
  if (!beyond_head_) return {};
  sent.swap(waiting_);
  sends_lent_ = sent.empty();
  const ByteSpan taken = sends_lent_ ? lent_ : ByteSpan(sent);
  sending_ = taken.size();
  changed_.NotifyAll();
  return taken;
}

void ServerExchange::Sent(size_t bytes) {
  MutexLock lock(mutex_);
  sending_ -= bytes;
  if (sending_ > 0) return;
  if (sends_lent_) lent_ = {};
  changed_.NotifyAll();
}

void ServerExchange::Fail(const Status& status) {
  MutexLock lock(mutex_);
  if (!lost_.ok()) return;
  lost_ = status;
  if (!body_ended_) read_status_ = status;
  body_ended_ = true;
  context_.Cancel();
  changed_.NotifyAll();
}

}  // namespace pbfs
