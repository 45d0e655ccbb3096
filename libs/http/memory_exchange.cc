#include "libs/http/memory_exchange.h"

#include <algorithm>
#include <utility>

namespace pbfs {
namespace {

Status Broken() { return UnavailableError("the connection is broken"); }

}  // namespace

MemoryExchange::MemoryExchange(HttpRequest request, Bytes body)
    : request_(std::move(request)), body_(std::move(body)), length_(static_cast<int64_t>(body_.size())) {}

void MemoryExchange::FailReadsAfter(size_t bytes, Status status) { read_failure_ = {bytes, std::move(status)}; }

void MemoryExchange::FailWritesAfter(size_t bytes, Status status) { write_failure_ = {bytes, std::move(status)}; }

const HttpAnswer& MemoryExchange::Serve(const Context& context, HttpHandler& handler) {
  handler.Handle(context, *this);
  if (!answer_.begun && !broken_) {
    answer_.begun = true;
    answer_.head = {500, {}, 0};
  }
  answer_.complete = Complete();
  return answer_;
}

Result<size_t> MemoryExchange::Read(const Context& context, MutableByteSpan out) {
  PBFS_CHECK(!out.empty());
  PBFS_CHECK(!answer_.begun);
  PBFS_RETURN_IF_ERROR(context.Check());
  size_t left = body_.size() - read_;
  if (read_failure_) {
    if (read_ >= read_failure_->after) return read_failure_->status;
    left = std::min(left, read_failure_->after - read_);
  }
  const size_t count = std::min({left, out.size(), read_limit_});
  std::copy_n(body_.begin() + static_cast<ptrdiff_t>(read_), count, out.begin());
  read_ += count;
  return count;
}

Status MemoryExchange::Begin(const Context& context, const HttpResponse& response) {
  PBFS_CHECK(!answer_.begun);
  if (broken_) return Broken();
  PBFS_RETURN_IF_ERROR(context.Check());
  if (write_failure_ && write_failure_->after == 0) {
    broken_ = true;
    return write_failure_->status;
  }
  answer_.begun = true;
  answer_.head = response;
  return OkStatus();
}

Status MemoryExchange::Write(const Context& context, ByteSpan bytes) {
  if (broken_) return Broken();
  if (!answer_.begun) PBFS_RETURN_IF_ERROR(context.Check());  // what Begin() failed with
  PBFS_CHECK(answer_.begun);
  PBFS_CHECK(bytes.empty() || HasBody(request_.method, answer_.head.status));
  const auto sent = static_cast<int64_t>(answer_.body.size() + bytes.size());
  PBFS_CHECK(bytes.empty() || !answer_.head.length || sent <= *answer_.head.length);
  if (Status status = context.Check(); !status.ok()) {
    broken_ = true;
    return status;
  }
  size_t count = bytes.size();
  const bool fails = write_failure_ && answer_.body.size() + count > write_failure_->after;
  if (fails) count = write_failure_->after - std::min(write_failure_->after, answer_.body.size());
  answer_.body.insert(answer_.body.end(), bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(count));
  if (!fails) return OkStatus();
  broken_ = true;
  return write_failure_->status;
}

bool MemoryExchange::Complete() const {
  if (!answer_.begun || broken_) return false;
  if (!HasBody(request_.method, answer_.head.status) || !answer_.head.length) return true;
  return static_cast<int64_t>(answer_.body.size()) == *answer_.head.length;
}

}  // namespace pbfs
