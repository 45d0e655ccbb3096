#include "libs/client/stream_upload.h"

#include <algorithm>

namespace pbfs {

Result<Chunk> SpanChunks::Next(const Context&, int64_t size) {
  const ByteSpan bytes = rest_.first(std::min(rest_.size(), static_cast<size_t>(size)));
  rest_ = rest_.subspan(bytes.size());
  return Chunk{bytes, nullptr, rest_.empty()};
}

Result<Chunk> SourceChunks::Next(const Context& context, int64_t size) {
  const size_t wanted = static_cast<size_t>(size) + 1;
  auto bytes = std::make_shared<Bytes>(std::move(ahead_));
  ahead_.clear();
  while (bytes->size() < wanted) {
    const size_t have = bytes->size();
    bytes->resize(std::min(wanted, std::max(first_read_, have * 2)));
    size_t filled = have;
    while (filled < bytes->size()) {
      PBFS_ASSIGN_OR_RETURN(const size_t got, source_.Read(context, MutableByteSpan(*bytes).subspan(filled)));
      if (got == 0) break;
      filled += got;
    }
    const bool end = filled < bytes->size();
    bytes->resize(filled);
    if (end) return Chunk{*bytes, bytes, true};
  }
  ahead_.assign(1, bytes->back());
  first_read_ = wanted;  // a long stream: no growing again
  return Chunk{ByteSpan(*bytes).first(wanted - 1), bytes, false};
}

Status BoundedTasks::Start(std::function<Status()> task) {
  {
    MutexLock lock(mutex_);
    while (running_ >= limit_) changed_.Wait(mutex_);
    if (!error_.ok()) return error_;
    ++running_;
  }
  const Status queued = executor_.Submit([this, task] { Done(task()); });
  if (!queued.ok()) Done(task());  // a full pool: the caller does it
  return OkStatus();
}

Status BoundedTasks::Finish() {
  MutexLock lock(mutex_);
  while (running_ > 0) changed_.Wait(mutex_);
  return error_;
}

void BoundedTasks::Done(Status status) {
  MutexLock lock(mutex_);
  if (error_.ok()) error_ = std::move(status);
  --running_;
  changed_.NotifyAll();
}

}  // namespace pbfs
